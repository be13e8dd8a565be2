// SPDX-License-Identifier: Apache-2.0
// The unmodified `openai` client against POST /v1/audio/transcriptions and GET /v1/models.
import assert from "node:assert/strict";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import OpenAI, { toFile } from "openai";
import { convert, dtmf, join16, silence, spelt, wav } from "../harness/audio.ts";
import { form } from "../harness/http.ts";
import { useServer } from "../harness/server.ts";

// Two utterances: the pause between them ends the first.
const kFirst = "15937";
const kSecond = "*80#";
const kText = `${spelt(kFirst)} ${spelt(kSecond)}`;
const kPauseMs = 1500;
const kAudio = wav(join16(dtmf(kFirst), silence(kPauseMs), dtmf(kSecond), silence(500)));
const kSeconds = 0.5 + kPauseMs / 1000 + 0.4 + 0.5;

const server = useServer({ models: ["tone"] });

function client(): OpenAI {
  return new OpenAI({ baseURL: `${server().url}/v1`, apiKey: "any", maxRetries: 0 });
}

function upload(bytes = kAudio, name = "digits.wav") {
  return toFile(bytes, name);
}

describe("transcription", () => {
  test("json", async () => {
    const answer = await client().audio.transcriptions.create({
      file: await upload(),
      model: "tone",
    });
    assert.equal(answer.text, kText);
    assert.deepEqual(answer.usage, { type: "duration", seconds: kSeconds });
  });

  test("text is a string, not JSON", async () => {
    const answer = await client().audio.transcriptions.create({
      file: await upload(),
      model: "tone",
      response_format: "text",
    });
    assert.equal(typeof answer, "string");
    assert.equal(String(answer).trim(), kText);
  });

  test("srt numbers its cues and orders their times", async () => {
    const answer: string = await client().audio.transcriptions.create({
      file: await upload(),
      model: "tone",
      response_format: "srt",
    });
    const cues = answer.trim().split("\n\n");
    assert.equal(cues.length, 2);
    const kTimes = /^00:00:0(\d),(\d{3}) --> 00:00:0(\d),(\d{3})$/;
    let last = 0;
    cues.forEach((cue, index) => {
      const [number, times, text] = cue.split("\n");
      assert.equal(number, String(index + 1));
      assert.equal(text, index === 0 ? spelt(kFirst) : spelt(kSecond));
      const [, s1, ms1, s2, ms2] = kTimes.exec(times!)!;
      const [from, to] = [Number(`${s1}.${ms1}`), Number(`${s2}.${ms2}`)];
      assert.ok(last <= from && from < to && to <= kSeconds, cue);
      last = to;
    });
  });

  test("vtt has its header line", async () => {
    const answer: string = await client().audio.transcriptions.create({
      file: await upload(),
      model: "tone",
      response_format: "vtt",
    });
    assert.match(answer, /^WEBVTT\n\n/);
    assert.equal(answer.match(/00:00:0\d\.\d{3} --> 00:00:0\d\.\d{3}\n/g)?.length, 2);
    assert.ok(answer.includes(spelt(kFirst)) && answer.includes(spelt(kSecond)));
  });

  test("verbose_json has segments with every key, and no words", async () => {
    const answer = await client().audio.transcriptions.create({
      file: await upload(),
      model: "tone",
      response_format: "verbose_json",
    });
    assert.equal(answer.text, kText);
    assert.equal(answer.language, "english");
    assert.equal(Number(answer.duration), kSeconds);
    assert.equal(answer.words, undefined);
    assert.deepEqual(
      answer.segments!.map((segment) => segment.text),
      [spelt(kFirst), spelt(kSecond)],
    );
    const kKeys = ["id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob"];
    for (const segment of answer.segments!)
      for (const key of [...kKeys, "compression_ratio", "no_speech_prob"])
        assert.ok(key in segment, key);
  });

  test("verbose_json by words has them where they were spoken, and no segments", async () => {
    const answer = await client().audio.transcriptions.create({
      file: await upload(),
      model: "tone",
      response_format: "verbose_json",
      timestamp_granularities: ["word"],
    });
    assert.equal(answer.segments, undefined);
    assert.deepEqual(
      answer.words!.map((word) => word.word),
      [...kFirst, ...kSecond],
    );
    answer.words!.forEach((word, index) => {
      const isFirst = index < kFirst.length;
      const spoken = 0.1 * index + (isFirst ? 0 : kPauseMs / 1000);
      assert.ok(Math.abs(word.start - spoken) < 0.03, `${word.word} starts at ${word.start}`);
      assert.ok(Math.abs(word.end - spoken - 0.05) < 0.03, `${word.word} ends at ${word.end}`);
    });
  });

  test("verbose_json with both granularities has both", async () => {
    const answer = await client().audio.transcriptions.create({
      file: await upload(),
      model: "tone",
      response_format: "verbose_json",
      timestamp_granularities: ["word", "segment"],
    });
    assert.equal(answer.segments!.length, 2);
    assert.equal(answer.words!.length, kFirst.length + kSecond.length);
  });

  test("stream=true gives deltas that add up to the text of the one done event", async () => {
    const events = await client().audio.transcriptions.create({
      file: await upload(),
      model: "tone",
      stream: true,
    });
    const types: string[] = [];
    let text = "";
    let done: string | undefined;
    for await (const event of events) {
      types.push(event.type);
      if (event.type === "transcript.text.delta") text += event.delta;
      if (event.type === "transcript.text.done") done = event.text;
    }
    assert.equal(done, kText);
    assert.equal(text, kText);
    const kDelta = "transcript.text.delta";
    assert.deepEqual(types, [kDelta, kDelta, "transcript.text.done"]);
  });

  test("silence is an empty text", async () => {
    const answer = await client().audio.transcriptions.create({
      file: await upload(wav(silence(1000))),
      model: "tone",
    });
    assert.equal(answer.text, "");
  });

  test("the names of other services' models mean the default model", async () => {
    const answer = await client().audio.transcriptions.create({
      file: await upload(),
      model: "whisper-1",
      language: "en",
      prompt: "digits",
      temperature: 0.2,
      chunking_strategy: { type: "server_vad", threshold: 0.5 },
    });
    assert.equal(answer.text, kText);
  });

  for (const [suffix, args] of [
    ["mp3", ["-b:a", "128k", "-ar", "44100"]],
    ["flac", []],
    ["ogg", ["-c:a", "libopus"]],
    ["m4a", ["-c:a", "aac", "-b:a", "128k"]],
    ["webm", ["-c:a", "libopus"]],
  ] as [string, string[]][])
    test(`a ${suffix} file`, async () => {
      const answer = await client().audio.transcriptions.create({
        file: await upload(await convert(kAudio, suffix, args), `digits.${suffix}`),
        model: "tone",
      });
      assert.equal(answer.text, kText);
    });
});

