// SPDX-License-Identifier: Apache-2.0
// whoAsr's POST /timestamp/predict on real speech, held against the word times that a recognition
// of the same clip finds.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { dtmf, join16, samplesOf, silence, speak, wav } from "../harness/audio.ts";
import { form, type Answer } from "../harness/http.ts";
import { TuttiServer, useServer } from "../harness/server.ts";

interface Result {
  text: string;
  start: number;
  end: number;
  confidence: number;
}

const kNear = 100; // ms
const kLibrivoxFolder = "/usr/share/pocketsphinx/test/data/librivox";
const kLibrivox = `${kLibrivoxFolder}/sense_and_sensibility_01_austen_64kb-0870.wav`;
const kSentence = "please open the door and come inside";

const server = useServer({ models: ["tone", "en-us"] });

function predict(text: string, bytes: Buffer, filename = "a.wav", to = server()): Promise<Answer> {
  const body = form({ text_content: text }, { name: "audio_file", filename, bytes });
  return to.post("/timestamp/predict", { ...body, ms: 120_000 });
}

async function align(text: string, bytes: Buffer): Promise<Result[]> {
  const answer = await predict(text, bytes);
  assert.equal(answer.status, 200, answer.text);
  const { success, message, results, ...rest } = answer.json;
  assert.deepEqual(rest, {});
  assert.equal(success, true);
  assert.equal(message, "Timestamp prediction completed successfully");
  let last = 0;
  for (const result of results as Result[]) {
    assert.deepEqual(Object.keys(result), ["text", "start", "end", "confidence"]);
    assert.ok(Number.isInteger(result.start) && Number.isInteger(result.end));
    assert.ok(last <= result.start && result.start < result.end, JSON.stringify(result));
    assert.ok(result.confidence >= 0 && result.confidence <= 1);
    last = result.end;
  }
  return results;
}

// The words of a free recognition, in milliseconds.
async function hear(bytes: Buffer): Promise<{ word: string; start: number; end: number }[]> {
  const fields = {
    model: "en-us",
    response_format: "verbose_json",
    "timestamp_granularities[]": "word",
  };
  const answer = await server().post("/v1/audio/transcriptions", {
    ...form(fields, { bytes }),
    ms: 120_000,
  });
  assert.equal(answer.status, 200, answer.text);
  return answer.json.words.map((word: { word: string; start: number; end: number }) => ({
    word: word.word,
    start: word.start * 1000,
    end: word.end * 1000,
  }));
}

function meanConfidence(results: Result[]): number {
  return results.reduce((sum, { confidence }) => sum + confidence, 0) / results.length;
}

function assertRefused(answer: Answer, status: number, detail: RegExp): void {
  assert.equal(answer.status, status, answer.text);
  assert.deepEqual(Object.keys(answer.json), ["detail"]);
  assert.match(answer.json.detail, detail);
}

function librivoxClips(): { text: string; samples: Int16Array }[] {
  const lines = readFileSync(`${kLibrivoxFolder}/transcription`, "utf8").split("\n");
  return lines.filter(Boolean).map((line) => {
    const [, text, name] = /^<s> (.*) <\/s> \((.*)\)$/.exec(line)!;
    return { text: text!, samples: samplesOf(readFileSync(`${kLibrivoxFolder}/${name}.wav`)) };
  });
}

