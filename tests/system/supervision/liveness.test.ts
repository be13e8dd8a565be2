// SPDX-License-Identifier: Apache-2.0
// Processes that stand still, and signals that are not for them.
import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { placeIn, statusIs, statusOf } from "../harness/control.ts";
import { signal, successor, withServer } from "../harness/faults.ts";
import type { Role } from "../harness/processes.ts";
import { keepsProcesses, type TuttiServer } from "../harness/server.ts";
import { finishAll, startCrowd } from "../harness/traffic.ts";
import { until } from "../harness/wait.ts";

const kLimitSeconds = 3;
const kWithin = (kLimitSeconds + 3) * 1000;
const kShortLimits = {
  "gateway-beat-limit": kLimitSeconds,
  "engine-beat-limit": kLimitSeconds,
  "scribe-beat-limit": kLimitSeconds,
};
// The supervisor sleeps for longer than any limit; the long run is the minute.
const kSleepMs = process.env["TUTTI_SOAK"] ? 60_000 : 8_000;

// The supervisor has looked at its children a few times more, and would have ended one by now.
async function ticked(server: TuttiServer): Promise<void> {
  const { uptime_seconds } = await statusOf(server);
  await statusIs(server, "some ticks", (status) => status.uptime_seconds > uptime_seconds + 4);
}

async function replacedWhenStopped(server: TuttiServer, role: Role): Promise<void> {
  const before = server.pids(role);
  const stopped = before[0]!;
  const begin = performance.now();
  signal(server, stopped, "SIGSTOP");
  await successor(server, role, before);
  const took = performance.now() - begin;
  assert.ok(took < kWithin, `replaced after ${took} ms`);
  assert.match(server.stderr, new RegExp(`pid=${stopped} hangs: no beat for \\d+ ms, phase ready`));
  assert.match(server.stderr, new RegExp(`fatal signal 6 in process ${stopped}\n`), "its stack");
  assert.ok((await server.metrics()).sum("tutti_process_hangs_total") >= 1);
}

for (const role of ["gateway", "engine", "scribe"] as const)
  test(`a ${role} that is stopped is replaced within its limit and 3 s`, async () => {
    const options = { flags: kShortLimits, expectedErrors: /hangs: no beat/ };
    await withServer(options, (server) => replacedWhenStopped(server, role));
  });

test("microphones notice a stopped engine only as a pause", async () => {
  const options = { flags: kShortLimits, expectedErrors: /hangs: no beat/ };
  await withServer(options, async (server) => {
    const crowd = await startCrowd(server, 10);
    await Promise.all(crowd.map((speaker) => speaker.hasFinals(1)));
    await replacedWhenStopped(server, "engine");
    await finishAll(crowd);
  });
});

test("a supervisor that slept kills nobody", async () => {
  await withServer({ flags: kShortLimits }, async (server) => {
    const before = server.lastingPids();
    process.kill(server.pid, "SIGSTOP");
    await pause(kSleepMs); // what is tested is the length of this sleep
    process.kill(server.pid, "SIGCONT");
    await ticked(server);
    assert.deepEqual(server.lastingPids(), before);
  });
});

test("a machine that slept: nobody is blamed for beats that could not come", async () => {
  await withServer({ flags: kShortLimits }, async (server) => {
    const before = server.lastingPids();
    // The supervisor first, so that it sees nobody else stop, and wakes to beats of long ago.
    for (const pid of [server.pid, ...before]) process.kill(pid, "SIGSTOP");
    await pause(kSleepMs);
    process.kill(server.pid, "SIGCONT");
    await statusOf(server); // it has looked at them
    for (const pid of before) process.kill(pid, "SIGCONT");
    await ticked(server);
    assert.deepEqual(server.lastingPids(), before);
    assert.equal((await server.get("/readyz")).status, 200);
  });
});

test("workers ignore signals that are for the supervisor", async () => {
  await withServer({}, async (server) => {
    await keepsProcesses(server, async () => {
      for (const pid of server.lastingPids())
        for (const name of ["SIGHUP", "SIGUSR2", "SIGWINCH"] as const) signal(server, pid, name);
      assert.equal((await server.get("/readyz")).status, 200);
      await statusOf(server);
      assert.equal((await server.get("/livez")).status, 200);
    });
  });
});

test("a place whose processes keep dying is failing; the others serve, and say so", async () => {
  await withServer({ gateways: 2, expectedErrors: /keeps failing/ }, async (server) => {
    for (let death = 1; death <= 5; ++death) {
      const [scribe] = await until("a scribe", () => {
        const pids = server.pids("scribe");
        return pids.length > 0 ? pids : undefined;
      });
      signal(server, scribe!, "SIGKILL");
      await statusIs(
        server,
        `death ${death}`,
        (status) => placeIn(status, "scribe 0").deaths === death,
      );
    }
    const place = placeIn(await statusOf(server), "scribe 0");
    assert.equal(place.state, "failing");
    assert.match(place.last_death, /signal 9 \(Killed\)/);
    const ready = await server.get("/readyz");
    assert.match(ready.text, /scribe/, "says which part is missing");
    assert.equal((await server.get("/livez")).status, 200);
  });
});
