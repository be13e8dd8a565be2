// SPDX-License-Identifier: Apache-2.0
// A client that speaks faster than its engine listens is slowed down by TCP; nothing is dropped
// and the server keeps a bounded amount of its audio.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digitSequence, dtmf, kRate, spelt } from "../harness/audio.ts";
import { DeepgramClient } from "../harness/live.ts";
import { residentBytesOf } from "../harness/processes.ts";
import { useServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const kSeconds = 600; // 19 MB: more than the sockets' buffers hold
const kBacklogSeconds = 30; // what the server takes beyond what is decoded
const kMessageSeconds = 0.1;

// A supervisor that notices the stopped engine may replace it: then this proves the replay too.
const server = useServer({ models: ["tone"], gateways: 1, expectedErrors: /engine/ });

async function receivedSeconds(): Promise<number> {
  const metrics = await server().metrics();
  return metrics.sum("tutti_live_audio_samples_total") / kRate;
}

test("an engine at a standstill holds the client back; then each digit comes once", async () => {
  const digits = digitSequence(kSeconds * 10);
  const audio = dtmf(digits);
  const [gateway] = server().pids("gateway");
  const client = await DeepgramClient.open(server());
  const before = residentBytesOf(gateway!);
  const [engine] = server().pids("engine");
  process.kill(engine!, "SIGSTOP");
  try {
    client.sendAudio(audio, kMessageSeconds * 1000);
    await until("a full backlog", async () => (await receivedSeconds()) >= kBacklogSeconds);
    // Many requests later nothing more has been taken.
    for (let i = 0; i < 50; ++i)
      assert.ok((await receivedSeconds()) <= kBacklogSeconds + kMessageSeconds);
    const held = client.socket.bufferedAmount / (2 * kRate);
    assert.ok(held > kSeconds / 2, `only ${held} s are held back in the client`);
    const grown = residentBytesOf(gateway!) - before;
    assert.ok(grown < 32 << 20, `the gateway grew by ${grown} bytes`);
  } finally {
    process.kill(engine!, "SIGCONT");
  }
  const { metadata, closing } = await client.finish(60_000);
  assert.equal(closing.code, 1000);
  assert.equal(metadata.duration, kSeconds);
  assert.equal(client.transcript(), spelt(digits));
  assert.equal(await receivedSeconds(), kSeconds);
});

test("another client of the same gateway is served meanwhile", async () => {
  const greedy = await DeepgramClient.open(server());
  greedy.sendAudio(dtmf(digitSequence(3000)));
  const modest = await DeepgramClient.open(server());
  modest.sendAudio(dtmf("42"));
  await modest.finish();
  assert.equal(modest.transcript(), spelt("42"));
  greedy.reset();
});
