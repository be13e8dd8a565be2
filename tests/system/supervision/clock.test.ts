// SPDX-License-Identifier: Apache-2.0
// The wall clock jumps by a day, forwards and back: nothing happens. libfaketime gives the server's
// processes a clock that a file sets.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { statusIs, statusOf } from "../harness/control.ts";
import { signal, successor, withServer } from "../harness/faults.ts";
import { finishAll, startCrowd } from "../harness/traffic.ts";
import { until } from "../harness/wait.ts";

const kLibraries = readdirSync("/usr/lib", { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name.endsWith("-linux-gnu"))
  .map((entry) => join("/usr/lib", entry.name, "faketime/libfaketimeMT.so.1"))
  .filter(existsSync);
// A sanitizer's own library must come first, which a preloaded one would not allow.
const isSanitized = /asan|tsan/.test(process.env["TUTTI_BUILD"] ?? "");
const skip = kLibraries.length === 0 ? "no libfaketime" : isSanitized ? "a sanitizer" : false;

async function withClock(work: (jump: (offset: string) => void) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tutti-clock-"));
  const file = join(folder, "offset");
  const set = {
    LD_PRELOAD: kLibraries[0]!,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
  const jump = (offset: string): void => writeFileSync(file, offset + "\n");
  jump("+0");
  Object.assign(process.env, set);
  try {
    await work(jump);
  } finally {
    for (const name of Object.keys(set)) delete process.env[name];
    rmSync(folder, { recursive: true });
  }
}

test("a clock that jumps by a day kills nobody and costs no word", { skip }, async () => {
  await withClock(async (jump) => {
    const flags = {
      "gateway-beat-limit": 3,
      "engine-beat-limit": 3,
      "scribe-beat-limit": 3,
      "pass-environment": "FAKETIME_TIMESTAMP_FILE,FAKETIME_NO_CACHE,FAKETIME_DONT_FAKE_MONOTONIC",
    };
    const options = { flags, expectedErrors: /hangs: no beat/ };
    await withServer(options, async (server) => {
      const lastDay = () => server.stderr.trimEnd().split("\n").at(-1)!.slice(0, 10);
      const days = new Set<string>();
      const before = server.lastingPids();
      const crowd = await startCrowd(server, 5);
      for (const offset of ["+1d", "-1d", "+0"]) {
        jump(offset);
        const lines = () => server.stderr.split("opened again").length;
        const before = lines();
        process.kill(server.pid, "SIGUSR1"); // makes it write a line with its time
        await until("the line", () => lines() > before);
        const { uptime_seconds } = await statusOf(server);
        await statusIs(server, "ticks", (status) => status.uptime_seconds > uptime_seconds + 4);
        days.add(lastDay());
      }
      await finishAll(crowd);
      assert.deepEqual(server.lastingPids(), before);
      assert.ok(days.size >= 2, `the clock did not jump: ${[...days].join(" ")}`);
      // And a process that really hangs is still found.
      const gateways = server.pids("gateway");
      signal(server, gateways[0]!, "SIGSTOP");
      await successor(server, "gateway", gateways);
    });
  });
});
