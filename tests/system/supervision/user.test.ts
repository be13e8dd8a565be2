// SPDX-License-Identifier: Apache-2.0
// A server that root starts with `user`: its children are that user and no more, and everything they
// share with the supervisor is theirs to use, the log included.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { dtmf, wav } from "../harness/audio.ts";
import { told } from "../harness/control.ts";
import { isReady, killed, withServer } from "../harness/faults.ts";
import { form } from "../harness/http.ts";
import type { TuttiServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const kNobody = 65534;
const onlyRoot = process.getuid?.() === 0 ? false : "only root can name another user";

// The words after "name:" in /proc/PID/status.
function statusWords(pid: number, name: string): string[] {
  const line = readFileSync(`/proc/${pid}/status`, "utf8")
    .split("\n")
    .find((one) => one.startsWith(`${name}:`));
  return line!.split(/\s+/).slice(1).filter(Boolean);
}

// With a folder that the children can reach, unlike the harness's own.
async function withUser(work: (server: TuttiServer, log: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tutti-user-"));
  try {
    chmodSync(folder, 0o755);
    const [runtimeDir, spoolDir] = [join(folder, "run"), join(folder, "spool")];
    for (const one of [runtimeDir, spoolDir]) mkdirSync(one);
    chmodSync(spoolDir, 0o1777);
    const log = join(folder, "tutti.log");
    const flags = { user: "nobody", "control-socket": join(folder, "ctl.sock"), "log-file": log };
    await withServer({ runtimeDir, spoolDir, flags }, (server) => work(server, log));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function assertIsNobody(pid: number): void {
  const nobody = Array(4).fill(String(kNobody));
  assert.deepEqual(statusWords(pid, "Uid"), nobody);
  assert.deepEqual(statusWords(pid, "Gid"), nobody);
  assert.deepEqual(statusWords(pid, "Groups"), []);
  assert.deepEqual(statusWords(pid, "CapEff"), ["0000000000000000"]);
  assert.deepEqual(statusWords(pid, "CapPrm"), ["0000000000000000"]);
  assert.deepEqual(statusWords(pid, "NoNewPrivs"), ["1"]);
}

function children(server: TuttiServer): number[] {
  return server.lastingPids().filter((pid) => pid !== server.pid);
}

async function assertTranscribes(server: TuttiServer): Promise<void> {
  const parts = form({ model: "tone" }, { bytes: wav(dtmf("147")) });
  const answer = await server.post("/v1/audio/transcriptions", parts);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.text.replaceAll(/\s/g, ""), "147");
}

test("the children are that user, from first to last, and serve", { skip: onlyRoot }, () =>
  withUser(async (server) => {
    assert.equal(children(server).length, 4);
    for (const pid of children(server)) assertIsNobody(pid);
    await assertTranscribes(server);
    const [engine] = server.pids("engine");
    await killed(server, engine!);
    await until("a new engine", () => server.pids("engine").length === 1);
    await isReady(server);
    assertIsNobody(server.pids("engine")[0]!);
    await assertTranscribes(server);
  }),
);

test("the log is theirs too, also after it was renamed", { skip: onlyRoot }, () =>
  withUser(async (server, log) => {
    assert.equal(statSync(log).uid, kNobody);
    assert.match(readFileSync(log, "utf8"), / info scribe\[\d+\] ready$/m);
    renameSync(log, `${log}.1`);
    await told(server, "reopen");
    assert.equal(statSync(log).uid, kNobody);
    await told(server, "restart", "scribe", "0");
    await until("a line of a child", () => /^\S+ \S+ scribe\[/m.test(readFileSync(log, "utf8")));
  }),
);
