// SPDX-License-Identifier: Apache-2.0
// whoAsr's interfaces as its page uses them: live at /ws/{client_id}, files at /offline/recognize.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { convert, dtmf, float32Of, join16, silence, spelt, wav } from "../harness/audio.ts";
import { form } from "../harness/http.ts";
import { WhoasrClient } from "../harness/live.ts";
import { useServer } from "../harness/server.ts";

const server = useServer({ models: ["tone"] });

const kStarted = { type: "status", message: "Recording started" };
const kStopped = { type: "status", message: "Recording stopped" };

describe("live", () => {
  test("start, audio, stop: statuses around the text, the final one last", async () => {
    const client = await WhoasrClient.open(server(), "client_1700000000000_ab12cd34e");
    client.start();
    await client.status("Recording started");
    assert.deepEqual(client.messages.all, [kStarted]);
    client.sendAudio(join16(dtmf("123"), silence(1500), dtmf("456")));
    client.stop();
    await client.status("Recording stopped");
    assert.equal(client.text(), spelt("123456"));
    assert.deepEqual(client.messages.all.at(-1), kStopped);
    const results = client.messages.all.filter((m) => m.type === "recognition_result");
    for (const result of results)
      assert.deepEqual(Object.keys(result).sort(), ["is_final", "text", "type"]);
    assert.deepEqual(
      results.map((result) => result.is_final),
      results.map((_, index) => index === results.length - 1),
    );
    await client.close();
  });

  test("audio before the start is ignored without a word", async () => {
    const client = await WhoasrClient.open(server());
    client.sendAudio(dtmf("999"));
    client.start();
    client.sendAudio(dtmf("1"));
    client.stop();
    await client.status("Recording stopped");
    assert.deepEqual(client.messages.all[0], kStarted);
    assert.equal(client.text(), "1");
    await client.close();
  });

  test("the socket stays open for a second recording", async () => {
    const client = await WhoasrClient.open(server());
    for (const [index, digits] of ["12", "34"].entries()) {
      const before = client.text().length;
      client.start();
      client.sendAudio(dtmf(digits));
      client.stop();
      await client.status("Recording stopped", index + 1);
      assert.equal(client.text().slice(before), spelt(digits));
    }
    await client.close();
  });

  test("a stop with nothing said gives only the status; blank text is never sent", async () => {
    const client = await WhoasrClient.open(server());
    client.start();
    client.sendAudio(silence(1000));
    client.stop();
    await client.status("Recording stopped");
    assert.deepEqual(client.messages.all, [kStarted, kStopped]);
    client.stop();
    await client.status("Recording stopped", 2);
    await client.close();
  });

  test("an unknown type is named in an error and the session goes on", async () => {
    const client = await WhoasrClient.open(server());
    client.sendJson({ type: "no_such_type" });
    const error = await client.messages.first("an error", (m) => m.type === "error");
    assert.deepEqual(error, { type: "error", message: "Unknown message type: no_such_type" });
    client.start();
    client.sendAudio(dtmf("8"));
    client.stop();
    await client.status("Recording stopped");
    assert.equal(client.text(), "8");
    await client.close();
  });

  test("bytes that make no whole sample are filled up with zeros", async () => {
    const client = await WhoasrClient.open(server());
    client.start();
    const audio = Buffer.concat([float32Of(dtmf("6")), Buffer.from([1, 2])]);
    client.sendJson({ type: "audio_chunk", data: audio.toString("base64") });
    client.stop();
    await client.status("Recording stopped");
    assert.equal(client.text(), "6");
    await client.close();
  });

  test("two clients of the same id keep their own texts", async () => {
    const clients = await Promise.all(["12", "34"].map(() => WhoasrClient.open(server(), "same")));
    for (const [index, client] of clients.entries()) {
      client.start();
      client.sendAudio(dtmf(["12", "34"][index]!));
      client.stop();
    }
    for (const client of clients) await client.status("Recording stopped");
    assert.deepEqual(
      clients.map((client) => client.text()),
      [spelt("12"), spelt("34")],
    );
    for (const client of clients) await client.close();
  });
});

