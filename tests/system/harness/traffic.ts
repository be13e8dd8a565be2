// SPDX-License-Identifier: Apache-2.0
// People speaking at once: live clients that stream digits at a steady pace, each with an exact
// transcript.
//
//   const crowd = await startCrowd(server, 40);
//   await Promise.all(crowd.map((speaker) => speaker.hasFinals(2)));    then something happens
//   for (const speaker of crowd) await speaker.finishExactly();
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { bytesOf, digitSequence, dtmf, join16, silence, slices, spelt } from "./audio.ts";
import { DeepgramClient } from "./live.ts";
import type { TuttiServer } from "./server.ts";
import { within } from "./wait.ts";

export interface SpeakerOptions {
  digits: string;
  groupSize?: number; // digits between two pauses; 10 unless given
  pauseMs?: number; // ends an utterance; 900 unless given
  speed?: number; // times real time; 2 unless given
  query?: Record<string, string | number | boolean>;
  sound?: (digits: string) => Int16Array; // dtmf unless given
  heardAs?: (transcript: string) => string; // what is compared
}

const kMessageMs = 100;

export class Speaker {
  readonly client: DeepgramClient;
  readonly expected: string;
  private readonly heardAs: (transcript: string) => string;
  private readonly sent: Promise<void>;
  private isStopped = false;

  static async start(server: TuttiServer, options: SpeakerOptions): Promise<Speaker> {
    const query = { interim_results: true, ...options.query };
    return new Speaker(await DeepgramClient.open(server, query), options);
  }

  private constructor(client: DeepgramClient, options: SpeakerOptions) {
    const { digits, groupSize = 10, pauseMs = 900, speed = 2, sound = dtmf } = options;
    this.heardAs = options.heardAs ?? ((transcript) => transcript);
    this.client = client;
    this.expected = spelt(digits);
    const parts: Int16Array[] = [];
    for (let at = 0; at < digits.length; at += groupSize)
      parts.push(sound(digits.slice(at, at + groupSize)), silence(pauseMs));
    this.sent = this.speak(join16(...parts), speed);
  }

  // Until `count` utterances were told as final.
  hasFinals(count: number, ms = 30_000): Promise<true> {
    const spoken = () => this.client.finals().filter((one) => one.duration > 0).length >= count;
    return this.client.messages.when(`${count} finals`, spoken, ms);
  }

  // In the middle of an utterance: partial text was told and is not yet final.
  isSpeaking(ms = 30_000): Promise<true> {
    const midway = () => this.client.results().at(-1)?.is_final === false;
    return this.client.messages.when("a partial", midway, ms);
  }

  // Everything is said, every digit was heard once and in order, and the farewell is regular.
  async finishExactly(ms = 60_000): Promise<void> {
    await within(ms, "the end of the speech", this.sent);
    const { closing } = await this.client.finish(ms);
    assert.equal(this.heardAs(this.client.transcript()), this.expected);
    assert.equal(closing.code, 1000, closing.reason);
  }

  // Says no more; the connection stays.
  stop(): void {
    this.isStopped = true;
  }

  private async speak(samples: Int16Array, speed: number): Promise<void> {
    const begin = performance.now();
    for (const [index, piece] of slices(bytesOf(samples), { ms: kMessageMs }).entries()) {
      const wait = begin + (index * kMessageMs) / speed - performance.now();
      if (wait > 0) await pause(wait);
      if (this.isStopped || this.client.socket.readyState !== this.client.socket.OPEN) return;
      this.client.sendBytes(piece);
    }
  }
}

// `count` speakers with different digits, begun one after the other.
export async function startCrowd(
  server: TuttiServer,
  count: number,
  options: Omit<SpeakerOptions, "digits"> & { digitsEach?: number } = {},
): Promise<Speaker[]> {
  const { digitsEach = 80, ...rest } = options;
  const all = digitSequence(count * digitsEach);
  const crowd: Speaker[] = [];
  for (let index = 0; index < count; ++index) {
    const digits = all.slice(index * digitsEach, (index + 1) * digitsEach);
    crowd.push(await Speaker.start(server, { digits, ...rest }));
  }
  return crowd;
}

// All of them; the failures of all are told, not the first alone.
export async function finishAll(crowd: Speaker[]): Promise<void> {
  const outcomes = await Promise.allSettled(crowd.map((speaker) => speaker.finishExactly()));
  const failures = outcomes.filter((outcome) => outcome.status === "rejected");
  const texts = failures.map((failure) => String(failure.reason));
  assert.equal(failures.length, 0, `${failures.length} of ${crowd.length} failed: ${texts[0]}`);
}
