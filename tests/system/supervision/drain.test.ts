// SPDX-License-Identifier: Apache-2.0
// How a gateway ends: not ready first, requests and utterances are finished, everybody else is told
// to come again, evenly spread; and nothing that was said is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digitSequence, dtmf, join16, silence, spelt, wav } from "../harness/audio.ts";
import { withEndingServer } from "../harness/control.ts";
import { killed, metricIs, signal, successor, whileStopped, withServer } from "../harness/faults.ts";
import { form, RawConnection } from "../harness/http.ts";
import { DeepgramClient, WhoasrClient } from "../harness/live.ts";
import { isAlive } from "../harness/processes.ts";
import type { ServerOptions, TuttiServer } from "../harness/server.ts";
import { Speaker } from "../harness/traffic.ts";
import { until } from "../harness/wait.ts";

const kReady = "GET /readyz HTTP/1.1\r\nHost: test\r\n\r\n";
const kComeAgain = /^NET-0000 the server restarts/;

// A server whose end is part of the work.
async function untilStopped(
  options: ServerOptions,
  work: (server: TuttiServer) => Promise<void>,
): Promise<void> {
  await withEndingServer(async (server) => {
    await work(server);
    assert.equal(await server.ended(30_000), 0, server.stderr);
    await server.checkNothingLeft();
  }, options);
}

async function keptConnection(server: TuttiServer): Promise<RawConnection> {
  const connection = await RawConnection.open(server.port);
  connection.write(kReady);
  const answer = await connection.answer();
  assert.equal(answer.status, 200);
  assert.notEqual(answer.headers["connection"], "close");
  return connection;
}

async function isToldToClose(connection: RawConnection): Promise<void> {
  connection.write(kReady);
  const answer = await connection.answer();
  assert.equal(answer.status, 503);
  assert.equal(answer.headers["connection"], "close");
  await connection.ended();
}

// Someone who has spoken, was answered, and is quiet now.
async function quietClient(server: TuttiServer): Promise<DeepgramClient> {
  const client = await DeepgramClient.open(server);
  client.sendAudio(join16(dtmf("5"), silence(1000)));
  await client.heard("5");
  return client;
}

async function gatewayEnds(server: TuttiServer, pid: number, ms: number): Promise<void> {
  await until(`the end of gateway ${pid}`, () => !isAlive(pid), { ms });
  const line = new RegExp(`pid=${pid} ended with (.*);`);
  const told = await until("its exit code in the log", () => line.exec(server.stderr));
  assert.equal(told[1], "exit code 0");
}

test("a stop says not ready, serves on for a while, and lets requests finish", async () => {
  const flags = { "pre-stop": 2, "close-spread": 1 };
  await untilStopped({ gateways: 1, flags }, async (server) => {
    const early = await keptConnection(server);
    const late = await keptConnection(server);
    const digits = digitSequence(3000);
    const upload = form({ model: "tone" }, { bytes: wav(dtmf(digits)) });
    const { answer } = await whileStopped(server, server.pids("engine"), async () => {
      const upstream = server.post("/v1/audio/transcriptions", upload);
      await metricIs(server, "tutti_jobs_running", 1);
      server.terminate();
      await until("not ready", async () => (await server.get("/readyz")).status === 503);
      await isToldToClose(early);
      // Whoever comes now is served, and told to come again like all others.
      const client = await DeepgramClient.open(server);
      const { code, reason } = await client.closing();
      assert.equal(code, 1012);
      assert.match(reason, kComeAgain);
      // It did not know yet, and is answered once more.
      await isToldToClose(late);
      return { answer: upstream };
    });
    const { status, headers, json } = await answer;
    assert.equal(status, 200);
    assert.equal(headers["connection"], "close");
    assert.equal(json.text, spelt(digits));
  });
});

test("quiet streams are told to come again, spread over the time for it", async () => {
  const kSpreadSeconds = 4;
  const flags = { "close-spread": kSpreadSeconds, "stop-timeout": 20, "live-idle": 60 };
  await untilStopped({ gateways: 2, flags }, async (server) => {
    const clients: DeepgramClient[] = [];
    for (let n = 0; n < 40; ++n) clients.push(await quietClient(server));
    const whoasr = await WhoasrClient.open(server);
    const began = performance.now();
    server.terminate();
    const times = await Promise.all(
      clients.map(async (client) => {
        const { code, reason } = await client.closing();
        assert.equal(code, 1012);
        assert.match(reason, kComeAgain);
        return performance.now() - began;
      }),
    );
    assert.equal((await whoasr.closing()).code, 1012);
    const errors = whoasr.messages.all.filter((one) => one.type === "error");
    assert.match(errors.at(-1)!.message, /restarts; connect again/);
    const half = (kSpreadSeconds * 1000) / 2;
    const early = times.filter((at) => at < half).length;
    assert.ok(early >= 5 && early <= 35, `${early} of 40 in the first half: ${times}`);
    assert.ok(Math.max(...times) < kSpreadSeconds * 1000 + 1000, `${Math.max(...times)} ms`);
  });
});

