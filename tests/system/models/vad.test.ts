// SPDX-License-Identifier: Apache-2.0
// Voice activity on speech that was read aloud: whoAsr's POST /vad/detect and WS /vad/ws/{client_id}
// with the built-in model silero.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  convert,
  dtmf,
  float32Of,
  join16,
  kRate,
  samplesOf,
  silence,
  slices,
  wav,
} from "../harness/audio.ts";
import { withConfig } from "../harness/boot.ts";
import { killed, successor, whileStopped, withServer } from "../harness/faults.ts";
import { form, type Answer } from "../harness/http.ts";
import { DeepgramClient, JsonSocket, openSocket, refusedUpgrade } from "../harness/live.ts";
import { kRepository, useServer, type TuttiServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

type Pair = [start: number, end: number];

const kNear = 100; // ms
const kFolder = "/usr/share/pocketsphinx/test/data/librivox";
const kModel = join(
  kRepository,
  ".tools/silero/node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx",
);
const skip = !existsSync(kFolder)
  ? `no ${kFolder} (pocketsphinx-testdata)`
  : !existsSync(kModel) && `no ${kModel}`;

// Where the reader speaks, in ms. Found by hand, from the level of each 10 ms (RMS without its mean,
// in dB of full scale) of these recordings: their background lies between -50 and -60 dB. Speech
// begins where the level leaves that for good (a breathed "h" counts), and ends where the last
// sound of the last word has faded into it; the columns are what the levels do there.
const kClips: Record<string, Pair> = {
  "0870": [250, 6750], // -46 -32 -29 at 240; the m of "them" -34 -40 -39, then -48
  "0880": [260, 2790], // -43 -36 -27 at 260; the n of "man" -40 -43 -48, then -62
  "0890": [275, 5060], // -46 -39 -27 at 270; the d of "disposed" -35 -36 -44, then -53
  "0920": [265, 5800], // -43 -46 -45 -38 at 260; the s of "was" -36 -40 -39, then -47
  "0930": [275, 2960], // -46 -44 -35 -26 at 260; the f of "himself" -37 -41 -43 -45, then -48
};

const server = useServer({ models: ["tone", "silero"] });

function clip(name: string): Int16Array {
  return samplesOf(readFileSync(join(kFolder, `sense_and_sensibility_01_austen_64kb-${name}.wav`)));
}

function send(bytes: Buffer, filename = "a.wav", to = server()): Promise<Answer> {
  return to.post("/vad/detect", { ...form({}, { filename, bytes }), ms: 60_000 });
}

async function detect(samples: Int16Array, to = server()): Promise<Pair[]> {
  const bytes = wav(samples);
  const answer = await send(bytes, "a.wav", to);
  assert.equal(answer.status, 200, answer.text);
  const { segments, ...rest } = answer.json;
  assert.deepEqual(rest, {
    success: true,
    message: "VAD detection completed successfully",
    file_name: "a.wav",
    file_size: bytes.length,
  });
  return segments;
}

function assertNear(found: Pair[], expected: Pair[], near = kNear): void {
  const shown = `found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`;
  assert.equal(found.length, expected.length, shown);
  for (const [index, pair] of found.entries())
    for (const side of [0, 1] as const)
      assert.ok(Math.abs(pair[side] - expected[index]![side]) <= near, shown);
}

// What these recordings sound like where nobody speaks, from before the first word of one.
function background(ms: number): Int16Array {
  const piece = clip("0890").subarray(0, 200 * 16);
  const both = join16(piece, piece.slice().reverse());
  const count = (ms * kRate) / 1000;
  return join16(...Array.from({ length: Math.ceil(count / both.length) }, () => both)).subarray(
    0,
    count,
  );
}

// Clips for a long reading. The model takes the last 80 ms of 0890, where the reader seems to draw
// breath, for speech when more of her follows.
const kReading = ["0870", "0880", "0920", "0930"];

// The clips one after the other with pauses between them, and where speech is in that.
function readingOf(names: string[], gapMs: number): { samples: Int16Array; speech: Pair[] } {
  const parts: Int16Array[] = [];
  const speech: Pair[] = [];
  let at = 0;
  for (const name of names) {
    const samples = clip(name);
    const [start, end] = kClips[name]!;
    speech.push([at + start, at + end]);
    parts.push(samples, background(gapMs));
    at += (samples.length * 1000) / kRate + gapMs;
  }
  return { samples: join16(...parts), speech };
}

interface VadMessage {
  type: string;
  segments?: Pair[];
  is_final?: boolean;
  message?: string;
}

class VadClient extends JsonSocket<VadMessage> {
  static async open(to: TuttiServer): Promise<VadClient> {
    const { socket, headers } = await openSocket(`${to.wsUrl}/vad/ws/client_1`);
    return new VadClient(socket, headers);
  }
  sendAudio(samples: Int16Array): void {
    for (const piece of slices(float32Of(samples), { ms: 256, bytesPerSample: 4 }))
      this.sendJson({ type: "audio_chunk", data: piece.toString("base64") });
  }
  async has(type: string): Promise<void> {
    await this.messages.when(type, () => this.messages.all.some((one) => one.type === type));
  }
  async cycle(samples: Int16Array): Promise<VadMessage[]> {
    const before = this.messages.all.length;
    const fresh = () => this.messages.all.slice(before);
    this.sendJson({ type: "start_vad" });
    this.sendAudio(samples);
    this.sendJson({ type: "stop_vad" });
    await this.messages.when("the end of the cycle", () =>
      fresh().some((one) => one.message === "VAD stopped"),
    );
    return fresh();
  }
}

// Starts and ends put together.
function pairsOf(messages: VadMessage[]): Pair[] {
  const pairs: Pair[] = [];
  for (const message of messages) {
    for (const [start, end] of message.segments ?? []) {
      assert.ok(Number.isInteger(start) && Number.isInteger(end));
      if (start >= 0) pairs.push([start, end]);
      else pairs.at(-1)![1] = end;
    }
  }
  return pairs;
}

describe("files", { skip }, () => {
  for (const [name, speech] of Object.entries(kClips))
    test(`clip ${name}: borders within ${kNear} ms of those found by hand`, async () => {
      assertNear(await detect(clip(name)), [speech]);
    });

  test("a reading with pauses: each clip where it is", async () => {
    const { samples, speech } = readingOf(kReading, 1000);
    assertNear(await detect(samples), speech);
  });

  test("speech without a pause for longer than an utterance may last is one segment", async () => {
    const parts = Array.from({ length: 6 }, () => clip("0890").subarray(300 * 16, 5000 * 16));
    const found = await detect(join16(...parts, silence(2000)));
    assertNear(found, [[0, 6 * 4700]]);
    const longer = await detect(join16(...parts, ...parts, silence(2000)));
    assertNear(longer, [[0, 12 * 4700]]);
  });

  test("what is no speech: silence, tones", async () => {
    assert.deepEqual(await detect(silence(5000)), []);
    assert.deepEqual(await detect(dtmf("1234567890", { toneMs: 200, gapMs: 100 })), []);
    assert.deepEqual(await detect(new Int16Array(0)), []);
  });

  test("another format", async () => {
    const answer = await send(await convert(wav(clip("0880")), "mp3"), "a.MP3");
    assert.equal(answer.status, 200, answer.text);
    assertNear(answer.json.segments, [kClips["0880"]!]);
  });

  test("bad requests are told as whoAsr does", async () => {
    const text = await send(wav(silence(100)), "a.txt");
    assert.equal(text.status, 400);
    assert.equal(typeof text.json.detail, "string");
    const nothing = await server().post("/vad/detect", form({ other: "1" }));
    assert.equal(nothing.status, 422);
    assert.deepEqual(nothing.json.detail[0].loc, ["body", "file"]);
    const noise = await send(Buffer.from("this is no audio at all"));
    assert.equal(noise.status, 500);
    assert.match(noise.json.detail, /^VAD processing failed: /);
  });

  test("/health tells that the model is loaded", async () => {
    const { services } = (await server().get("/health")).json;
    assert.equal(services.vad.loaded, true);
    assert.deepEqual(services.vad.api_endpoints, ["/vad/detect"]);
  });

  test("the engine dies: the next one goes on", async () => {
    await withServer({ models: ["tone", "silero"] }, async (own) => {
      const { samples, speech } = readingOf(kReading, 1000);
      const long = join16(...Array.from({ length: 20 }, () => samples));
      const [engine] = own.pids("engine", "silero");
      const answer = detect(long, own);
      await until("the engine listens", async () =>
        (await own.metrics()).sum("tutti_engine_streams") > 0);
      await killed(own, engine!);
      await successor(own, "engine", [engine!, ...own.pids("engine", "tone")]);
      const ms = (samples.length * 1000) / kRate;
      const copy = (n: number) => speech.map(([a, b]): Pair => [a + n * ms, b + n * ms]);
      // It begins without memory, which may move the next border.
      assertNear(await answer, Array.from({ length: 20 }, (_, n) => copy(n)).flat(), 500);
    });
  });
});

describe("live", { skip }, () => {
  test("starts and ends come as they are heard, in ms since the start", async () => {
    const client = await VadClient.open(server());
    const { samples, speech } = readingOf(["0880", "0930"], 1500);
    for (let cycle = 0; cycle < 2; ++cycle) {
      const messages = await client.cycle(samples);
      assert.deepEqual(messages[0], { type: "status", message: "VAD started" });
      assert.deepEqual(messages.at(-1), { type: "status", message: "VAD stopped" });
      assertNear(pairsOf(messages), speech);
      for (const result of messages.slice(1, -1)) {
        assert.deepEqual(Object.keys(result).sort(), ["is_final", "segments", "type"]);
        assert.equal(result.type, "vad_result");
        assert.equal(result.segments![0]!.filter((side) => side === -1).length, 1);
        assert.equal(result.is_final, false);
      }
    }
    await client.close();
  });

  test("a stop within speech ends it, as final", async () => {
    const client = await VadClient.open(server());
    const messages = await client.cycle(clip("0890").subarray(0, 3000 * 16));
    const results = messages.filter((one) => one.type === "vad_result");
    assert.equal(results.at(-1)!.is_final, true);
    assertNear(pairsOf(messages), [[kClips["0890"]![0], 3000]]);
    await client.close();
  });

  test("ping, unknown types and messages that cannot be read", async () => {
    const client = await VadClient.open(server());
    client.sendJson({ type: "whatever" });
    client.sendJson({ type: "ping" });
    await client.has("pong");
    assert.deepEqual(client.messages.all, [{ type: "pong" }]);
    client.sendJson({ type: "audio_chunk", data: "***" });
    await client.has("error");
    assertNear(pairsOf(await client.cycle(clip("0880"))), [kClips["0880"]!]);
    await client.close();
  });
});

// Loud bursts of noise, which energy alone takes for speech.
function bursts(count: number): Int16Array {
  let state = 1;
  const noise = new Int16Array(400 * 16).map(() => {
    state = (state * 48_271) % 2_147_483_647;
    return (state % 8000) - 4000;
  });
  return join16(...Array.from({ length: count }, () => join16(noise, background(900))));
}

async function utterances(of: TuttiServer): Promise<number> {
  return (await of.metrics()).sum("tutti_utterances_decoded_total");
}

async function segmentsOf(samples: Int16Array, to: TuttiServer): Promise<Segment[]> {
  const body = form({ model: "en-us", response_format: "verbose_json" }, { bytes: wav(samples) });
  const answer = await to.post("/v1/audio/transcriptions", { ...body, ms: 60_000 });
  assert.equal(answer.status, 200, answer.text);
  return answer.json.segments;
}

interface Segment {
  start: number; // s
  end: number;
  text: string;
}

describe("files are cut where the model hears speech", { skip }, () => {
  const own = useServer({ models: ["en-us", "silero"] });
  const before = bursts(4);
  const noisy = join16(before, clip("0880"), bursts(4));
  const at = before.length / kRate;
  const [start, end] = kClips["0880"]!.map((ms) => at + ms / 1000) as Pair;

  function assertOnlySpeech(segments: Segment[]): void {
    assert.equal(segments.length, 1, JSON.stringify(segments));
    const [only] = segments;
    assert.ok(only!.start > start - 0.5 && only!.end < end + 0.5, JSON.stringify(only));
    assert.match(only!.text, /young man/);
  }

  test("noise reaches no recogniser", async () => {
    const before = await utterances(own());
    assertOnlySpeech(await segmentsOf(noisy, own()));
    // One that was heard by the model, one that was recognised.
    assert.equal((await utterances(own())) - before, 2);
  });

  test("its engine is killed meanwhile: nothing is lost", async () => {
    const [engine] = own().pids("engine", "silero");
    const long = join16(...Array.from({ length: 4 }, () => join16(clip("0880"), background(900))));
    const answer = segmentsOf(long, own());
    await killed(own(), engine!);
    const text = (await answer).map((segment) => segment.text).join(" ");
    assert.equal([...text.matchAll(/young man/g)].length, 4, text);
    await successor(own(), "engine", [engine!, ...own().pids("engine", "en-us")]);
  });

  test("its engine does not answer: the file is cut by energy", async () => {
    const [engine] = own().pids("engine", "silero");
    await whileStopped(own(), [engine!], async () => {
      const text = (await segmentsOf(clip("0880"), own())).map((one) => one.text).join(" ");
      assert.match(text, /young man/);
    });
    assert.match(own().stderr, /is cut by energy from here on: the model 'silero' does not answer/);
    assertOnlySpeech(await segmentsOf(noisy, own()));
  });
});

// Seconds at which speech was told to begin in noise with one clip in it, and where it does.
async function startsIn(own: TuttiServer): Promise<{ starts: number[]; expected: number }> {
  const before = bursts(3);
  const client = await DeepgramClient.open(own, { vad_events: true });
  client.sendAudio(join16(before, clip("0880"), bursts(3)));
  await client.finish(60_000);
  assert.match(client.transcript(), /young man/);
  const starts = client.messages.all.flatMap((one) =>
    one.type === "SpeechStarted" ? [one.timestamp] : [],
  );
  return { starts, expected: before.length / kRate + kClips["0880"]![0] / 1000 };
}

test("live streams of a model with a vad are heard by it", { skip }, async () => {
  const toml = '[[model]]\nid = "en-us"\nvad = "silero"\n';
  await withConfig(toml, (config) =>
    withServer({ models: ["en-us", "silero"], flags: { config, "live-idle": 60 } }, async (own) => {
      const { starts, expected } = await startsIn(own);
      assert.equal(starts.length, 1, JSON.stringify(starts));
      assert.ok(Math.abs(starts[0]! - expected) < 0.5, JSON.stringify(starts));
    }),
  );
  await withServer({ models: ["en-us"] }, async (own) => {
    const client = await DeepgramClient.open(own, { vad_events: true });
    client.sendAudio(bursts(1));
    await client.messages.first("noise is speech by energy", (one) => one.type === "SpeechStarted");
    client.reset();
  });
});

test("a model may be told to hear by energy", { skip }, async () => {
  const toml = '[[model]]\nid = "en-us"\nvad = "none"\n';
  await withConfig(toml, (config) =>
    withServer({ models: ["en-us", "silero"], flags: { config } }, async (own) => {
      await segmentsOf(join16(bursts(4), clip("0880")), own);
      assert.ok((await utterances(own)) >= 4, "noise was recognised, too");
    }),
  );
});

test("an unloaded model: 503 with how to load it again, which works", { skip }, async () => {
  await withServer({ models: ["tone", "silero"] }, async (own) => {
    const unloaded = await own.post("/model/unload/vad", { body: "" });
    assert.equal(unloaded.json.success, true, unloaded.text);
    const refused = await until("a refusal", async () => {
      const answer = await send(wav(silence(100)), "a.wav", own);
      // Those that still know of an engine say that it does not answer.
      return answer.status === 503 && answer.json.detail.startsWith("VAD model not loaded") && answer;
    });
    assert.match(refused.json.detail, /'silero'.*tutti ctl load silero/);
    const [, path, body] = /POST (\S+) (\{.*\})$/.exec(refused.json.detail)!;
    const loaded = await own.post(path!, { headers: { "content-type": "application/json" }, body: body! });
    assert.equal(loaded.json.loaded, true, loaded.text);
    await until("an answer", async () => (await send(wav(silence(100)), "a.wav", own)).status === 200);
  });
});

test("without a model: 503 with how to load one, and a refused handshake", async () => {
  await withServer({ models: ["tone"] }, async (own) => {
    const answer = await send(wav(silence(100)), "a.wav", own);
    assert.equal(answer.status, 503);
    assert.match(answer.json.detail, /^VAD model not loaded.*silero/);
    const refusal = await refusedUpgrade(`${own.wsUrl}/vad/ws/x`);
    assert.equal(refusal.status, 403);
    assert.equal((await own.get("/health")).json.services.vad.loaded, false);
  });
});
