// SPDX-License-Identifier: Apache-2.0
// People whose connections break and who go on: each streams digits of which the times are known,
// comes back with the last token it was given, and in the end every digit was told exactly once.
//
//   const speaker = new ResumingSpeaker(() => gate.wsUrl, { digits });
//   await speaker.hasFinals(2);   then something happens
//   await speaker.finishExactly();
//
// A speaker stays connected until finishExactly() is called, however early everything was said.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { bytesOf, dtmf, join16, mulawOf, silence, spelt } from "./audio.ts";
import {
  DeepgramClient,
  type Closing,
  type DeepgramMessage,
  type DeepgramResults,
  type DeepgramResumePoint,
} from "./live.ts";
import { Inbox, within } from "./wait.ts";

export interface ResumingOptions {
  digits: string;
  groupSize?: number; // digits between two pauses; 10 unless given
  pauseMs?: number; // ends an utterance; 900 unless given
  speed?: number; // times real time; 2 unless given
  rate?: number; // 16000 unless given
  encoding?: "linear16" | "mulaw";
}

const kMessageMs = 70; // no divisor of a digit: breaks fall into tones as well
const kDigitMs = 100;
const kToleranceMs = 60; // of the engine's word times

export class ResumingSpeaker {
  // Over all connections, in the order they came.
  readonly messages = new Inbox<DeepgramMessage>();
  readonly closings: Closing[] = [];
  connections = 0; // that got as far as the opening message
  refusals = 0;
  client: DeepgramClient | undefined;
  private readonly options: Required<ResumingOptions>;
  private readonly url: () => string;
  private readonly audio: Buffer;
  private readonly begin = performance.now();
  private readonly ended: Promise<void>;
  private point: Pick<DeepgramResumePoint, "segment" | "offset" | "resume_token"> | undefined;
  private streamId = "";
  private isReleased = false;

  constructor(url: () => string, options: ResumingOptions) {
    this.options = {
      groupSize: 10,
      pauseMs: 900,
      speed: 2,
      rate: 16_000,
      encoding: "linear16",
      ...options,
    };
    this.url = url;
    this.audio = this.speech();
    this.ended = this.run();
    this.ended.catch(() => undefined); // told by finishExactly
  }

  finals(): DeepgramResults[] {
    return this.messages.all.filter(
      (message): message is DeepgramResults => message.type === "Results" && message.is_final,
    );
  }

  // Until `count` utterances were told as final.
  async hasFinals(count: number, ms = 30_000): Promise<void> {
    const spoken = () => this.finals().filter((one) => one.duration > 0).length >= count;
    await this.messages.when(`${count} finals`, spoken, ms);
  }

  // In the middle of an utterance: a partial came last. Or everything was told by now.
  async isSpeaking(ms = 30_000): Promise<void> {
    const midway = () => {
      const last = this.messages.all.at(-1);
      return (last?.type === "Results" && !last.is_final) || this.hasToldAll();
    };
    await this.messages.when("a partial", midway, ms);
  }

  private hasToldAll(): boolean {
    const words = this.finals().flatMap((one) => one.channel.alternatives[0]!.words);
    return words.length >= this.options.digits.length;
  }

  // Every digit once, in order and at its time; every segment once, in order.
  async finishExactly(ms = 60_000): Promise<void> {
    this.isReleased = true;
    await within(ms, "the end of the speech", this.ended);
    const words = this.finals().flatMap((one) => one.channel.alternatives[0]!.words);
    assert.equal(words.map((one) => one.word).join(" "), spelt(this.options.digits));
    words.forEach((word, index) => {
      const off = Math.abs(word.start * 1000 - this.timeOf(index));
      assert.ok(off <= kToleranceMs, `digit ${index} at ${word.start} s, ${off} ms off`);
    });
    assert.deepEqual(
      this.finals().map((one) => one.segment),
      this.finals().map((_, index) => index),
    );
    let end = 0;
    for (const { start, duration } of this.finals()) {
      assert.ok(start >= end - 0.0005, `a window from ${start} s after one up to ${end} s`);
      end = start + duration;
    }
  }

  private get bytesPerSample(): number {
    return this.options.encoding === "mulaw" ? 1 : 2;
  }

