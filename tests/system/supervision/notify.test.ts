// SPDX-License-Identifier: Apache-2.0
// What systemd hears: a datagram socket in its place notes every message.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { ctl, statusIs, statusOf, told, withEndingServer } from "../harness/control.ts";
import { descendantsOf, isAlive } from "../harness/processes.ts";
import type { TuttiServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

// Node has no unix datagram sockets.
const kListener = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    for line in s.recv(65536).decode().splitlines():
        print(line, flush=True)
`;

async function withSystemd(
  variables: Record<string, string>,
  work: (server: TuttiServer, heard: () => string[]) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tutti-notify-"));
  const path = join(folder, "notify.sock");
  const listener = spawn("python3", ["-c", kListener, path], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  listener.stdout.setEncoding("utf8").on("data", (more: string) => (text += more));
  const all = { NOTIFY_SOCKET: path, ...variables };
  try {
    await until("the listener", () => text.includes("listening"));
    Object.assign(process.env, all);
    await withEndingServer((server) => work(server, () => text.split("\n").slice(1).filter(Boolean)));
  } finally {
    for (const name of Object.keys(all)) delete process.env[name];
    listener.kill();
    rmSync(folder, { recursive: true });
  }
}

const hears = (heard: () => string[], line: string | RegExp, after = 0): Promise<unknown> =>
  until(`systemd hears ${line}`, () =>
    heard().slice(after).some((one) => (typeof line === "string" ? one === line : line.test(one))),
  );

test("ready, reloading, a failed reload, stopping", async () => {
  await withSystemd({ WATCHDOG_USEC: "1000000" }, async (server, heard) => {
    await hears(heard, "READY=1");
    await hears(heard, /^STATUS=engine 1 of 1, gateway 2 of 2, scribe 1 of 1$/);
    await hears(heard, "WATCHDOG=1");
    const reload = heard().length;
    await told(server, "reload");
    await hears(heard, "RELOADING=1", reload);
    await hears(heard, /^MONOTONIC_USEC=\d+$/, reload);
    await hears(heard, "READY=1", reload);
    await told(server, "stop");
    await hears(heard, "STOPPING=1");
    assert.equal(await server.ended(), 0);
    for (const one of ["READY=1", "WATCHDOG=1", "STOPPING=1"]) assert.ok(heard().includes(one));
  });
});

test("an upgrade names the new main process; a failed one does not", async () => {
  await withSystemd({}, async (server, heard) => {
    await told(server, "upgrade");
    const { pid } = await statusOf(server);
    await hears(heard, `MAINPID=${pid}`);
    assert.equal(await server.ended(), 0);
    const family = descendantsOf(pid).map((one) => one.pid);
    await statusIs(server, "it is ready", (status) => status.state === "ready");
    assert.ok(!heard().includes("STOPPING=1"), "the service goes on");
    assert.equal((await ctl(server, "stop")).code, 0);
    await until("its end", () => ![pid, ...family].some(isAlive));
    await hears(heard, "STOPPING=1");
  });
});