describe("files", () => {
  const kDigits = "2468";
  const kAudio = wav(join16(dtmf(kDigits), silence(300)));

  function recognize(fields: Record<string, string>, filename: string, bytes = kAudio) {
    return server().post("/offline/recognize", form(fields, { filename, bytes }));
  }

  test("the answer has whoAsr's keys, times in milliseconds and a speaker number", async () => {
    const answer = await recognize({ hotword: "", batch_size_s: "300" }, "a.wav");
    assert.equal(answer.status, 200);
    const { success, results, message, file_name, file_size, ...rest } = answer.json;
    assert.deepEqual(rest, {});
    assert.equal(success, true);
    assert.equal(message, "Recognition completed successfully");
    assert.equal(file_name, "a.wav");
    assert.equal(file_size, kAudio.length);
    assert.equal(results.length, 1);
    const [{ key, text, timestamp, sentence_info }] = results;
    assert.equal(typeof key, "string");
    assert.equal(text, spelt(kDigits));
    assert.equal(timestamp.length, kDigits.length);
    for (const [index, [from, to]] of timestamp.entries()) {
      assert.ok(Number.isInteger(from) && Number.isInteger(to));
      assert.ok(Math.abs(from - 100 * index) < 30 && Math.abs(to - 100 * index - 50) < 30);
    }
    assert.ok(!("spk" in sentence_info[0]), "no model tells speakers");
    assert.equal(sentence_info[0].text, text);
    assert.deepEqual(sentence_info[0].timestamp, timestamp);
  });

  test("silence has an empty text, no times and no sentences", async () => {
    const answer = await recognize({}, "quiet.wav", wav(silence(800)));
    const [{ key, ...result }] = answer.json.results;
    assert.equal(typeof key, "string");
    assert.deepEqual(result, { text: "", timestamp: [] });
  });

  for (const [suffix, args] of [
    ["mp3", ["-b:a", "128k"]],
    ["m4a", ["-b:a", "128k"]],
    ["flac", []],
    ["ogg", ["-c:a", "libopus"]],
  ] as [string, string[]][])
    test(`a ${suffix} file, its suffix in capitals`, async () => {
      const bytes = await convert(kAudio, suffix, args);
      const answer = await recognize({}, `A.${suffix.toUpperCase()}`, bytes);
      assert.equal(answer.json.results[0].text, spelt(kDigits));
    });

  test("without a model that punctuates a text comes back as it was", async () => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ text: "今天 good day" });
    const answer = await server().post("/punctuation/add", { headers, body });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json, {
      original_text: "今天 good day",
      punctuated_text: "今天 good day",
      success: true,
      message: "Punctuation added successfully",
    });
    const refused = await server().post("/punctuation/add", { headers, body: "{}" });
    assert.equal(refused.status, 422);
    assert.deepEqual(refused.json.detail[0].loc, ["body", "text"]);
  });

  test("a .txt file is refused with a sentence", async () => {
    const answer = await recognize({}, "a.txt");
    assert.equal(answer.status, 400);
    assert.equal(typeof answer.json.detail, "string");
  });

  test("batch_size_s=abc is refused with a list", async () => {
    const answer = await recognize({ batch_size_s: "abc" }, "a.wav");
    assert.equal(answer.status, 422);
    assert.deepEqual(answer.json.detail[0].loc, ["body", "batch_size_s"]);
  });

  test("no file at all is refused with a list", async () => {
    const answer = await server().post("/offline/recognize", form({ hotword: "a" }));
    assert.equal(answer.status, 422);
    assert.equal(answer.json.detail[0].type, "missing");
    assert.deepEqual(answer.json.detail[0].loc, ["body", "file"]);
    assert.equal(answer.json.detail[0].input, null);
  });
});
