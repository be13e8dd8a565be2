// SPDX-License-Identifier: Apache-2.0
// Live audio in containers, as browsers record it, arriving in pieces that respect no packet.
import assert from "node:assert/strict";
import { test } from "node:test";
import { convert, digitSequence, dtmf, join16, silence, spelt, wav } from "../harness/audio.ts";
import { DeepgramClient } from "../harness/live.ts";
import { useServer } from "../harness/server.ts";

const server = useServer({ models: ["tone"] });

// Opus smears sharp edges: longer digits than raw audio needs.
const kDigits = digitSequence(20);
const kAudio = wav(join16(dtmf(kDigits, { toneMs: 80, gapMs: 70 }), silence(300)));
const kOpus = ["-c:a", "libopus", "-b:a", "48k"];

for (const { name, suffix, args, pieceSize } of [
  { name: "WebM/Opus", suffix: "webm", args: kOpus, pieceSize: 700 },
  { name: "WebM/Opus, byte by byte at first", suffix: "webm", args: kOpus, pieceSize: 0 },
  { name: "Ogg/Opus", suffix: "ogg", args: kOpus, pieceSize: 777 },
  { name: "WAV", suffix: "wav", args: [], pieceSize: 3201 },
  {
    name: "WAV of 44.1 kHz stereo",
    suffix: "wav",
    args: ["-ar", "44100", "-ac", "2"],
    pieceSize: 9999,
  },
  { name: "MP3", suffix: "mp3", args: ["-b:a", "128k"], pieceSize: 1000 },
  { name: "FLAC", suffix: "flac", args: [], pieceSize: 1000 },
])
  test(name, async () => {
    const file = await convert(kAudio, suffix, args);
    const client = await DeepgramClient.open(server(), { encoding: null, sample_rate: null });
    let at = 0;
    while (at < file.length) {
      const size = pieceSize || (at < 200 ? 1 : 500);
      client.sendBytes(file.subarray(at, at + size));
      at += size;
    }
    const { metadata, closing } = await client.finish();
    assert.equal(closing.code, 1000);
    assert.equal(client.transcript(), spelt(kDigits));
    assert.ok(Math.abs(metadata.duration - 3.3) < 0.15, `${metadata.duration} s`);
  });

test("words come while the container is still being sent", async () => {
  const file = await convert(kAudio, "webm", [...kOpus, "-cluster_time_limit", "200"]);
  const client = await DeepgramClient.open(server(), {
    encoding: null,
    sample_rate: null,
    interim_results: true,
  });
  const half = Math.floor(file.length / 2);
  client.sendBytes(file.subarray(0, half));
  await client.messages.first(
    "a word",
    (m) => m.type === "Results" && m.channel.alternatives[0]!.words.length > 0,
  );
  client.sendBytes(file.subarray(half));
  await client.finish();
  assert.equal(client.transcript(), spelt(kDigits));
});

test("a named container encoding is looked for in the bytes", async () => {
  const file = await convert(kAudio, "webm", kOpus);
  const client = await DeepgramClient.open(server(), { encoding: "opus", sample_rate: 48_000 });
  client.sendBytes(file);
  await client.finish();
  assert.equal(client.transcript(), spelt(kDigits));
});