describe("words of a given text", () => {
  test("lie where a recognition hears them", async () => {
    const bytes = await speak(kSentence);
    const heard = await hear(bytes);
    assert.equal(heard.map(({ word }) => word).join(" "), kSentence);
    const results = await align("Please open the door -- and come inside!", bytes);
    assert.equal(
      results.map(({ text }) => text).join(" "),
      "Please open the door and come inside!",
    );
    for (const [index, { start, end }] of results.entries()) {
      assert.ok(Math.abs(start - heard[index]!.start) <= kNear, `${index}: start ${start}`);
      assert.ok(Math.abs(end - heard[index]!.end) <= kNear, `${index}: end ${end}`);
    }
    assert.ok(meanConfidence(results) > 0.8);
  });

  test("of prose read by a human, where recognition got them right", {
    skip: existsSync(kLibrivox) ? false : `no ${kLibrivox}`,
  }, async () => {
    const bytes = readFileSync(kLibrivox);
    const text =
      "And mister John Dashwood had then leisure to consider how much there might be prudently " +
      "in his power to do for them.";
    const results = await align(text, bytes);
    assert.equal(results.map(({ text: spelling }) => spelling).join(" "), text);
    assert.ok(meanConfidence(results) > 0.8);
    const heard = await hear(bytes);
    let compared = 0;
    for (const { text: spelling, start, end } of results) {
      const word = spelling.toLowerCase().replace(".", "");
      const same = heard.find((h) => h.word === word && Math.abs(h.start - start) <= kNear);
      if (same && Math.abs(same.end - end) <= kNear) ++compared;
    }
    assert.ok(compared >= results.length * 0.6, `${compared} of ${results.length} words agree`);
  });

  test("of more than 30 s lie where those of each clip alone do", {
    skip: existsSync(kLibrivox) ? false : `no ${kLibrivox}`,
  }, async () => {
    const clips = librivoxClips();
    const both = [...clips, ...clips];
    const pause = silence(1000);
    const bytes = wav(join16(...both.flatMap(({ samples }) => [samples, pause])));
    const results = await align(both.map(({ text }) => text).join("\n"), bytes);
    const expected: Result[] = [];
    let offset = 0;
    for (const { text, samples } of both) {
      for (const result of await align(text, wav(samples)))
        expected.push({ ...result, start: result.start + offset, end: result.end + offset });
      offset += (samples.length + pause.length) / 16;
    }
    assert.ok(offset > 50_000);
    assert.deepEqual(
      results.map(({ text }) => text),
      expected.map(({ text }) => text),
    );
    const near = results.filter(
      ({ start, end }, index) =>
        Math.abs(start - expected[index]!.start) <= kNear &&
        Math.abs(end - expected[index]!.end) <= kNear,
    );
    const share = near.length / results.length;
    assert.ok(share > 0.9, `${near.length} of ${results.length} words agree`);
    const garbled = await predict(`${clips[0]!.text} xyzzyx 42`, bytes);
    assertRefused(garbled, 400, /: xyzzyx, 42$/);
  });

  test("from a text file with a byte order mark", async () => {
    const bytes = await speak(kSentence);
    const upload = form({}, { name: "audio_file", filename: "a.wav", bytes });
    const end = upload.body.lastIndexOf("--tutti-test-boundary--");
    const part =
      '--tutti-test-boundary\r\nContent-Disposition: form-data; name="text_file"; ' +
      `filename="t.txt"\r\nContent-Type: text/plain\r\n\r\n\uFEFF${kSentence}\r\n`;
    const body = Buffer.concat([
      upload.body.subarray(0, end),
      Buffer.from(part),
      upload.body.subarray(end),
    ]);
    const answer = await server().post("/timestamp/predict", { ...upload, body, ms: 120_000 });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.results.length, 7);
  });

  test("that are not spoken have little confidence", async () => {
    const bytes = await speak(kSentence);
    assert.ok(meanConfidence(await align("many yellow birds follow us", bytes)) < 0.3);
  });

  test("of many requests at once are each other's not", async () => {
    const sentences = ["she had a good day at the office", kSentence, "i would like some coffee"];
    const clips = await Promise.all(sentences.map((sentence) => speak(sentence)));
    const alone: Result[][] = [];
    for (const [index, clip] of clips.entries()) alone.push(await align(sentences[index]!, clip));
    const together = await Promise.all(
      [0, 1, 2, 0, 1, 2].map((index) => align(sentences[index]!, clips[index]!)),
    );
    assert.deepEqual(together, [...alone, ...alone]);
  });
});

describe("what cannot be aligned", () => {
  test("no text, a text that is no text", async () => {
    const bytes = wav(silence(500));
    const audio = { name: "audio_file", filename: "a.wav", bytes };
    const none = await server().post("/timestamp/predict", form({}, audio));
    assertRefused(none, 400, /^Either text_file or text_content is required$/);
    assertRefused(await predict("", bytes), 400, /^Either text_file/);
    assertRefused(await predict(" ... ", bytes), 400, /no words/);
    const garbled = form({ text_content: "@@" }, audio);
    garbled.body[garbled.body.indexOf("@@")] = 0xff;
    const answer = await server().post("/timestamp/predict", garbled);
    assertRefused(answer, 400, /^text_content is not UTF-8$/);
  });

  test("words without a pronunciation are named", async () => {
    const answer = await predict("open 42 doors of xyzzyx", await speak(kSentence));
    assertRefused(answer, 400, /^Timestamp processing failed: .*: 42, xyzzyx$/);
  });

  test("more text than there is room for", async () => {
    const bytes = await speak(kSentence);
    assertRefused(await predict("garden ".repeat(500), bytes), 400, /more words than/);
    assertRefused(await predict("garden ".repeat(9000), bytes), 400, /more words than/);
    assertRefused(await predict("a".repeat(100_000), bytes), 413, /text_content' is too long/);
  });

  test("audio that is none, is empty, is too long or has another name", async () => {
    assertRefused(await predict("a", Buffer.from("no audio at all")), 500, /^Timestamp proc/);
    assertRefused(await predict("a", Buffer.alloc(0)), 500, /^Timestamp processing failed/);
    assertRefused(await predict("a", wav(silence(0))), 400, /more words than/);
    assertRefused(await predict("a", wav(silence(31_000))), 400, /no speech was heard/);
    assertRefused(await predict("a", wav(silence(601_000))), 413, /may last 10 minutes/);
    assertRefused(await predict("a", wav(silence(500)), "a.txt"), 400, /file format/);
    const missing = await server().post("/timestamp/predict", form({ text_content: "a" }));
    assert.equal(missing.status, 422);
    assert.deepEqual(missing.json.detail[0].loc, ["body", "audio_file"]);
  });

  test("what came before does no harm", async () => {
    const samples = join16(samplesOf(await speak(kSentence)), silence(300));
    assert.equal((await align(kSentence, wav(samples))).length, 7);
    const health = (await server().get("/health")).json;
    assert.equal(health.services.timestamp.loaded, true);
    assert.deepEqual(health.services.timestamp.api_endpoints, ["/timestamp/predict"]);
  });
});

test("a server whose models do not align says how to load one that does", async () => {
  const other = await TuttiServer.start({ models: ["tone"] });
  try {
    const answer = await predict("one two", wav(dtmf("12")), "a.wav", other);
    assertRefused(answer, 503, /^Timestamp model not loaded.*tutti serve --models en-us/);
    const health = (await other.get("/health")).json;
    assert.equal(health.services.timestamp.loaded, false);
  } finally {
    await other.stop();
  }
});
