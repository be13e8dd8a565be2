// SPDX-License-Identifier: Apache-2.0
// What a gateway does at its limits: connections, handshakes, requests, descriptors.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digitSequence, dtmf, wav } from "../harness/audio.ts";
import { metricIs, whileStopped, withServer } from "../harness/faults.ts";
import { form, RawConnection } from "../harness/http.ts";
import { DeepgramClient, refusedUpgrade } from "../harness/live.ts";
import { cpuSecondsOf } from "../harness/processes.ts";
import type { TuttiServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const kRequest = "GET /livez HTTP/1.1\r\nHost: test\r\n\r\n";

async function openAndAsk(server: TuttiServer): Promise<RawConnection> {
  const connection = await RawConnection.open(server.port);
  connection.write(kRequest);
  assert.equal((await connection.answer()).status, 200);
  return connection;
}

async function assertRefused(connection: RawConnection): Promise<void> {
  const answer = await connection.answer();
  assert.equal(answer.status, 503);
  assert.equal(answer.headers["retry-after"], "1");
  assert.equal(answer.headers["connection"], "close");
  assert.equal(answer.json.error.code, "busy");
  await connection.ended();
}

test("the connection after the last is told to come again, and a place that is left is taken", async () => {
  await withServer({ gateways: 1, flags: { "max-connections": 10 } }, async (server) => {
    const held: RawConnection[] = [];
    for (let n = 0; n < 10; ++n) held.push(await openAndAsk(server));
    const kOver = 30;
    for (let n = 0; n < kOver; ++n) {
      const over = await RawConnection.open(server.port);
      // It is still sending when it is refused.
      over.write("POST /v1/listen HTTP/1.1\r\nHost: test\r\nContent-Length: 60000\r\n\r\n");
      over.write(Buffer.alloc(60_000));
      await assertRefused(over);
      over.finish();
    }
    const upgrade = await refusedUpgrade(`${server.wsUrl}/v1/listen`);
    assert.equal(upgrade.status, 503);
    for (const one of held) {
      one.write(kRequest);
      assert.equal((await one.answer()).status, 200);
    }
    held.pop()!.finish();
    await until("a free place", async () => (await server.get("/livez")).status === 200);
    const refused = (await server.metrics()).sum("tutti_connections_refused_total");
    assert.ok(refused >= kOver + 1, `${refused} counted`);
    for (const one of held) one.finish();
    await metricIs(server, "tutti_http_connections", 1);
  });
});

test("connections that rest make room when places become scarce", async () => {
  await withServer({ gateways: 1, flags: { "max-connections": 10 } }, async (server) => {
    const held: RawConnection[] = [];
    for (let n = 0; n < 8; ++n) held.push(await openAndAsk(server));
    const began = performance.now();
    await openAndAsk(server); // may stay: when the others are gone there is room again
    await Promise.all(held.map((one) => one.ended(8_000)));
    const took = performance.now() - began;
    assert.ok(took > 3_000, `they were closed after ${took} ms`);
  });
});

test("whoever sends no request takes the places of newcomers only, and not for ever", async () => {
  const flags = { "max-handshakes": 5, "request-timeout": 2 };
  await withServer({ gateways: 1, flags }, async (server) => {
    const known = await openAndAsk(server);
    const silent: RawConnection[] = [];
    for (let n = 0; n < 3; ++n) silent.push(await RawConnection.open(server.port));
    for (let n = 0; n < 2; ++n) {
      const slow = await RawConnection.open(server.port);
      slow.write("GET /livez HTTP/1.1\r\n");
      silent.push(slow);
    }
    await assertRefused(await RawConnection.open(server.port));
    known.write(kRequest);
    assert.equal((await known.answer()).status, 200);
    await Promise.all(silent.map((one) => one.ended(8_000)));
    assert.equal((await server.get("/livez")).status, 200);
    known.finish();
  });
});

test("over the requests at once HTTP and upgrades are refused in their own words", async () => {
  const flags = { "max-requests-in-flight": 2 };
  await withServer({ gateways: 1, flags }, async (server) => {
    const upload = form({ model: "tone" }, { bytes: wav(dtmf(digitSequence(500))) });
    const live = await DeepgramClient.open(server);
    const answers = await whileStopped(server, server.pids("engine"), async () => {
      const busy = [0, 1].map(() => server.post("/v1/audio/transcriptions", upload));
      await metricIs(server, "tutti_http_requests_in_flight", 2);
      const openai = await server.post("/v1/audio/transcriptions", upload);
      assert.equal(openai.status, 503);
      assert.ok(openai.headers["retry-after"]);
      assert.equal(openai.json.error.code, "busy");
      const refusal = await refusedUpgrade(`${server.wsUrl}/v1/listen`);
      assert.equal(refusal.status, 503);
      assert.ok(refusal.headers["retry-after"]);
      assert.ok(JSON.parse(refusal.body).err_msg);
      const whoasr = await refusedUpgrade(`${server.wsUrl}/ws/someone`);
      assert.equal(whoasr.status, 503);
      assert.ok(JSON.parse(whoasr.body).detail);
      for (const path of ["/livez", "/readyz", "/health", "/metrics"])
        assert.equal((await server.get(path)).status, 200, path);
      assert.equal((await server.metrics()).sum("tutti_connections_refused_total"), 3);
      return busy;
    });
    for (const answer of answers) assert.equal((await answer).status, 200);
    live.sendAudio(dtmf("12"));
    await live.finish();
  });
});

test("out of descriptors a gateway waits without spinning and recovers", async () => {
  const kDescriptors = 64;
  const options = { gateways: 1, descriptors: kDescriptors, flags: { "max-connections": 500 } };
  await withServer(options, async (server) => {
    const [gateway] = server.pids("gateway");
    const many: RawConnection[] = [];
    for (let n = 0; n < 2 * kDescriptors; ++n) many.push(await RawConnection.open(server.port));
    await until("the shortage", () => server.stderr.includes("connections have to wait"));
    const before = { cpu: cpuSecondsOf(gateway!), at: performance.now() };
    const answered = many.filter((one) => !one.isEnded && one.received.length === 0).slice(0, 10);
    for (const one of answered) one.write(kRequest);
    for (const one of answered) assert.equal((await one.answer()).status, 200);
    await until("two seconds without descriptors", () => performance.now() - before.at > 2_000);
    const used = cpuSecondsOf(gateway!) - before.cpu;
    assert.ok(used < 0.3, `${used} s of CPU time`);
    const lines = server.stderr.match(/connections have to wait/g)!.length;
    assert.ok(lines <= 2 + (performance.now() - before.at) / 1000, `${lines} lines`);
    for (const one of many) one.finish();
    await until("a fresh connection is served", async () => {
      const answer = await server.get("/livez", { ms: 20_000 });
      return answer.status === 200;
    });
  });
});
