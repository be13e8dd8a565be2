// SPDX-License-Identifier: Apache-2.0
// Reloads under load, and reloads that must not take effect. TUTTI_SOAK=1 makes the storm the long
// one: 100 reloads under 500 requests a second and 500 live streams.
import assert from "node:assert/strict";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { withConfig } from "../harness/boot.ts";
import { Churn } from "../harness/churn.ts";
import { ctl, pidsIn, statusIs, statusOf, told, withEndingServer } from "../harness/control.ts";
import { withServer } from "../harness/faults.ts";
import { descriptorsOf } from "../harness/processes.ts";
import { kPrograms, type TuttiServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const kStorm = process.env["TUTTI_SOAK"]
  ? { reloads: 100, requestsPerSecond: 500, streams: 500 }
  : { reloads: 6, requestsPerSecond: 50, streams: 20 };

const residentKib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);

async function reloaded(server: TuttiServer, generation: number): Promise<void> {
  await told(server, "reload");
  const status = await statusOf(server);
  assert.equal(status.generation, generation);
  assert.equal(status.last_reload?.ok, true);
}

test("a storm of reloads fails no request and drops no stream", async () => {
  const flags = { "close-spread": 1 };
  await withServer({ flags }, async (server) => {
    const churn = await Churn.start(server.url, kStorm);
    await until("speech", () => churn.finals > kStorm.streams / 2, { ms: 60_000 });
    await reloaded(server, 2);
    const before = { fds: descriptorsOf(server.pid).length, rss: residentKib(server.pid) };
    for (let count = 1; count <= kStorm.reloads; ++count) await reloaded(server, count + 2);
    const heard = churn.finals;
    await until("speech after the storm", () => churn.finals > heard + kStorm.streams / 2, {
      ms: 60_000,
    });
    const outcome = await churn.stop();
    const { failed, dropped, ...counts } = outcome;
    console.log(JSON.stringify({ ...kStorm, ...counts, failed: failed.length }));
    assert.deepEqual(failed.slice(0, 5), []);
    assert.deepEqual(dropped.slice(0, 5), []);
    assert.ok(outcome.reconnects > 0, "streams were told to come again");
    // The old processes go; then nothing of them is left at the supervisor.
    await statusIs(server, "the old processes are gone", (status) => pidsIn(status).length === 4, 60_000);
    await until("no more descriptors than before", () => descriptorsOf(server.pid).length <= before.fds);
    const grown = residentKib(server.pid) - before.rss;
    assert.ok(grown < 2048, `the supervisor grew by ${grown} KiB`);
  });
});

test("a configuration that cannot be read changes nothing, and shows", async () => {
  await withConfig('models = ["tone"]\n', async (path) => {
    const options = { flags: { config: path }, expectedErrors: /the reload failed/ };
    await withServer(options, async (server) => {
      const before = pidsIn(await statusOf(server));
      for (const [text, why] of [
        ["prot = 1\n", /prot is not a setting/],
        ["models = [", /parsing array/],
        ["backlog = 7\n", /backlog cannot change while the server runs/],
      ] as const) {
        writeFileSync(path, text);
        const { code, stderr } = await ctl(server, "reload");
        assert.equal(code, 1, text);
        assert.match(stderr, why);
        const status = await statusOf(server);
        assert.equal(status.last_reload?.ok, false);
        assert.match(status.last_reload!.error, why);
        assert.deepEqual(pidsIn(status), before, "no process was replaced");
      }
    });
  });
});

test("a model that does not start is a reload that did not happen", async () => {
  await withConfig("scribes = 1\n", async (path) => {
    const options = {
      flags: { config: path, models: "tone,en-us" },
      models: ["tone", "en-us"],
      expectedErrors: /the reload failed|cannot be loaded/,
      startMs: 60_000,
    };
    await withServer(options, async (server) => {
      const before = pidsIn(await statusOf(server));
      writeFileSync(path, '[[model]]\nid = "en-us"\ndirectory = "/nonexistent/en-us"\n');
      const { code, stderr } = await ctl(server, "reload");
      assert.equal(code, 1);
      assert.match(stderr, /engine en-us 0/);
      await statusIs(server, "the new processes are gone", (status) =>
        JSON.stringify(pidsIn(status)) === JSON.stringify(before),
      );
      assert.equal((await server.get("/readyz")).status, 200);
      // HUP asks for the same.
      writeFileSync(path, "gateways = 2\n");
      process.kill(server.pid, "SIGHUP");
      await statusIs(server, "the reload by signal", (status) => status.generation === 2, 60_000);
    });
  });
});

test("TERM in the middle of a reload ends the server at once", async () => {
  await withConfig("", async (path, folder) => {
    await withEndingServer(
      async (server) => {
        // Engines that never become ready keep the reload in its middle.
        for (const name of ["tutti", "tutti-decode"])
          symlinkSync(join(kPrograms, name), join(folder, name));
        writeFileSync(join(folder, "tutti-engine-tone"), "#!/bin/sh\nexec sleep 1000\n", {
          mode: 0o755,
        });
        writeFileSync(path, `program_dir = "${folder}"\n`);
        const reload = ctl(server, "reload");
        await until("the new processes", () => server.processes().length > 4);
        server.terminate();
        assert.equal(await server.ended(), 0);
        assert.equal((await reload).code, 1);
        await server.checkNothingLeft();
      },
      { flags: { config: path } },
    );
  });
});
