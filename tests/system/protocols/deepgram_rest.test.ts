// SPDX-License-Identifier: Apache-2.0
// POST /v1/listen with raw and container audio as the body.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bytesOf, convert, dtmf, join16, mulawOf, silence, spelt, wav } from "../harness/audio.ts";
import { useServer } from "../harness/server.ts";

const kDigits = "147*";
const kSamples = join16(dtmf(kDigits), silence(400));
const kWav = wav(kSamples);

const server = useServer({ models: ["tone"] });

function listen(query: string, body: Buffer | AsyncIterable<Buffer>, type = "audio/wav") {
  return server().post(`/v1/listen${query}`, { body, headers: { "content-type": type } });
}

test("a WAV: metadata, words in seconds, the checksum of what was sent", async () => {
  const answer = await listen("?model=nova-3&tag=a&tag=b", kWav);
  assert.equal(answer.status, 200);
  const { metadata, results } = answer.json;
  assert.equal(metadata.request_id, answer.headers["dg-request-id"]);
  assert.equal(metadata.sha256, createHash("sha256").update(kWav).digest("hex"));
  assert.equal(metadata.duration, 0.8);
  assert.equal(metadata.channels, 1);
  assert.deepEqual(metadata.tags, ["a", "b"]);
  assert.equal(metadata.model_info[metadata.models[0]].name, "tone");
  assert.ok(Math.abs(Date.parse(metadata.created) - Date.now()) < 60_000);
  const [alternative] = results.channels[0].alternatives;
  assert.equal(alternative.transcript, spelt(kDigits));
  assert.equal(alternative.words.length, kDigits.length);
  alternative.words.forEach((word: any, index: number) => {
    assert.equal(word.word, kDigits[index]);
    assert.ok(Math.abs(word.start - 0.1 * index) < 0.03);
    assert.equal(word.punctuated_word, undefined);
  });
  assert.equal(results.utterances, undefined);
});

test("a chunked body without a length", async () => {
  async function* pieces() {
    for (let at = 0; at < kWav.length; at += 1000) yield kWav.subarray(at, at + 1000);
  }
  const answer = await listen("", pieces(), "application/octet-stream");
  assert.equal(answer.status, 200);
  assert.equal(answer.json.results.channels[0].alternatives[0].transcript, spelt(kDigits));
});

test("smart_format and utterances add what they promise", async () => {
  const audio = wav(join16(kSamples, silence(1500), dtmf("2"), silence(300)));
  const answer = await listen("?smart_format=true&utterances=true", audio);
  const { results } = answer.json;
  const [alternative] = results.channels[0].alternatives;
  assert.equal(alternative.words[0].punctuated_word, "1");
  assert.equal(alternative.paragraphs.paragraphs[0].num_words, kDigits.length + 1);
  assert.deepEqual(
    results.utterances.map((utterance: any) => utterance.transcript),
    [spelt(kDigits), "2"],
  );
});

for (const { name, query, body } of [
  { name: "linear16", query: "?encoding=linear16&sample_rate=16000", body: bytesOf(kSamples) },
  {
    name: "mulaw at 8 kHz",
    query: "?encoding=mulaw&sample_rate=8000",
    body: mulawOf(dtmf(kDigits, { rate: 8000 })),
  },
  {
    name: "two channels of linear16",
    query: "?encoding=linear16&sample_rate=16000&channels=2",
    body: bytesOf(Int16Array.from({ length: 2 * kSamples.length }, (_, i) => kSamples[i >> 1]!)),
  },
])
  test(`raw ${name}`, async () => {
    const answer = await listen(query, body, "application/octet-stream");
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.results.channels[0].alternatives[0].transcript, spelt(kDigits));
    const hash = createHash("sha256").update(body).digest("hex");
    assert.equal(answer.json.metadata.sha256, hash);
  });

for (const [suffix, args] of [
  ["mp3", ["-b:a", "128k"]],
  ["ogg", ["-c:a", "libopus"]],
  ["flac", []],
] as [string, string[]][])
  test(`a ${suffix} under the wrong content type`, async () => {
    const answer = await listen("", await convert(kWav, suffix, args), "audio/wav");
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.results.channels[0].alternatives[0].transcript, spelt(kDigits));
  });

test("speakers are refused where no model tells them, with how to get one", async () => {
  for (const query of ["diarize=true", "diarize_model=latest"]) {
    const answer = await listen(`?model=tone&${query}`, kWav);
    assert.equal(answer.status, 400);
    assert.equal(answer.json.err_code, "INVALID_QUERY_PARAMETER");
    assert.match(answer.json.err_msg, /tutti models pull diarization/);
  }
  assert.equal((await listen("?model=tone&diarize=false", kWav)).status, 200);
});
