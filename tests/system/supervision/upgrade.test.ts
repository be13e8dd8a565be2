// SPDX-License-Identifier: Apache-2.0
// The binary upgrade: a new server takes over the sockets of the old one.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import test from "node:test";
import { withConfig } from "../harness/boot.ts";
import { Churn } from "../harness/churn.ts";
import { ctl, statusIs, statusOf, told, withEndingServer } from "../harness/control.ts";
import { withServer } from "../harness/faults.ts";
import { descendantsOf, isAlive } from "../harness/processes.ts";
import { until } from "../harness/wait.ts";

const kLoad = process.env["TUTTI_SOAK"]
  ? { requestsPerSecond: 500, streams: 500 }
  : { requestsPerSecond: 50, streams: 20 };

test("an upgrade and the way back fail no request and drop no stream", async () => {
  await withEndingServer(
    async (server) => {
      const churn = await Churn.start(server.url, kLoad);
      await until("speech", () => churn.finals > kLoad.streams / 2, { ms: 60_000 });
      const pids = [server.pid];
      // The second is the rollback: the same step with the program that was there before.
      for (const step of ["upgrade", "rollback"]) {
        await told(server, "upgrade");
        const status = await statusOf(server);
        assert.notEqual(status.pid, pids.at(-1), step);
        pids.push(status.pid);
        const heard = churn.finals;
        await until(`speech after the ${step}`, () => churn.finals > heard + kLoad.streams, {
          ms: 60_000,
        });
        await until(`the end of ${pids.at(-2)}`, () => !isAlive(pids.at(-2)!), { ms: 60_000 });
      }
      const { failed, dropped, ...counts } = await churn.stop();
      console.log(JSON.stringify({ ...kLoad, ...counts, failed: failed.length }));
      assert.deepEqual(failed.slice(0, 5), []);
      assert.deepEqual(dropped.slice(0, 5), []);
      const last = pids.at(-1)!;
      const family = descendantsOf(last).map((one) => one.pid);
      assert.equal(family.length, 4);
      await told(server, "stop");
      await until("the end of the last one", () => ![last, ...family].some(isAlive));
    },
    { flags: { "close-spread": 1 } },
  );
});

test("a new program that cannot start leaves the old server as it is", async () => {
  await withConfig('models = ["tone"]\n', async (path) => {
    const options = { flags: { config: path }, expectedErrors: /upgrade|cannot|prot/ };
    await withServer(options, async (server) => {
      const before = server.lastingPids();
      writeFileSync(path, "prot = 1\n");
      const { code, stderr } = await ctl(server, "upgrade");
      assert.equal(code, 1);
      assert.match(stderr, /the new server ended with exit code 78/);
      assert.deepEqual(server.lastingPids(), before);
      assert.equal((await server.get("/readyz")).status, 200);
    });
  });
});

test("a new server that crashes soon gives the old one its place back", async () => {
  // The killed one leaves its folder to the next start, as a killed server does.
  await withEndingServer(async (server) => {
    await told(server, "upgrade");
    const { pid } = await statusOf(server);
    assert.notEqual(pid, server.pid);
    process.kill(pid, "SIGKILL");
    await until("the old one serves again", () => server.stderr.includes("this one serves again"));
    await statusIs(server, "all are ready", (status) =>
      status.pid === server.pid && status.places.every((place) => place.state === "ready"),
    );
    assert.equal((await server.get("/readyz")).status, 200);
  });
});

test("an old server that dies during the upgrade leaves a serving new one", async () => {
  await withEndingServer(async (server) => {
    const upgrade = ctl(server, "upgrade");
    await until("the new server", () => /upgrade: .* starts as pid (\d+)/.test(server.stderr));
    const pid = Number(/starts as pid (\d+)/.exec(server.stderr)![1]);
    process.kill(server.pid, "SIGKILL");
    await upgrade;
    await statusIs(server, "it serves", (status) => status.pid === pid && status.state === "ready");
    assert.equal((await server.get("/readyz")).status, 200);
    const family = descendantsOf(pid).map((one) => one.pid);
    await told(server, "stop");
    await until("its end", () => ![pid, ...family].some(isAlive));
  });
});
