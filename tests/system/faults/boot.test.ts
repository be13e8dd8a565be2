// SPDX-License-Identifier: Apache-2.0
// Starts that cannot succeed end at once, with the exit code of their cause and words that name it.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import test from "node:test";
import { runToItsEnd, withConfig, type FailedStart } from "../harness/boot.ts";
import { keepsProcesses, useServer } from "../harness/server.ts";

const server = useServer();

const kModelFailed = 66;
const kCannotCreate = 73;
const kUsage = 64;
const kBadConfig = 78;

const kMissingFolder = '[[model]]\nid = "en-us"\ndirectory = "/nonexistent/en-us"\n';

// Serves what a configuration says; nothing may be left in its folder afterwards.
function failingServe(toml: string, port = 0): Promise<FailedStart> {
  return withConfig(toml, async (path, folder) => {
    const runtimeDir = join(folder, "run");
    mkdirSync(runtimeDir);
    const folders = ["--runtime-dir", runtimeDir, "--spool-dir", folder];
    const start = await runToItsEnd(
      ["serve", "--port", String(port), "--config", path, ...folders],
    );
    assert.deepEqual(readdirSync(runtimeDir), []);
    assert.equal(start.stdout, "", "nothing claims to be ready");
    return start;
  });
}

test("an engine that is not installed", async () => {
  const start = await failingServe(
    'models = ["future"]\n[[model]]\nid = "future"\nbackend = "hovercraft"\n',
  );
  assert.equal(start.code, kModelFailed, start.stderr);
  assert.match(start.errors[0]!, /tutti-engine-hovercraft.*No such file/);
  assert.match(start.errors.at(-1)!, /engine future 0 cannot start .*; the server ends/);
  assert.equal(start.errors.length, 1, start.stderr);
});

test("a model whose folder is missing", async () => {
  const start = await failingServe(kMissingFolder);
  assert.equal(start.code, kModelFailed, start.stderr);
  assert.match(start.errors[0]!, /model=en-us cannot be loaded: .*\/nonexistent\/en-us/);
  assert.match(start.errors.at(-1)!, /engine en-us 0 cannot start .exit code 66.*; the server ends/);
  assert.equal(start.errors.length, 2, start.stderr);
});

test("one model of two cannot be served: the server does not start by half", async () => {
  const start = await failingServe(`models = ["tone", "en-us"]\n${kMissingFolder}`);
  assert.equal(start.code, kModelFailed, start.stderr);
});

test("a setting that does not exist", async () => {
  assert.equal((await failingServe("prot = 1\n")).code, kBadConfig);
  const flag = await runToItsEnd(["serve", "--prot", "1"]);
  assert.equal(flag.code, kUsage);
  assert.match(flag.stderr, /--prot/);
  assert.equal((await runToItsEnd(["serve", "--models", "nonesuch"])).code, kBadConfig);
});

test("a runtime folder that cannot be made", async () => {
  const start = await runToItsEnd(["serve", "--port", "0", "--runtime-dir", "/proc/nonexistent"]);
  assert.equal(start.code, kCannotCreate, start.stderr);
  assert.equal(start.errors.length, 1, start.stderr);
  assert.match(start.errors[0]!, /\/proc\/nonexistent/);
});

test("a port that another program uses", async () => {
  const other = net.createServer();
  await new Promise<void>((listening) => other.listen(0, "127.0.0.1", listening));
  const { port } = other.address() as net.AddressInfo;
  try {
    await expectPortTaken(port);
  } finally {
    other.close();
  }
});

async function expectPortTaken(port: number): Promise<void> {
  const start = await failingServe('models = ["tone"]\n', port);
  assert.equal(start.code, kCannotCreate, start.stderr);
  assert.equal(start.errors.length, 1, start.stderr);
  const words = `cannot listen on 127\\.0\\.0\\.1:${port}.*Address already in use`;
  assert.match(start.errors[0]!, new RegExp(words));
}

test("a port that another server of ours uses, which goes on undisturbed", async () => {
  await keepsProcesses(server(), () => expectPortTaken(server().port));
  assert.equal((await server().get("/readyz")).status, 200);
});
