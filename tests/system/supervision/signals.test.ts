// SPDX-License-Identifier: Apache-2.0
// Signals to the supervisor, as docs/operations.md lists them.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { placeIn, statusIs, statusOf, told, withEndingServer } from "../harness/control.ts";
import { withServer } from "../harness/faults.ts";
import { descendantsOf, isAlive } from "../harness/processes.ts";
import type { ServerOptions, TuttiServer } from "../harness/server.ts";
import { finishAll, startCrowd } from "../harness/traffic.ts";
import { until } from "../harness/wait.ts";

const send = (server: TuttiServer, name: NodeJS.Signals): void => {
  process.kill(server.pid, name);
};

const gatewaysAre = (server: TuttiServer, count: number) =>
  statusIs(server, `${count} gateways`, (status) => {
    const places = status.places.filter((place) => place.role === "gateway");
    return places.length === count && places.every((place) => place.state === "ready");
  });

test("TTIN and TTOU: one gateway more, one less, never none; microphones go on", async () => {
  await withServer({ gateways: 1 }, async (server) => {
    const crowd = await startCrowd(server, 5, { digitsEach: 30 });
    send(server, "SIGTTIN");
    await gatewaysAre(server, 2);
    await finishAll(crowd);
    send(server, "SIGTTOU");
    await gatewaysAre(server, 1);
    send(server, "SIGTTOU");
    await until("the refusal", () => /gateways stay as they are/.test(server.stderr));
    assert.equal((await server.get("/readyz")).status, 200);
  });
});

test("WINCH: no gateway takes clients; HUP brings them back", async () => {
  await withServer({}, async (server) => {
    send(server, "SIGWINCH");
    await statusIs(server, "no gateway", (status) =>
      status.state === "draining" && placeIn(status, "gateway 0").processes.length === 0,
    );
    send(server, "SIGHUP");
    await gatewaysAre(server, 2);
    assert.equal((await statusOf(server)).state, "ready");
    assert.equal((await server.get("/readyz")).status, 200);
  });
});

test("USR1: every process opens its log again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tutti-log-"));
  try {
    const log = join(folder, "log");
    const logged = (): string => (existsSync(log) ? readFileSync(log, "utf8") : "");
    await withServer({ flags: { "log-file": log, "log-level": "debug" } }, async (server) => {
      renameSync(log, log + ".1");
      send(server, "SIGUSR1");
      await until("the new log", () => logged().includes("opened again"));
      const crowd = await startCrowd(server, 4, { digitsEach: 10 });
      for (const speaker of crowd) speaker.stop();
      for (const speaker of crowd) speaker.client.socket.terminate();
      await until("lines of a gateway", () => / gateway\[\d+\] /.test(logged()));
      for (const line of logged().trimEnd().split("\n"))
        assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z \w+ \w+\[\d+\] ./, "a whole line");
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a log on a full disk stops nothing", async () => {
  await withServer({ flags: { "log-file": "/dev/full" } }, async (server) => {
    const crowd = await startCrowd(server, 3, { digitsEach: 20 });
    send(server, "SIGUSR1");
    await finishAll(crowd);
    assert.equal((await server.get("/readyz")).status, 200);
  });
});

test("USR2: a new server takes over", async () => {
  await withEndingServer(async (server) => {
    send(server, "SIGUSR2");
    const { pid } = await statusIs(server, "another server", (now) => now.pid !== server.pid);
    assert.equal(await server.ended(), 0);
    const family = descendantsOf(pid).map((one) => one.pid);
    assert.equal((await server.get("/readyz")).status, 200);
    await told(server, "stop");
    await until("its end", () => ![pid, ...family].some(isAlive));
  });
});

interface Stop {
  signals: NodeJS.Signals[];
  options?: ServerOptions;
  withinMs: number;
}

const kStops: Stop[] = [
  { signals: ["SIGTERM"], withinMs: 2_000 },
  { signals: ["SIGINT"], withinMs: 2_000 },
  { signals: ["SIGQUIT"], withinMs: 2_000 },
  { signals: ["SIGTERM", "SIGTERM", "SIGTERM"], withinMs: 2_000 },
];

for (const { signals, withinMs } of kStops)
  test(`${signals.join(", ")}: the server ends with 0 and leaves nothing`, async () => {
    await withEndingServer(async (server) => {
      const begin = performance.now();
      for (const name of signals) send(server, name);
      assert.equal(await server.ended(), 0);
      assert.ok(performance.now() - begin < withinMs);
      await server.checkNothingLeft();
    });
  });

test("QUIT under load: within its 2 s and a moment", async () => {
  await withEndingServer(async (server) => {
    const crowd = await startCrowd(server, 10);
    await Promise.all(crowd.map((speaker) => speaker.isSpeaking()));
    const begin = performance.now();
    send(server, "SIGQUIT");
    assert.equal(await server.ended(), 0);
    assert.ok(performance.now() - begin < 6_000);
    await server.checkNothingLeft();
    for (const speaker of crowd) assert.equal((await speaker.client.closed).code, 1012);
  });
});
