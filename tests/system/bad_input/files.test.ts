// SPDX-License-Identifier: Apache-2.0
// Files that are not what they should be. Each is answered, in the shape of the protocol that was
// spoken, and leaves every process as it was.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import {
  bytesOf,
  convert,
  digitSequence,
  dtmf,
  join16,
  silence,
  spelt,
  wav,
} from "../harness/audio.ts";
import { form, type Answer } from "../harness/http.ts";
import { keepsProcesses, useServer } from "../harness/server.ts";

const kMaxSeconds = 2 * 3600 + 120;

const server = useServer({ models: ["tone"], flags: { "max-audio": kMaxSeconds } });

function flacPaddedBy(seconds: number, samples: Int16Array): Promise<Buffer> {
  return convert(wav(samples), "flac", ["-af", `apad=pad_dur=${seconds}`]);
}

interface Dialect {
  name: string;
  post: (bytes: Buffer, filename?: string, ms?: number) => Promise<Answer>;
  text: (answer: Answer) => string;
  undecodable: (answer: Answer) => void; // checks a refusal
}

const kDialects: Dialect[] = [
  {
    name: "openai",
    post: (bytes, filename = "a.wav", ms) =>
      server().post("/v1/audio/transcriptions", {
        ...form({ model: "tone" }, { filename, bytes }),
        ms,
      }),
    text: (answer) => answer.json.text,
    undecodable: (answer) => {
      assert.equal(answer.status, 400);
      const { error, ...rest } = answer.json;
      assert.deepEqual(rest, {});
      assert.equal(error.type, "invalid_request_error");
      assert.equal(error.code, "undecodable_audio");
      assert.match(error.message, /\w+ \w+/);
      assert.ok("param" in error);
    },
  },
  {
    name: "deepgram",
    post: (bytes, _filename, ms) => server().post("/v1/listen", { body: bytes, ms }),
    text: (answer) => answer.json.results.channels[0].alternatives[0].transcript,
    undecodable: (answer) => {
      assert.equal(answer.status, 400);
      assert.equal(answer.json.err_code, "Bad Request");
      assert.match(answer.json.err_msg, /\w+ \w+/);
      assert.equal(answer.json.request_id, answer.headers["dg-request-id"]);
    },
  },
  {
    name: "whoAsr",
    post: (bytes, filename = "a.wav", ms) =>
      server().post("/offline/recognize", { ...form({}, { filename, bytes }), ms }),
    text: (answer) => answer.json.results[0].text,
    undecodable: (answer) => {
      assert.equal(answer.status, 500);
      assert.match(answer.json.detail, /^Failed to recognize audio: /);
    },
  },
  {
    name: "kn_demo",
    post: (bytes, filename = "a.wav", ms) =>
      server().post("/upload-file", { ...form({}, { filename, bytes }), ms }),
    text: (answer) => answer.json.transcription,
    undecodable: (answer) => {
      assert.equal(answer.status, 500);
      assert.equal(typeof answer.json.detail, "string");
    },
  },
];

const kSpeech = wav(join16(dtmf("123"), silence(300)));

const kUndecodable: { name: string; bytes: Buffer }[] = [
  { name: "nothing", bytes: Buffer.alloc(0) },
  { name: "one byte", bytes: Buffer.from("R") },
  { name: "a sentence", bytes: Buffer.from("This is not audio at all.".repeat(40)) },
  { name: "a megabyte of noise", bytes: randomBytes(1 << 20) },
  { name: "a ZIP", bytes: Buffer.concat([Buffer.from("PK\x03\x04\x14\x00"), randomBytes(2000)]) },
  { name: "an ELF", bytes: Buffer.concat([Buffer.from("\x7fELF\x02"), Buffer.alloc(2000)]) },
  { name: "a playlist of files", bytes: Buffer.from("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n") },
  { name: "a concat script", bytes: Buffer.from("ffconcat version 1.0\nfile '/etc/passwd'\n") },
  { name: "a WAV of no channels", bytes: wav(dtmf("1"), { channels: 0 }) },
  { name: "a WAV of rate 0", bytes: wav(dtmf("1"), { rate: 0 }) },
  { name: "a WAV cut within its header", bytes: kSpeech.subarray(0, 30) },
];

