// SPDX-License-Identifier: Apache-2.0
// `tutti serve --check`: what would be served, where each value came from, and what is in the way.
import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { runToItsEnd, withConfig, type FailedStart } from "../harness/boot.ts";
import { keepsProcesses, kPrograms, TuttiServer } from "../harness/server.ts";

const kBadConfig = 78;

function check(
  flags: string[],
  environment: Record<string, string> = {},
): Promise<FailedStart> {
  return runToItsEnd(["serve", "--check", ...flags], 10_000, environment);
}

function assertRefused(result: FailedStart, why: RegExp): void {
  assert.equal(result.code, kBadConfig, result.stderr);
  assert.equal(result.stdout, "");
  assert.equal(result.stderr.trimEnd().split("\n").length, 1, result.stderr);
  assert.match(result.stderr, why);
}

function valuesOf(toml: string): string[] {
  return toml.split("\n").map((line) => line.replace(/ +# .*$/, ""));
}

test("every value is printed with where it came from", async () => {
  const toml = 'models = ["tone"]\nscribes = 2\n\n[[model]]\nid = "tone"\nreplicas = 3\n';
  await withConfig(toml, async (path) => {
    const result = await check(["--config", path, "--port", "9001"], { TUTTI_GATEWAYS: "4" });
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.stderr, "");
    assert.match(result.stdout, /^port = 9001 +# flag$/m);
    assert.match(result.stdout, /^gateways = 4 +# environment TUTTI_GATEWAYS$/m);
    const lines = result.stdout.split("\n");
    const inFile = (start: string, line: number): void =>
      assert.ok(
        lines.some((one) => one.startsWith(start) && one.endsWith(` # file ${path}:${line}`)),
        result.stdout,
      );
    inFile('models = ["tone"]', 1);
    inFile("scribes = 2", 2);
    inFile("replicas = 3", 6);
    assert.match(result.stdout, /^backlog = 4096 +# default$/m);
  });
});

test("what it prints is a configuration with the same values", async () => {
  const toml = 'models = ["tone"]\nspool_dir = "/tmp"\ncors_origins = []\n';
  await withConfig(toml, async (path, folder) => {
    const first = await check(["--config", path, "--port", "0"]);
    assert.equal(first.code, 0, first.stderr);
    const printed = join(folder, "printed.toml");
    writeFileSync(printed, first.stdout);
    const second = await check(["--config", printed]);
    assert.equal(second.code, 0, second.stderr);
    assert.deepEqual(valuesOf(second.stdout), valuesOf(first.stdout));
    await serves(printed, folder);
  });
});

// A server of that configuration starts and is ended again.
async function serves(config: string, folder: string): Promise<void> {
  const server = await TuttiServer.start({
    flags: { config, "control-socket": join(folder, "ctl.sock") },
  });
  await server.stop();
}

test("what cannot be read or understood is one line and exit code 78", async () => {
  assertRefused(await check(["--config", "/nonexistent.toml"]), /cannot read \/nonexistent\.toml/);
  assertRefused(await check(["--config", "/tmp"]), /cannot read \/tmp/);
  assertRefused(await check(["--port", "x"]), /flag: port must be a number/);
  assertRefused(await check([], { TUTTI_PORT: "-1" }), /environment TUTTI_PORT: port must be/);
  await withConfig("port = 1\n\nprot = 1\n", async (path) => {
    assertRefused(await check(["--config", path]), /tutti\.toml:3: prot is not a setting/);
  });
  await withConfig("port = \n", async (path) => {
    assertRefused(await check(["--config", path]), /tutti\.toml:1: /);
  });
});

test("what the configuration names must be there", async () => {
  const tone = ["--models", "tone"];
  const missing = /spool_dir: \/nonexistent cannot be used: No such file or directory .flag.$/m;
  assertRefused(await check([...tone, "--spool-dir", "/nonexistent"]), missing);
  assertRefused(await check([...tone, "--host", "300.1.2.3"]), /host: .* does not resolve/);
  assertRefused(await check([...tone, "--user", "no-such-user"]), /user: there is no user/);
  assertRefused(await check([...tone, "--pidfile", "/nonexistent/pid"]), /pidfile: \/nonexistent/);
  const folder = '[[model]]\nid = "tone"\ndirectory = "/nonexistent"\n';
  await withConfig(folder, async (path) => {
    const result = await check([...tone, "--config", path]);
    assertRefused(result, /model\.tone\.directory: \/nonexistent .* \(file .*tutti\.toml:3\)$/m);
  });
  await withConfig('[[model]]\nid = "x"\nbackend = "hovercraft"\n', async (path) => {
    const result = await check(["--models", "x", "--config", path]);
    assertRefused(result, /model\.x\.backend: cannot run \/.*\/tutti-engine-hovercraft: No such/);
  });
});

test("access is that of the user the children run as", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("only root can name another user");
  await withConfig('models = ["tone"]\nuser = "nobody"\n', async (path, folder) => {
    // Programs that everybody can run, and a spool that only root can write to.
    const programs = mkdtempSync(join(tmpdir(), "tutti-programs-"));
    chmodSync(programs, 0o755);
    try {
      for (const program of ["tutti", "tutti-decode", "tutti-engine-tone"])
        symlinkSync("/bin/true", join(programs, program));
      const spool = join(folder, "spool");
      mkdirSync(spool, { mode: 0o755 });
      const flags = ["--config", path, "--program-dir", programs, "--spool-dir"];
      assertRefused(await check([...flags, spool]), /spool_dir: .*: Permission denied/);
      assert.equal((await check([...flags, "/tmp"])).code, 0);
    } finally {
      rmSync(programs, { recursive: true });
    }
  });
});

test("it starts nothing, beside a server that has the port and the files", async () => {
  const server = await TuttiServer.start();
  const result = await keepsProcesses(server, () =>
    check([
      ...["--port", String(server.port), "--models", "tone", "--program-dir", kPrograms],
      ...["--runtime-dir", join(server.runtimeDir, "other"), "--spool-dir", server.spoolDir],
    ]),
  );
  assert.equal(result.code, 0, result.stderr);
  assert.equal(readdirSync(server.runtimeDir).includes("other"), false);
  assert.deepEqual(readdirSync(server.spoolDir), []);
  await server.stop();
});
