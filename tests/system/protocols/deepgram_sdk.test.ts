// SPDX-License-Identifier: Apache-2.0
// The unmodified `@deepgram/sdk` against /v1/listen: live streams, and files by REST.
import assert from "node:assert/strict";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Deepgram, DeepgramClient as Sdk } from "@deepgram/sdk";
import { bytesOf, dtmf, join16, mulawOf, silence, slices, spelt, wav } from "../harness/audio.ts";
import { useServer } from "../harness/server.ts";
import { Inbox, within } from "../harness/wait.ts";

const server = useServer({ models: ["tone"] });

type Message = { type: string } & Record<string, any>;

// One live session of the SDK. It would reconnect on any close code but 1000; `opens` counts that.
async function connect(parameters: Record<string, string | number>) {
  const client = new Sdk({
    apiKey: "key",
    environment: { base: server().url, production: server().wsUrl, agent: "", agentRest: "" },
  });
  const connection = await client.listen.v1.connect({ model: "nova-3", ...parameters } as never);
  const messages = new Inbox<Message>();
  const closes = new Inbox<{ code: number }>();
  let opens = 0;
  connection.on("open", () => ++opens);
  connection.on("message", (message) => messages.push(message as unknown as Message));
  connection.on("close", (event) => closes.push({ code: event.code }));
  connection.connect();
  await within(10_000, "open", connection.waitForOpen());
  return { connection, messages, closes, opens: () => opens };
}

function transcript(messages: Inbox<Message>): string {
  return messages.all
    .filter((message) => message.type === "Results" && message["is_final"])
    .map((message) => String(message["channel"].alternatives[0].transcript))
    .filter(Boolean)
    .join(" ");
}

describe("live", () => {
  for (const { name, parameters, rate, encode, bytesPerSample } of [
    { name: "linear16 at 16 kHz", rate: 16_000, encode: bytesOf, bytesPerSample: 2 },
    { name: "linear16 at 48 kHz", rate: 48_000, encode: bytesOf, bytesPerSample: 2 },
    { name: "mulaw at 8 kHz", rate: 8_000, encode: mulawOf, bytesPerSample: 1 },
  ].map((one) => ({
    ...one,
    parameters: {
      encoding: one.bytesPerSample === 1 ? "mulaw" : "linear16",
      sample_rate: one.rate,
    },
  })))
    test(`${name}: the words, Metadata, close 1000 and no reconnection`, async () => {
      const live = await connect(parameters);
      const audio = encode(join16(dtmf("13579", { rate }), silence(200, rate)));
      for (const piece of slices(audio, { ms: 50, rate, bytesPerSample }))
        live.connection.sendMedia(piece);
      live.connection.sendCloseStream({ type: "CloseStream" });
      const { code } = await live.closes.first("the close", () => true);
      assert.equal(code, 1000);
      assert.equal(transcript(live.messages), spelt("13579"));
      const metadata = live.messages.all.at(-1)!;
      assert.equal(metadata.type, "Metadata");
      assert.equal(metadata["duration"], 0.7);
      assert.equal(metadata["channels"], 1);
      assert.equal(live.opens(), 1);
    });

  test("interim results, finalize and keep-alive on one stream", async () => {
    const live = await connect({
      encoding: "linear16",
      sample_rate: 16_000,
      interim_results: "true",
      smart_format: "true",
      keyterm: "digit",
    });
    const { connection, messages } = live;
    connection.sendKeepAlive({ type: "KeepAlive" });
    for (const piece of slices(bytesOf(dtmf("123456789")), { ms: 100 }))
      connection.sendMedia(piece);
    await messages.first("an interim result", (m) => m.type === "Results" && !m["is_final"]);
    connection.sendFinalize({ type: "Finalize" });
    await messages.first("the answer to Finalize", (m) => m["from_finalize"] === true);
    assert.equal(transcript(messages), spelt("123456789"));
    connection.sendKeepAlive({ type: "KeepAlive" });
    connection.sendMedia(bytesOf(dtmf("0")));
    connection.sendCloseStream({ type: "CloseStream" });
    await live.closes.first("the close", (event) => event.code === 1000);
    assert.equal(transcript(messages), spelt("1234567890"));
  });

  test("what is told of resuming, even to who asks for it, disturbs nothing", async () => {
    const live = await connect({ encoding: "linear16", sample_rate: 16_000, resume: "true" });
    live.connection.sendMedia(bytesOf(join16(dtmf("42"), silence(1000))));
    await live.messages.first("a final", (message) => message["is_final"] === true);
    live.connection.sendCloseStream({ type: "CloseStream" });
    await live.closes.first("the close", (event) => event.code === 1000);
    assert.equal(transcript(live.messages), spelt("42"));
    assert.equal(live.messages.all[0]!.type, "ResumePoint");
    assert.equal(live.messages.all.at(-1)!.type, "Metadata");
    assert.equal(live.opens(), 1);
  });

  test("messages can be iterated until the stream ends", async () => {
    const { connection } = await connect({ encoding: "linear16", sample_rate: 16_000 });
    connection.sendMedia(bytesOf(dtmf("42")));
    connection.sendCloseStream({ type: "CloseStream" });
    const types: string[] = [];
    for await (const message of connection) types.push(message.type);
    assert.deepEqual(types, ["Results", "Metadata"]);
  });
});

describe("file", () => {
  function files() {
    return new Sdk({ apiKey: "key", baseUrl: server().url, maxRetries: 0 }).listen.v1.media;
  }
  const kDigits = "2580";
  const kAudio = wav(join16(dtmf(kDigits), silence(300)));

  test("a stream of a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tutti-upload-"));
    try {
      writeFileSync(join(folder, "digits.wav"), kAudio);
      const answer = await files().transcribeFile(createReadStream(join(folder, "digits.wav")), {
        model: "nova-3",
        smart_format: true,
        utterances: true,
      });
      assert.ok("results" in answer);
      const alternative = answer.results.channels[0]!.alternatives![0]!;
      assert.equal(alternative.transcript, spelt(kDigits));
      assert.equal(alternative.words!.length, kDigits.length);
      assert.equal(answer.results.utterances!.length, 1);
      assert.equal(answer.metadata.duration, 0.7);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("an unknown model is the SDK's BadRequestError", async () => {
    await assert.rejects(files().transcribeFile(kAudio, { model: "no-such" }), (error: unknown) => {
      assert.ok(error instanceof Deepgram.BadRequestError);
      const body = error.body as { err_code: string; err_msg: string; request_id: string };
      assert.match(body.err_msg, /no-such/);
      assert.match(body.request_id, /^[0-9a-f-]{36}$/);
      return true;
    });
  });

  test("a url is refused: this server fetches nothing", async () => {
    await assert.rejects(
      files().transcribeUrl({ url: "http://127.0.0.1:9/a.wav" }),
      Deepgram.BadRequestError,
    );
  });
});