for (const dialect of kDialects)
  describe(dialect.name, () => {
    for (const { name, bytes } of kUndecodable)
      test(`${name} cannot be decoded`, async () => {
        const answer = await keepsProcesses(server(), () => dialect.post(bytes));
        dialect.undecodable(answer);
        assert.ok(!answer.text.includes("root:"), "a file of ours in the answer");
      });

    test("a WAV without a sample is silence, or refused", async () => {
      const answer = await keepsProcesses(server(), () => dialect.post(wav(new Int16Array())));
      if (answer.status === 200) assert.equal(dialect.text(answer), "");
      else dialect.undecodable(answer);
    });

    test("an MP3 cut in the middle of a frame gives what was whole", async () => {
      const digits = digitSequence(20);
      const audio = wav(dtmf(digits, { toneMs: 100, gapMs: 100 }));
      const mp3 = await convert(audio, "mp3", ["-b:a", "128k", "-ar", "44100"]);
      const cut = mp3.subarray(0, Math.floor(mp3.length / 2) + 7);
      const answer = await keepsProcesses(server(), () => dialect.post(cut, "cut.mp3"));
      assert.equal(answer.status, 200, answer.text);
      const text = dialect.text(answer);
      assert.ok(spelt(digits).startsWith(text), text);
      assert.ok(text.length >= spelt("123456789").length, text);
    });

    test("the next file is heard as ever", async () => {
      assert.equal(dialect.text(await dialect.post(kSpeech)), spelt("123"));
    });
  });

describe("odd but whole", () => {
  const [openai] = kDialects;

  async function hears(bytes: Buffer, digits: string, filename?: string): Promise<void> {
    const answer = await keepsProcesses(server(), () => openai!.post(bytes, filename, 120_000));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(openai!.text(answer), spelt(digits));
  }

  test("a header that claims 4 GiB", async () => {
    await hears(wav(dtmf("741"), { dataBytes: 0xffff_ffff }), "741");
  });

  test("a header that claims nothing", async () => {
    await hears(wav(dtmf("741"), { dataBytes: 0xffff_fffe }), "741");
  });

  test("7 kHz", async () => {
    await hears(wav(dtmf("159", { rate: 7000 }), { rate: 7000 }), "159");
  });

  test("192 kHz and eight channels", async () => {
    const mono = dtmf("96", { rate: 192_000 });
    const all = Int16Array.from({ length: mono.length * 8 }, (_, i) => mono[i >> 3]!);
    await hears(wav(all, { channels: 8, rate: 192_000 }), "96");
  });

  test("an odd number of bytes of 16-bit samples", async () => {
    await hears(Buffer.concat([wav(dtmf("28")), Buffer.from([1])]), "28");
  });

  test("full scale", async () => {
    const loud = dtmf("147").map((sample) => Math.max(-32_768, Math.min(32_767, sample * 8)));
    const answer = await keepsProcesses(server(), () => openai!.post(wav(loud)));
    assert.equal(answer.status, 200);
  });

  test("three digits, then two hours of silence", async () => {
    const quiet = await flacPaddedBy(2 * 3600, dtmf("369"));
    assert.ok(quiet.length < 4 << 20, `${quiet.length} bytes`);
    const began = performance.now();
    await hears(quiet, "369", "quiet.flac");
    const seconds = (performance.now() - began) / 1000;
    assert.ok(seconds < 60, `${seconds} s`);
  });

  test("raw audio under a container's name", async () => {
    const answer = await keepsProcesses(server(), () =>
      server().post("/v1/listen?encoding=linear16&sample_rate=16000", { body: bytesOf(dtmf("5")) }),
    );
    assert.equal(answer.json.results.channels[0].alternatives[0].transcript, "5");
  });
});

describe("beyond what is allowed", () => {
  for (const { name, bytes, says } of [
    { name: "12 channels", bytes: wav(new Int16Array(120), { channels: 12 }), says: /12 channels/ },
    { name: "384 kHz", bytes: wav(new Int16Array(9600), { rate: 384_000 }), says: /384000 Hz/ },
    { name: "1 Hz", bytes: wav(new Int16Array(9600), { rate: 1 }), says: /1 Hz/ },
  ])
    test(`${name} is refused with a sentence that says so`, async () => {
      for (const dialect of kDialects) {
        const answer = await keepsProcesses(server(), () => dialect.post(bytes));
        dialect.undecodable(answer);
        assert.match(answer.text, says);
      }
    });
});

test("audio longer than the server takes is refused", async () => {
  const long = await flacPaddedBy(kMaxSeconds + 60, dtmf("369"));
  for (const [dialect, check] of [
    [kDialects[0]!, (answer: Answer) => assert.equal(answer.json.error.code, "too_long")],
    [kDialects[1]!, (answer: Answer) => assert.match(answer.json.err_msg, /longer than/)],
  ] as const) {
    const answer = await keepsProcesses(server(), () => dialect.post(long, "a.flac", 120_000));
    assert.equal(answer.status, 413, answer.text);
    check(answer);
  }
});