test("whoever speaks goes on to the end of the utterance and gets its final first", async () => {
  await withServer({ gateways: 2 }, async (server) => {
    const quiet: DeepgramClient[] = [];
    for (let n = 0; n < 6; ++n) quiet.push(await quietClient(server));
    const digits = digitSequence(90);
    const speakers: Speaker[] = [];
    for (let n = 0; n < 6; ++n)
      speakers.push(await Speaker.start(server, { digits, groupSize: 45, pauseMs: 3000, speed: 1 }));
    await Promise.all(speakers.map((one) => one.isSpeaking()));
    const before = server.pids("gateway");
    for (const pid of before) signal(server, pid, "SIGTERM");
    for (const client of quiet) assert.equal((await client.closing(3_000)).code, 1012);
    for (const { client } of speakers) {
      const { code, reason } = await client.closing(20_000);
      assert.equal(code, 1012);
      assert.match(reason, kComeAgain);
      assert.equal(client.transcript(), spelt(digits.slice(0, 45)));
      assert.equal(client.finals().at(-1)!.speech_final, true);
    }
    for (const pid of before) await gatewayEnds(server, pid, 5_000);
    await successor(server, "gateway", before);
  });
});

test("at the limit a speaker is interrupted, and what was heard is told", async () => {
  await withServer({ gateways: 1 }, async (server) => {
    const digits = digitSequence(280);
    const speaker = await Speaker.start(server, { digits, groupSize: 280, speed: 1 });
    await speaker.isSpeaking();
    await speaker.client.messages.when("2 s of speech", () =>
      (speaker.client.results().at(-1)?.duration ?? 0) >= 2,
    );
    const [gateway] = server.pids("gateway");
    const began = performance.now();
    signal(server, gateway!, "SIGQUIT");
    const { code } = await speaker.client.closing(4_000);
    const took = performance.now() - began;
    assert.equal(code, 1012);
    assert.ok(took > 1_000 && took < 2_500, `closed after ${took} ms`);
    await gatewayEnds(server, gateway!, 3_000);
    const heard = speaker.client.transcript();
    assert.ok(speaker.expected.startsWith(heard), heard);
    // All that was sent until shortly before, not the last final alone.
    const windows = speaker.client.finals().reduce((sum, one) => sum + one.duration, 0);
    assert.ok(windows > 3, `${windows} s were told`);
    assert.ok(Math.abs(heard.length / 2 - windows * 10) <= 3, `${heard.length / 2} in ${windows} s`);
    await successor(server, "gateway", [gateway!]);
  });
});

test("what is left at the limit is cut off, and the gateway ends well", async () => {
  await withServer({ gateways: 1 }, async (server) => {
    const upload = form({ model: "tone" }, { bytes: wav(dtmf(digitSequence(3000))) });
    const [gateway] = server.pids("gateway");
    const kept = await keptConnection(server);
    const client = await DeepgramClient.open(server);
    await whileStopped(server, server.pids("engine"), async () => {
      const answer = server.post("/v1/audio/transcriptions", upload);
      const cut = assert.rejects(answer);
      await metricIs(server, "tutti_jobs_running", 1);
      client.sendAudio(dtmf(digitSequence(20)));
      await metricIs(server, "tutti_live_streams", 1);
      signal(server, gateway!, "SIGTERM");
      signal(server, gateway!, "SIGQUIT"); // in a hurry now
      assert.equal((await client.closing(4_000)).code, 1012);
      await gatewayEnds(server, gateway!, 4_000);
      await cut;
      await kept.ended();
    });
    await successor(server, "gateway", [gateway!]);
  });
});

test("a replaced gateway waits for its clients, however long they stay", async () => {
  const flags = { "max-requests": 20, "recycle-jitter": 0, "live-idle": 60 };
  await withServer({ gateways: 1, flags }, async (server) => {
    const client = await quietClient(server);
    const [old] = server.pids("gateway");
    const kept = await keptConnection(server);
    for (let n = 0; n < 20; ++n) await server.get("/livez");
    const next = await successor(server, "gateway", [old!]);
    await kept.ended(8_000);
    client.sendAudio(join16(dtmf("78"), silence(1000)));
    await client.heard("5 7 8");
    assert.ok(isAlive(old!) && isAlive(next));
    await client.finish();
    await gatewayEnds(server, old!, 3_000);
  });
});

test("a place that keeps failing shows in /readyz, which stays ready", async () => {
  await withServer({ scribes: 2, expectedErrors: /keeps failing/ }, async (server) => {
    const kDeaths = 5;
    let victim = server.pids("scribe")[0]!;
    for (let n = 0; n < kDeaths; ++n) {
      const before = server.pids("scribe");
      await killed(server, victim);
      if (n < kDeaths - 1) victim = await successor(server, "scribe", before); // of the same place
    }
    const degraded = await until("a degraded node", async () => {
      const answer = await server.get("/readyz");
      assert.equal(answer.status, 200);
      return answer.json.degraded;
    });
    assert.equal(degraded.length, 1);
    assert.match(degraded[0], /^scribe [01]$/);
  });
});
