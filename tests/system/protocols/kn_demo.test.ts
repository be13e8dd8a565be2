// SPDX-License-Identifier: Apache-2.0
// kn_demo's one route as its page uses it: a recorded MP3 in the part "file".
import assert from "node:assert/strict";
import { test } from "node:test";
import { convert, digitSequence, dtmf, join16, silence, spelt, wav } from "../harness/audio.ts";
import { form } from "../harness/http.ts";
import { useServer } from "../harness/server.ts";

const server = useServer({ models: ["tone"] });

const kDigits = digitSequence(12);
const kAudio = wav(join16(silence(300), dtmf(kDigits), silence(300)));

function upload(filename: string, type: string, bytes: Buffer) {
  return server().post("/upload-file", form({}, { filename, type, bytes }));
}

for (const rate of ["44100", "48000"])
  test(`a mono MP3 of ${rate} Hz at 128 kbit/s without a Xing header`, async () => {
    const kBare = ["-write_xing", "0", "-id3v2_version", "0"];
    const args = ["-ar", rate, "-ac", "1", "-b:a", "128k", ...kBare];
    const mp3 = await convert(kAudio, "mp3", args);
    assert.equal(mp3[0], 0xff, "the file begins with a frame");
    const answer = await upload("recording.mp3", "audio/mpeg", mp3);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json, { transcription: spelt(kDigits) });
  });

test("name and content type do not matter", async () => {
  const answer = await upload("x", "application/octet-stream", kAudio);
  assert.deepEqual(answer.json, { transcription: spelt(kDigits) });
});

test("silence is an empty transcription", async () => {
  const answer = await upload("x.wav", "audio/wav", wav(silence(500)));
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, { transcription: "" });
});

test("a missing part is 422 with a list", async () => {
  const answer = await server().post("/upload-file", form({ other: "x" }));
  assert.equal(answer.status, 422);
  assert.equal(answer.json.detail[0].type, "missing");
  assert.deepEqual(answer.json.detail[0].loc, ["body", "file"]);
});

test("what cannot be decoded is 500 with a sentence", async () => {
  const answer = await upload("x.mp3", "audio/mpeg", Buffer.from("no audio at all".repeat(100)));
  assert.equal(answer.status, 500);
  assert.equal(typeof answer.json.detail, "string");
});

test("a hundred uploads at once", async () => {
  const audio = wav(dtmf("3"));
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => upload("a.wav", "audio/wav", audio)),
  );
  assert.ok(answers.every((answer) => answer.status === 200 && answer.json.transcription === "3"));
});
