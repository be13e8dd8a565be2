// SPDX-License-Identifier: Apache-2.0
// web/client on Node's own WebSocket: it goes on by itself, whatever breaks its connections.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "node:test";
import { LiveStream, type LiveEvents, type Result } from "../../../web/client/src/index.ts";
import { bytesOf, digitSequence, dtmf, join16, silence, slices, spelt } from "../harness/audio.ts";
import { told } from "../harness/control.ts";
import { killed, successor } from "../harness/faults.ts";
import { useServer } from "../harness/server.ts";
import { TcpGate } from "../harness/tcp_gate.ts";
import { Inbox, within } from "../harness/wait.ts";

const server = useServer({ flags: { "close-spread": 0 } });
const kDigits = digitSequence(80);

type Event = { [K in keyof LiveEvents]: { name: K; event: LiveEvents[K] } }[keyof LiveEvents];

const kNames = ["opened", "partial", "final", "reconnecting", "resumed", "closed", "error"] as const;

// Says kDigits in utterances of ten, twice as fast as people do.
class Talk {
  readonly events = new Inbox<Event>();
  readonly stream: LiveStream;
  private readonly spoken: Promise<void>;

  constructor(url: string) {
    this.stream = new LiveStream({ url, sampleRate: 16_000 });
    for (const name of kNames)
      this.stream.on(name, (event) => this.events.push({ name, event } as Event));
    this.spoken = this.speak();
  }

  finals(): Result[] {
    return this.events.all.flatMap((one) => (one.name === "final" ? [one.event] : []));
  }
  has(name: Event["name"], count = 1): Promise<true> {
    const many = () => this.events.all.filter((one) => one.name === name).length >= count;
    return this.events.when(`${count} ${name}`, many, 30_000);
  }
  async finishExactly(): Promise<void> {
    await within(30_000, "the end of the speech", this.spoken);
    this.stream.finish();
    const end = await this.events.first(
      "the end",
      ({ name }) => name === "closed" || name === "error",
      30_000,
    );
    assert.equal(end.name, "closed", JSON.stringify(end));
    const words = this.finals().flatMap((final) => final.words);
    assert.equal(words.map((word) => word.text).join(" "), spelt(kDigits));
    words.forEach((word, index) => {
      const due = index * 0.1 + Math.floor(index / 10) * 0.9;
      assert.ok(Math.abs(word.start - due) < 0.06, `digit ${index} at ${word.start} s`);
    });
    assert.deepEqual(
      this.finals().map((final) => final.segment),
      this.finals().map((_, index) => index),
    );
  }

  private async speak(): Promise<void> {
    const parts: Int16Array[] = [];
    for (let at = 0; at < kDigits.length; at += 10)
      parts.push(dtmf(kDigits.slice(at, at + 10)), silence(900));
    const begin = performance.now();
    for (const [index, piece] of slices(bytesOf(join16(...parts)), { ms: 100 }).entries()) {
      const wait = begin + index * 50 - performance.now();
      if (wait > 0) await pause(wait);
      this.stream.send(piece);
    }
  }
}

test("its network is cut again and again", async () => {
  const gate = await TcpGate.open(server().port);
  try {
    const talk = new Talk(gate.wsUrl);
    for (const count of [1, 2, 3]) {
      await talk.has("final", count);
      gate.cut();
      await talk.has("resumed", count);
    }
    await talk.finishExactly();
    assert.ok(talk.events.all.some(({ name }) => name === "reconnecting"));
  } finally {
    gate.close();
  }
});

test("its gateway is killed, and the ones after it are replaced", async () => {
  const talk = new Talk(server().url);
  await talk.has("final");
  const gateways = server().pids("gateway");
  for (const pid of gateways) await killed(server(), pid);
  await talk.has("resumed");
  const first = await successor(server(), "gateway", gateways);
  await successor(server(), "gateway", [...gateways, first]);
  await told(server(), "reload");
  await talk.finishExactly();
});
