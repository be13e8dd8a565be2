// SPDX-License-Identifier: Apache-2.0
// The service adds no word errors to those of its engine: the same audio goes through the server,
// as a file and as a live stream, and through the bare recogniser.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { samplesOf, speak } from "../harness/audio.ts";
import {
  bareTexts,
  lackOfBenchPrograms,
  wordErrorRate,
  type Clip,
} from "../harness/bare_engine.ts";
import { form } from "../harness/http.ts";
import { DeepgramClient } from "../harness/live.ts";
import { useServer } from "../harness/server.ts";

const kSlack = 2; // percentage points
const kLibrivox = "/usr/share/pocketsphinx/test/data/librivox";

// Ordinary sentences that the bare engine gets word for word, all at once and piece by piece.
const kSentences: [voice: string, text: string][] = [
  ["slt", "she had a good day at the office"],
  ["slt", "please open the door and come inside"],
  ["slt", "i would like a cup of coffee"],
  ["slt", "they went to the market to buy some bread"],
  ["slt", "he said that the train was late again"],
  ["slt", "the children are playing in the garden"],
  ["slt", "the meeting will start in ten minutes"],
  ["slt", "i have never been to that city before"],
  ["slt", "my father works in a large company"],
  ["rms", "please open the door and come inside"],
];

const server = useServer({ models: ["en-us", "silero"] });

async function fileText(clip: Clip): Promise<string> {
  const answer = await server().post("/v1/audio/transcriptions", {
    ...form({ model: "en-us" }, { bytes: clip.wav }),
    ms: 120_000,
  });
  assert.equal(answer.status, 200, answer.text);
  return answer.json.text;
}

// As fast as the server reads: its flow control sets the pace.
async function liveText(clip: Clip): Promise<string> {
  const client = await DeepgramClient.open(server());
  client.sendAudio(samplesOf(clip.wav));
  await client.finish(120_000);
  return client.transcript();
}

async function texts(clips: Clip[], recognise: (clip: Clip) => Promise<string>) {
  const heard = new Map<string, string>();
  for (const clip of clips) heard.set(clip.name, await recognise(clip));
  return heard;
}

function librivoxClips(): Clip[] {
  const lines = readFileSync(join(kLibrivox, "transcription"), "utf8").split("\n").filter(Boolean);
  return lines.map((line) => {
    const [, text, name] = /^<s> (.*) <\/s> \((.*)\)$/.exec(line)!;
    return { name: name!, text: text!, wav: readFileSync(join(kLibrivox, `${name}.wav`)) };
  });
}

const lackOfClips = existsSync(kLibrivox) ? false : `no ${kLibrivox} (pocketsphinx-testdata)`;

for (const [name, recognise, mode] of [
  ["as files", fileText, "batch"],
  ["live", liveText, "stream"],
] as const) {
  test(`read-aloud prose, ${name}`, { skip: lackOfClips || lackOfBenchPrograms }, async (t) => {
    const clips = librivoxClips();
    assert.equal(clips.length, 5);
    const bare = await wordErrorRate(clips, await bareTexts(clips, mode));
    const served = await wordErrorRate(clips, await texts(clips, recognise));
    t.diagnostic(`word errors: bare engine ${bare} %, server ${served} %`);
    assert.ok(served <= bare + kSlack, `server ${served} %, bare engine ${bare} %`);
  });
}

for (const [name, recognise] of [
  ["as files", fileText],
  ["live", liveText],
] as const) {
  test(`ordinary sentences, ${name}: every word`, async () => {
    for (const [voice, text] of kSentences) {
      const clip = { name: text, text, wav: await speak(text, voice) };
      assert.equal(await recognise(clip), text);
    }
  });
}
