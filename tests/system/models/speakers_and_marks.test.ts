// SPDX-License-Identifier: Apache-2.0
// Models that recognise nothing: one that punctuates and one that tells speakers, on what the model
// "tone" hears. Both are made by tools/: marks follow certain digits, and each row of the keypad is
// a speaker.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dtmf, join16, silence, wav } from "../harness/audio.ts";
import { told } from "../harness/control.ts";
import { form } from "../harness/http.ts";
import { DeepgramClient } from "../harness/live.ts";
import { kRepository, TuttiServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const kAudio = wav(
  join16(dtmf("123123"), silence(1000), dtmf("456456"), silence(1000), dtmf("123123"), silence(400)),
);
const kText = "1 2 3, 1 2 3, 4 5 6? 4 5 6? 1 2 3, 1 2 3.";
const kFile = { filename: "digits.wav", bytes: kAudio };
// Of the words, in order.
const kSpeakers = [...Array(6).fill(0), ...Array(6).fill(1), ...Array(6).fill(0)] as number[];

function makeModel(id: string, script: string): string {
  const directory = join(folder, id);
  execFileSync("/usr/bin/python3", ["-B", join(kRepository, "tools", script), directory]);
  return `[[model]]\nid = "${id}"\ndirectory = "${directory}"\n`;
}

let folder = "";
let server: TuttiServer;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tutti-marks-"));
  const config = join(folder, "tutti.toml");
  // The first is loaded when somebody asks for it.
  const marks = makeModel("marks", "make_punctuation_model.py") + "replicas = 0\n";
  writeFileSync(config, marks + makeModel("voices", "make_speaker_model.py"));
  server = await TuttiServer.start({ models: ["tone", "marks", "voices"], flags: { config } });
});
after(async () => {
  // The server must end with the connections that it began with.
  await told(server, "unload", "marks");
  await until("it is gone", () => server.pids("engine", "marks").length === 0);
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function addMarks(body: unknown) {
  const headers = { "content-type": "application/json" };
  return server.post("/punctuation/add", { headers, body: JSON.stringify(body) });
}

test("/punctuation/add has the model loaded and answers as whoAsr does", async () => {
  const text = "hello there why 你好今天好吗";
  const answer = await addMarks({ text, more: 1 });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json, {
    original_text: text,
    punctuated_text: "hello, there why? 你好，今天。好，吗？",
    success: true,
    message: "Punctuation added successfully",
  });
  assert.equal((await addMarks({ text: "" })).json.punctuated_text, "");
  assert.equal((await addMarks({ txt: "a" })).status, 422);
  const long = Array(40_000).fill("word").join(" ");
  assert.equal((await addMarks({ text: long })).json.punctuated_text.replaceAll(".", ""), long);
});

test("OpenAI: a transcript has marks, with and without events", async () => {
  const fields = { model: "tone" };
  const answer = await server.post("/v1/audio/transcriptions", form(fields, kFile));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.text, kText);
  const streamed = await server.post(
    "/v1/audio/transcriptions",
    form({ ...fields, stream: "true" }, kFile),
  );
  const done = events(streamed.text).find(({ type }) => type === "transcript.text.done");
  assert.match(done!.text!, /^1 2 3, 1 2 3/);
  assert.equal(done!.text!.replaceAll(/[.,?]/g, ""), kText.replaceAll(/[.,?]/g, ""));
});

test("Deepgram live: finals have marks for whoever asks, in order", async () => {
  const asks = await DeepgramClient.open(server, { model: "tone", punctuate: true });
  const asksNot = await DeepgramClient.open(server, { model: "tone" });
  const audio = join16(dtmf("123123"), silence(1000), dtmf("456"), silence(1000));
  for (const client of [asks, asksNot]) {
    client.sendAudio(audio);
    await client.finish();
  }
  assert.equal(asks.transcript(), "1 2 3, 1 2 3. 4 5 6?");
  assert.equal(asksNot.transcript(), "1 2 3 1 2 3 4 5 6");
  const words = asks.finals().flatMap((one) => one.channel.alternatives[0]!.words);
  assert.deepEqual(
    words.map((word) => word.punctuated_word),
    ["1", "2", "3,", "1", "2", "3.", "4", "5", "6?"],
  );
  assert.deepEqual(words.map((word) => word.word), [..."123123456"]);
});

