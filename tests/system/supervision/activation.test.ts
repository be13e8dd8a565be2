// SPDX-License-Identifier: Apache-2.0
// Listening sockets that are made before the server, as systemd does for a socket unit.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { runToItsEnd, type FailedStart } from "../harness/boot.ts";
import { request } from "../harness/http.ts";
import { kPrograms } from "../harness/server.ts";
import { until, within } from "../harness/wait.ts";

const kBadConfig = 78;

// Makes that many listeners of one port, tells it on standard error, and becomes the server.
const kActivate = `
import os, socket, sys
made = []
for i in range(int(sys.argv[1])):
    made.append(socket.socket())
    if sys.argv[1] != "1": made[i].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made[i].bind(made[0].getsockname() if i else ("127.0.0.1", 0))
    made[i].listen(64)
    os.dup2(made[i].fileno(), 100 + i)
print("port", made[0].getsockname()[1], file=sys.stderr, flush=True)
for i in range(len(made)):
    os.dup2(100 + i, 3 + i)
    os.close(100 + i)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=sys.argv[1])
os.execv(sys.argv[2], sys.argv[2:])
`;

interface Activated {
  port: () => number;
  stdout: () => string;
  stderr: () => string;
  ended: Promise<number | string>; // when nobody holds its output any more
  stop: () => void;
  ctl: (verb: string) => Promise<FailedStart>;
}

async function withActivated(
  sockets: number,
  gateways: number,
  work: (server: Activated) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tutti-activation-"));
  mkdirSync(join(folder, "run"));
  const settings = {
    models: "tone",
    gateways,
    "pre-stop": 0,
    "runtime-dir": join(folder, "run"),
    "spool-dir": folder,
    "control-socket": join(folder, "ctl.sock"),
  };
  const flags = Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)]);
  const program = join(kPrograms, "tutti");
  const child = spawn("python3", ["-c", kActivate, String(sockets), program, "serve", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = once(child, "close").then(([code, name]) => (code ?? name) as number | string);
  try {
    await work({
      port: () => Number(/^port (\d+)$/m.exec(stderr)?.[1] ?? 0),
      stdout: () => stdout,
      stderr: () => stderr,
      ended,
      stop: () => child.kill("SIGTERM"),
      ctl: (verb) => runToItsEnd(["ctl", "--socket", settings["control-socket"], verb], 30_000),
    });
  } finally {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true });
  }
}

for (const [sockets, gateways] of [[1, 2], [2, 2]] as const) {
  test(`${sockets} of systemd's sockets serve ${gateways} gateways`, () =>
    withActivated(sockets, gateways, async (server) => {
      await until("the ready line", () => server.stdout().includes("Tutti is ready"), {
        describe: server.stderr,
      });
      assert.match(server.stdout(), new RegExp(`http://127\\.0\\.0\\.1:${server.port()}$`, "m"));
      const url = `http://127.0.0.1:${server.port()}/livez`;
      for (let i = 0; i < 40; ++i) assert.equal((await request(url, { ms: 5000 })).status, 200);
      server.stop();
      assert.equal(await within(20_000, "the end", server.ended), 0, server.stderr());
    }));
}

test("an upgrade goes on with systemd's socket", () =>
  withActivated(1, 2, async (server) => {
    const lines = () => server.stdout().split("Tutti is ready").length - 1;
    await until("the ready line", () => lines() === 1, { describe: server.stderr });
    const upgrade = await server.ctl("upgrade");
    assert.equal(upgrade.code, 0, upgrade.stderr + server.stderr());
    await until("the new server's line", () => lines() === 2, { describe: server.stderr });
    const url = `http://127.0.0.1:${server.port()}/livez`;
    for (let i = 0; i < 20; ++i) assert.equal((await request(url, { ms: 5000 })).status, 200);
    assert.equal((await server.ctl("stop")).code, 0);
    assert.equal(await within(20_000, "the end of both", server.ended), 0, server.stderr());
  }));

test("a socket that no gateway would read is refused", () =>
  withActivated(3, 2, async (server) => {
    assert.equal(await within(20_000, "the end", server.ended), kBadConfig, server.stderr());
    assert.match(server.stderr(), /gateways must be at least 3/);
    assert.equal(server.stdout(), "");
  }));