describe("uploads", () => {
  const folder = mkdtempSync(join(tmpdir(), "tutti-upload-"));
  before(() => writeFileSync(join(folder, "digits.wav"), kAudio));
  after(() => rmSync(folder, { recursive: true }));

  test("a file stream, sent in chunks without a length", async () => {
    const answer = await client().audio.transcriptions.create({
      file: createReadStream(join(folder, "digits.wav"), { highWaterMark: 1000 }),
      model: "tone",
    });
    assert.equal(answer.text, kText);
  });

  test("a chunked body is really chunked, whatever pieces it comes in", async () => {
    const { headers, body } = form({ model: "tone" }, { bytes: kAudio });
    async function* pieces() {
      for (let at = 0; at < body.length; at += 777) yield body.subarray(at, at + 777);
    }
    const answer = await server().post("/v1/audio/transcriptions", { headers, body: pieces() });
    assert.equal(answer.status, 200);
    assert.equal(answer.json.text, kText);
    assert.match(String(answer.headers["x-request-id"]), /^[0-9a-f-]{36}$/);
  });

  test("eight at once, each with its own answer", async () => {
    const digits = ["11", "22", "33", "44", "55", "66", "77", "88"];
    const answers = await Promise.all(
      digits.map(async (pair) =>
        client().audio.transcriptions.create({
          file: await upload(wav(join16(dtmf(pair), silence(300)))),
          model: "tone",
        }),
      ),
    );
    assert.deepEqual(
      answers.map((answer) => answer.text),
      digits.map(spelt),
    );
  });
});

describe("models", () => {
  test("the list can be iterated", async () => {
    const ids: string[] = [];
    for await (const model of client().models.list()) {
      assert.equal(model.object, "model");
      ids.push(model.id);
    }
    assert.deepEqual(ids, ["tone"]);
  });

  test("one model", async () => {
    const model = await client().models.retrieve("tone");
    assert.equal(model.id, "tone");
    assert.equal(model.owned_by, "tutti");
  });

  test("an unknown model is NotFoundError, for the card and for a transcription", async () => {
    await assert.rejects(client().models.retrieve("no/such"), OpenAI.NotFoundError);
    await assert.rejects(
      client().audio.transcriptions.create({ file: await upload(), model: "no-such-model" }),
      (error: unknown) => {
        assert.ok(error instanceof OpenAI.NotFoundError);
        assert.equal(error.code, "model_not_found");
        assert.equal(error.param, "model");
        assert.match(error.message, /no-such-model/);
        return true;
      },
    );
  });
});
