// SPDX-License-Identifier: Apache-2.0
// Live streams that outlive their connections: whatever breaks them, every digit is told exactly
// once, in order, at its time on the stream's clock.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { digitSequence } from "../harness/audio.ts";
import { told } from "../harness/control.ts";
import { gatewayOf, killed, localPortOf, metricIs, withServer } from "../harness/faults.ts";
import { finishAllResumed, ResumingSpeaker, type ResumingOptions } from "../harness/resume.ts";
import { TuttiServer, useServer } from "../harness/server.ts";
import { TcpGate } from "../harness/tcp_gate.ts";
import { until } from "../harness/wait.ts";

function crowd(
  url: () => string,
  count: number,
  options: Partial<ResumingOptions> = {},
): ResumingSpeaker[] {
  const kDigits = 60;
  const all = digitSequence(count * kDigits);
  return Array.from({ length: count }, (_, index) => {
    const digits = all.slice(index * kDigits, (index + 1) * kDigits);
    return new ResumingSpeaker(url, { digits, ...options });
  });
}

// Cuts all connections, and waits until everybody has a new one.
async function cut(gate: TcpGate, speakers: ResumingSpeaker[]): Promise<void> {
  const connections = speakers.map((speaker) => speaker.connections);
  gate.cut();
  await until("everybody is back", () =>
    speakers.every((speaker, index) => speaker.connections > connections[index]!),
  );
}

describe("one server", () => {
  const server = useServer({ flags: { "close-spread": 1 } });

  async function withGate(work: (gate: TcpGate) => Promise<void>): Promise<void> {
    const gate = await TcpGate.open(server().port);
    try {
      await work(gate);
    } finally {
      gate.close();
    }
  }

  test("the network is cut again and again, within words and between them", () =>
    withGate(async (gate) => {
      const before = (await server().metrics()).sum("tutti_live_resumes_total");
      const speakers = crowd(() => gate.wsUrl, 6);
      await Promise.all(speakers.map((speaker) => speaker.isSpeaking()));
      for (const finals of [0, 1, 2, 3]) {
        await Promise.all(speakers.map((speaker) => speaker.hasFinals(finals)));
        if (finals % 2 === 0) await speakers[finals]!.isSpeaking();
        await cut(gate, speakers);
      }
      await finishAllResumed(speakers);
      for (const speaker of speakers) assert.equal(speaker.closings.at(-1)!.code, 1000);
      const resumes = (await server().metrics()).sum("tutti_live_resumes_total") - before;
      const connections = speakers.reduce((sum, speaker) => sum + speaker.connections, 0);
      assert.ok(connections >= 5 * speakers.length, `${connections} connections`);
      assert.ok(resumes >= connections - speakers.length, `${resumes} resumes`);
    }));

  for (const format of [
    { encoding: "linear16", rate: 44_100 },
    { encoding: "linear16", rate: 48_000 },
    { encoding: "mulaw", rate: 8_000 },
  ] as const)
    test(`offsets are samples of ${format.encoding} at ${format.rate} Hz`, () =>
      withGate(async (gate) => {
        const speakers = crowd(() => gate.wsUrl, 2, { ...format, digits: digitSequence(40) });
        for (const finals of [1, 2]) {
          await Promise.all(speakers.map((speaker) => speaker.hasFinals(finals)));
          await speakers[0]!.isSpeaking();
          await cut(gate, speakers);
        }
        await finishAllResumed(speakers);
        for (const speaker of speakers) assert.ok(speaker.connections >= 3);
      }));

  test("a gateway is killed: its streams go on at another or its successor", async () => {
    const speakers = crowd(() => server().wsUrl, 8);
    await Promise.all(speakers.map((speaker) => speaker.hasFinals(1)));
    await speakers[0]!.isSpeaking();
    const victim = await gatewayOf(server(), localPortOf(speakers[0]!.client!));
    await killed(server(), victim);
    await finishAllResumed(speakers);
    assert.ok(speakers[0]!.closings.some((closing) => closing.code === 1006));
    await metricIs(server(), "tutti_engine_streams", 0);
  });

  test("gateways are replaced: told to come again, they do", async () => {
    const speakers = crowd(() => server().wsUrl, 8);
    await Promise.all(speakers.map((speaker) => speaker.hasFinals(1)));
    for (const place of ["0", "1"]) await told(server(), "restart", "gateway", place);
    await until("everybody was told to come again", () =>
      speakers.every((speaker) => speaker.closings.some((closing) => closing.code === 1012)),
    );
    await finishAllResumed(speakers);
  });
});

test("a drain that waits for nobody cuts no word in two", () =>
  withServer({ flags: { "close-spread": 0, "drain-timeout": 2 } }, async (server) => {
    // No pauses: the only ends of utterances are those that a drain would make.
    const speech = { digits: digitSequence(120), groupSize: 120, speed: 1 };
    const speakers = crowd(() => server.wsUrl, 6, speech);
    await Promise.all(speakers.map((speaker) => speaker.isSpeaking()));
    await told(server, "reload");
    await until("everybody was told to come again", () =>
      speakers.every((speaker) => speaker.closings.length > 0),
    );
    await finishAllResumed(speakers);
    for (const speaker of speakers) {
      assert.equal(speaker.closings[0]!.code, 1012);
      const spoken = speaker.finals().filter((one) => one.channel.alternatives[0]!.words.length > 0);
      assert.equal(spoken.length, 1, "the utterance was heard as a whole");
    }
  }));

test("the whole server is killed and another one started in its place", async () => {
  const state = mkdtempSync(join(tmpdir(), "tutti-state-"));
  const flags = { "state-dir": state };
  const first = await TuttiServer.start({ flags });
  const gate = await TcpGate.open(first.port);
  try {
    const speakers = crowd(() => gate.wsUrl, 6);
    await Promise.all(speakers.map((speaker) => speaker.hasFinals(1)));
    await first.kill();
    await withServer({ flags }, async (second) => {
      gate.target = second.port;
      await finishAllResumed(speakers);
      const resumes = (await second.metrics()).sum("tutti_live_resumes_total");
      assert.ok(resumes >= speakers.length, `${resumes} resumes`);
    });
  } finally {
    await first.kill();
    gate.close();
    rmSync(state, { recursive: true });
  }
});