interface Event {
  type: string;
  text?: string;
  speaker?: string;
}
function events(text: string): Event[] {
  return text.split("\n\n").filter(Boolean).map((line) => JSON.parse(line.slice(6)) as Event);
}

test("OpenAI: diarized_json tells who said what", async () => {
  const fields = { model: "tone", response_format: "diarized_json" };
  const answer = await server.post("/v1/audio/transcriptions", form(fields, kFile));
  assert.equal(answer.status, 200, answer.text);
  const { task, text, segments } = answer.json;
  assert.equal(task, "transcribe");
  assert.equal(text, kText);
  assert.deepEqual(
    segments.map((one: { speaker: string; text: string }) => [one.speaker, one.text]),
    [["A", "1 2 3, 1 2 3,"], ["B", "4 5 6? 4 5 6?"], ["A", "1 2 3, 1 2 3."]],
  );
  for (const segment of segments) {
    assert.equal(segment.type, "transcript.text.segment");
    assert.equal(typeof segment.id, "string");
    assert.ok(segment.start < segment.end);
  }
  const streamed = await server.post(
    "/v1/audio/transcriptions",
    form({ ...fields, stream: "true" }, kFile),
  );
  const told = events(streamed.text).filter(({ type }) => type === "transcript.text.segment");
  assert.deepEqual(told.map(({ speaker }) => speaker), ["A", "B", "A"]);
});

test("Deepgram: marks and speakers word by word", async () => {
  const query = "model=tone&punctuate=true&diarize=true&utterances=true&paragraphs=true";
  const answer = await server.post(`/v1/listen?${query}`, {
    body: kAudio,
    headers: { "content-type": "audio/wav" },
  });
  assert.equal(answer.status, 200, answer.text);
  const { channels, utterances } = answer.json.results;
  const [{ transcript, words, paragraphs }] = channels[0].alternatives;
  assert.equal(transcript, kText);
  assert.deepEqual(words.map((word: { speaker: number }) => word.speaker), kSpeakers);
  assert.equal(words.map((word: any) => word.punctuated_word).join(" "), kText);
  assert.deepEqual([words[2].word, words[2].punctuated_word], ["3", "3,"]);
  assert.ok(Math.abs(words[2].start - 0.2) < 0.03, "marks do not move words");
  assert.deepEqual(utterances.map((one: { speaker: number }) => one.speaker), [0, 1, 0]);
  assert.deepEqual(paragraphs.paragraphs.map((one: any) => one.speaker), [0, 1, 0]);
});

test("Deepgram: without the wish there are neither", async () => {
  const answer = await server.post("/v1/listen?model=tone", {
    body: kAudio,
    headers: { "content-type": "audio/wav" },
  });
  const [{ transcript, words }] = answer.json.results.channels[0].alternatives;
  assert.equal(transcript, kText.replaceAll(/[.,?]/g, ""));
  assert.ok(!("speaker" in words[0]) && !("punctuated_word" in words[0]));
});

test("whoAsr: sentences by their marks, each with its speaker", async () => {
  const answer = await server.post("/offline/recognize", form({}, kFile));
  assert.equal(answer.status, 200, answer.text);
  const [{ text, timestamp, sentence_info }] = answer.json.results;
  assert.equal(text, kText);
  assert.equal(timestamp.length, kSpeakers.length);
  assert.deepEqual(
    sentence_info.map((one: { text: string; spk: number }) => [one.text, one.spk]),
    [["1 2 3,", 0], ["1 2 3,", 0], ["4 5 6?", 1], ["4 5 6?", 1], ["1 2 3,", 0], ["1 2 3.", 0]],
  );
  assert.deepEqual(sentence_info.flatMap((one: any) => one.timestamp), timestamp);
});

test("more audio than speakers can be told in is refused, unless they are not needed", async () => {
  const long = wav(join16(dtmf("123123"), silence(3_600_000)));
  const refused = await server.post("/v1/listen?model=tone&diarize=true", {
    body: long,
    headers: { "content-type": "audio/wav" },
  });
  assert.equal(refused.status, 413, refused.text);
  assert.match(refused.json.err_msg, /60 minutes/);
  const bytes = long;
  const served = await server.post("/offline/recognize", form({}, { filename: "long.wav", bytes }));
  assert.equal(served.status, 200, served.text);
  assert.ok(!("spk" in served.json.results[0].sentence_info[0]));
});
