// SPDX-License-Identifier: Apache-2.0
// Engines that crash or hang while they load, at the first start and after it. The engine programs
// are scripts in a folder of programs of the test's own.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { runToItsEnd } from "../harness/boot.ts";
import { placeIn, statusIs } from "../harness/control.ts";
import { signal, withServer } from "../harness/faults.ts";
import { kPrograms } from "../harness/server.ts";

const kInternal = 70;

// The real programs, with `script` for an engine.
async function withPrograms(script: string | null, work: (folder: string) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "tutti-programs-"));
  try {
    for (const name of ["tutti", "tutti-decode"])
      symlinkSync(join(kPrograms, name), join(folder, name));
    if (script === null) symlinkSync(engineIn(kPrograms), engineIn(folder));
    else replaceEngine(folder, script);
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const engineIn = (folder: string): string => join(folder, "tutti-engine-tone");

function replaceEngine(folder: string, script: string): void {
  const made = engineIn(folder) + ".new";
  writeFileSync(made, `#!/bin/sh\n${script}\n`);
  chmodSync(made, 0o755);
  renameSync(made, engineIn(folder));
}

const serveFlags = (folder: string): string[] => [
  "serve", "--port", "0", "--models", "tone", "--boot-limit", "2",
  "--program-dir", folder, "--runtime-dir", join(folder, "run"),
  "--spool-dir", folder, "--control-socket", join(folder, "ctl.sock"),
];

test("an engine that crashes again and again ends the first start with one clear line", async () => {
  await withPrograms("kill -SEGV $$", async (folder) => {
    const { code, errors, stdout } = await runToItsEnd(serveFlags(folder), 20_000);
    assert.equal(code, kInternal);
    assert.equal(errors.length, 1, errors.join("\n"));
    assert.match(errors[0]!, /engine tone 0 cannot start \(signal 11 .*\); the server ends/);
    assert.equal(stdout, "");
  });
});

test("an engine that hangs while it loads ends the first start", async () => {
  await withPrograms("exec sleep 1000", async (folder) => {
    const { code, errors } = await runToItsEnd(serveFlags(folder), 20_000);
    assert.equal(code, kInternal);
    assert.match(errors[0]!, /engine tone 0 pid=\d+ hangs: not ready for \d+ ms, phase starting/);
    assert.match(errors.at(-1)!, /engine tone 0 cannot start .*; the server ends/);
  });
});

test("once the server was ready an engine that cannot start any more does not end it", async () => {
  await withPrograms(null, async (folder) => {
    const options = {
      flags: { "program-dir": folder },
      expectedErrors: /keeps failing/,
    };
    await withServer(options, async (server) => {
      replaceEngine(folder, "exit 66");
      signal(server, server.pids("engine")[0]!, "SIGKILL");
      await statusIs(server, "it is failing", (status) =>
        placeIn(status, "engine tone 0").state === "failing",
      );
      assert.match(placeIn(await statusIs(server, "a cause", () => true), "engine tone 0").last_death,
        /exit code 66/);
      assert.equal((await server.get("/readyz")).status, 503);
      assert.equal((await server.get("/livez")).status, 200);
    });
  });
});