  private speech(): Buffer {
    const { digits, groupSize, pauseMs, rate, encoding } = this.options;
    const parts: Int16Array[] = [];
    for (let at = 0; at < digits.length; at += groupSize)
      parts.push(dtmf(digits.slice(at, at + groupSize), { rate }), silence(pauseMs, rate));
    const samples = join16(...parts);
    return encoding === "mulaw" ? mulawOf(samples) : bytesOf(samples);
  }

  private timeOf(index: number): number {
    const { groupSize, pauseMs } = this.options;
    return index * kDigitMs + Math.floor(index / groupSize) * pauseMs;
  }

  private async run(): Promise<void> {
    for (;;) {
      this.client = await this.connect();
      const closing = await this.speak(this.client);
      this.closings.push(closing);
      if (closing.code === 1000) return;
      assert.ok([1006, 1012].includes(closing.code), `closed with ${closing.code} ${closing.reason}`);
    }
  }

  private async connect(): Promise<DeepgramClient> {
    const { rate, encoding } = this.options;
    const query = { encoding, sample_rate: rate, interim_results: true, resume: true };
    const protocols = this.point ? ["tutti.resume", this.point.resume_token] : [];
    const deadline = performance.now() + 30_000;
    for (;;) {
      try {
        return await DeepgramClient.open({ wsUrl: this.url() }, query, { protocols });
      } catch (error) {
        if (performance.now() > deadline) throw error;
        ++this.refusals;
        await pause(50);
      }
    }
  }

  private async speak(client: DeepgramClient): Promise<Closing> {
    client.socket.on("message", (data) => this.hear(JSON.parse(String(data)) as DeepgramMessage));
    const known = this.point;
    for (const message of client.messages.all) this.hear(message);
    const opening = client.messages.first("the opening message", () => true);
    const first = await opening.catch((error: unknown) => {
      if (client.socket.readyState === client.socket.OPEN) throw error;
    });
    if (!first) return client.closed; // broken before it
    assert.equal(first.type, "ResumePoint");
    if (known) assert.equal(first.segment, known.segment);
    if (known) assert.equal(first.offset, known.offset);
    ++this.connections;
    void this.send(client, first.offset * this.bytesPerSample);
    return client.closed;
  }

  private hear(message: DeepgramMessage): void {
    if (message.type === "ResumePoint") {
      if (this.streamId) assert.equal(message.stream_id, this.streamId);
      this.streamId = message.stream_id;
      this.point = message;
    }
    if (message.type === "Results" && message.is_final) {
      assert.ok(message.resume_token, "a final without a token");
      this.point = {
        segment: message.segment! + 1,
        offset: message.offset!,
        resume_token: message.resume_token,
      };
    }
    this.messages.push(message);
  }

  // What the microphone has heard by now, from `at` on, and then at its pace.
  private async send(client: DeepgramClient, at: number): Promise<void> {
    const { rate, speed } = this.options;
    const size = Math.round((rate * kMessageMs) / 1000) * this.bytesPerSample;
    for (; at < this.audio.length; at += size) {
      const due = this.begin + ((at / size) * kMessageMs) / speed;
      if (due > performance.now()) await pause(due - performance.now());
      if (client.socket.readyState !== client.socket.OPEN) return;
      client.sendBytes(this.audio.subarray(at, at + size));
    }
    while (!this.isReleased) {
      if (client.socket.readyState !== client.socket.OPEN) return;
      client.sendJson({ type: "KeepAlive" });
      await pause(200);
    }
    if (client.socket.readyState === client.socket.OPEN) client.sendJson({ type: "CloseStream" });
  }
}

// All of them; the failures of all are told, not the first alone.
export async function finishAllResumed(crowd: ResumingSpeaker[]): Promise<void> {
  const outcomes = await Promise.allSettled(crowd.map((speaker) => speaker.finishExactly()));
  const failures = outcomes.filter((outcome) => outcome.status === "rejected");
  const texts = failures.map((failure) => String(failure.reason));
  assert.equal(failures.length, 0, `${failures.length} of ${crowd.length} failed: ${texts[0]}`);
}
