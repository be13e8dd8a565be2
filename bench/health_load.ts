// SPDX-License-Identifier: Apache-2.0
// What a waiting user and a speaking one notice while files take all the computing power there is:
// the latency of /health, and how steadily the text of a live stream goes on.
import http from "node:http";
import { availableParallelism } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import {
  bytesOf,
  join16,
  samplesOf,
  silence,
  slices,
  speak,
  wav,
} from "../tests/system/harness/audio.ts";
import { form } from "../tests/system/harness/http.ts";
import { DeepgramClient } from "../tests/system/harness/live.ts";
import type { TuttiServer } from "../tests/system/harness/server.ts";

export interface Latencies {
  count: number;
  p50: number; // ms, as all here
  p99: number;
  max: number;
}

export interface LiveFlow {
  partials: number;
  largestGap: number; // between two texts of one utterance, while speech goes on
  lastFinal: number; // from the last sample to its final text
  text: string;
}

export interface LoadReport {
  kept: Latencies; // one connection for all requests
  fresh: Latencies; // a connection for every request
  live: LiveFlow;
  files: number; // answered during the measurement
}

const kModel = "en-us";
const kKeptIntervalMs = 5;
const kFreshIntervalMs = 20;
const kMessageMs = 100;
const kBetweenSentencesMs = 150; // shorter than what ends an utterance
const kSpoken = [
  "she had a good day at the office",
  "they went to the market to buy some bread",
  "the children are playing in the garden",
  "he said that the train was late again",
  "the meeting will start in ten minutes",
];

// Twice as many files as there are threads to decode them, all the time.
export async function measureUnderLoad(server: TuttiServer, seconds: number): Promise<LoadReport> {
  const load = new FileLoad(server, 2 * availableParallelism());
  await load.isRunning();
  const before = load.answered;
  const end = performance.now() + seconds * 1000;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const [kept, fresh, live] = await Promise.all([
    probe(server, { agent, everyMs: kKeptIntervalMs, end }),
    probe(server, { agent: false, everyMs: kFreshIntervalMs, end }),
    listenUntil(server, end),
  ]);
  agent.destroy();
  const files = load.answered - before;
  await load.stop();
  return { kept, fresh, live, files };
}

// --- files ---------------------------------------------------------------------------------------

class FileLoad {
  answered = 0;
  private readonly server: TuttiServer;
  private readonly loops: Promise<void>[];
  private isStopping = false;

  constructor(server: TuttiServer, count: number) {
    this.server = server;
    this.loops = Array.from({ length: count }, () => this.keepPosting());
  }

  // The first answers show that the engines are warm and the queue is full behind them.
  async isRunning(): Promise<void> {
    while (this.answered < this.loops.length) await Promise.race([...this.loops, pause(50)]);
  }
  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.loops);
  }

  private async keepPosting(): Promise<void> {
    const bytes = wav(await spokenText(silence(1000)));
    const body = form({ model: kModel }, { bytes });
    while (!this.isStopping) {
      const answer = await this.server.post("/v1/audio/transcriptions", { ...body, ms: 300_000 });
      if (answer.status !== 200) throw new Error(`a file was answered: ${answer.text}`);
      ++this.answered;
    }
  }
}

async function spokenText(between: Int16Array): Promise<Int16Array> {
  const parts: Int16Array[] = [];
  for (const text of kSpoken) parts.push(samplesOf(await speak(text)), between);
  return join16(...parts);
}

// --- /health -------------------------------------------------------------------------------------

interface Probe {
  agent: http.Agent | false;
  everyMs: number;
  end: number;
}

async function probe(server: TuttiServer, { agent, everyMs, end }: Probe): Promise<Latencies> {
  const took: number[] = [];
  let next = performance.now();
  while (next < end) {
    await pause(Math.max(0, next - performance.now()));
    const begin = performance.now();
    await health(server.url, agent);
    took.push(performance.now() - begin);
    next = Math.max(next + everyMs, performance.now());
  }
  took.sort((a, b) => a - b);
  const at = (part: number) => took[Math.ceil(part * took.length) - 1] ?? NaN;
  return { count: took.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

function health(url: string, agent: http.Agent | false): Promise<void> {
  return new Promise((resolve, reject) => {
    const message = http.get(`${url}/health`, { agent }, (response) => {
      response.resume();
      response.once("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`/health was answered with ${response.statusCode}`));
      });
    });
    message.once("error", reject);
  });
}

// --- a microphone --------------------------------------------------------------------------------

// Speaks at the pace of speech until `end`, then stops in the middle of it.
async function listenUntil(server: TuttiServer, end: number): Promise<LiveFlow> {
  const client = await DeepgramClient.open(server, { model: kModel, interim_results: true });
  const arrivals: { at: number; isFinal: boolean; text: string }[] = [];
  client.socket.on("message", (data) => {
    const message = JSON.parse(String(data));
    if (message.type !== "Results") return;
    const text: string = message.channel.alternatives[0].transcript;
    arrivals.push({ at: performance.now(), isFinal: message.is_final, text });
  });
  const speech = await spokenText(silence(kBetweenSentencesMs));
  const pieces = slices(bytesOf(speech), { ms: kMessageMs });
  let next = performance.now();
  for (let n = 0; next < end; ++n, next += kMessageMs) {
    client.sendBytes(pieces[n % pieces.length]!);
    await pause(Math.max(0, next + kMessageMs - performance.now()));
  }
  const said = performance.now();
  await client.finish(60_000);
  const partials = arrivals.filter((one) => !one.isFinal && one.text !== "");
  let largestGap = 0;
  for (let n = 1; n < arrivals.length; ++n) {
    const [earlier, later] = [arrivals[n - 1]!, arrivals[n]!];
    const isWithin = !earlier.isFinal && later.at < said;
    if (isWithin) largestGap = Math.max(largestGap, later.at - earlier.at);
  }
  const lastFinal = (arrivals.findLast((one) => one.isFinal)?.at ?? NaN) - said;
  return { partials: partials.length, largestGap, lastFinal, text: client.transcript() };
}
