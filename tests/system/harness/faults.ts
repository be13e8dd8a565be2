// SPDX-License-Identifier: Apache-2.0
// Signals to processes of a server under test, and what is to be seen afterwards.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type WebSocket from "ws";
import { descriptorsOf, isAlive, type Role } from "./processes.ts";
import { TuttiServer, type ServerOptions } from "./server.ts";
import { until } from "./wait.ts";

// A server for one test. Failing work leaves no process behind either.
export async function withServer(
  options: ServerOptions,
  work: (server: TuttiServer) => Promise<void>,
): Promise<void> {
  const server = await TuttiServer.start(options);
  try {
    await work(server);
    await server.stop();
  } finally {
    await server.kill();
  }
}

// Only to a process that belongs to the server now.
export function signal(server: TuttiServer, pid: number, name: NodeJS.Signals): void {
  const own = server.processes().some((one) => one.pid === pid);
  assert.ok(own, `pid ${pid} does not belong to the server`);
  process.kill(pid, name);
}

export async function killed(server: TuttiServer, pid: number): Promise<void> {
  signal(server, pid, "SIGKILL");
  await until(`the end of pid ${pid}`, () => !isAlive(pid));
}

// The process that replaced `pid`, once it says that it is ready.
export async function successor(
  server: TuttiServer,
  role: Role,
  before: number[],
): Promise<number> {
  const isReady = (pid: number) => server.stderr.includes(` is ready, pid ${pid}\n`);
  return until(
    `a new ${role}`,
    () => server.pids(role).find((pid) => !before.includes(pid) && isReady(pid)),
    { describe: () => `stderr:\n${server.stderr}` },
  );
}

export async function isReady(server: TuttiServer): Promise<void> {
  await until("/readyz says ready", async () => (await server.get("/readyz")).status === 200);
}

// Processes that are stopped and continued again whatever happens in between.
export async function whileStopped<T>(
  server: TuttiServer,
  pids: number[],
  work: () => Promise<T>,
): Promise<T> {
  for (const pid of pids) signal(server, pid, "SIGSTOP");
  try {
    return await work();
  } finally {
    for (const pid of pids) if (server.lastingPids().includes(pid)) signal(server, pid, "SIGCONT");
  }
}

// Waits until a gauge or counter, summed over all processes, has a value.
export async function metricIs(server: TuttiServer, name: string, value: number): Promise<void> {
  let last = NaN;
  const look = async () => (last = (await server.metrics()).sum(name)) === value;
  await until(`${name} is ${value}`, look, { ms: 20_000, describe: () => String(last) });
}

// The gateway at the other end of one of our connections.
export async function gatewayOf(server: TuttiServer, localPort: number): Promise<number> {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");
  const ends = new RegExp(`:${hex(server.port)} \\w+:${hex(localPort)} 01 .*`);
  const look = () => {
    const line = readFileSync("/proc/net/tcp", "utf8").split("\n").find((one) => ends.test(one));
    const inode = line?.trim().split(/\s+/)[9];
    return server.pids("gateway").find((pid) => descriptorsOf(pid).includes(`socket:[${inode}]`));
  };
  return until(`the gateway of port ${localPort}`, look);
}

// The port of a live client's own end.
export function localPortOf(client: { socket: WebSocket }): number {
  const { _socket } = client.socket as unknown as { _socket: { localPort: number } };
  return _socket.localPort;
}

export interface Connected<T> {
  opened: T;
  gateway: number;
}

// Opens connections until every gateway holds `each` of them.
export async function onEveryGateway<T>(
  server: TuttiServer,
  each: number,
  open: () => Promise<{ opened: T; port: number }>,
): Promise<Connected<T>[]> {
  const all: Connected<T>[] = [];
  const gateways = server.pids("gateway");
  const isShort = (pid: number) => all.filter((one) => one.gateway === pid).length < each;
  while (gateways.some(isShort)) {
    assert.ok(all.length < 20 * each * gateways.length, "one gateway gets all connections");
    const { opened, port } = await open();
    all.push({ opened, gateway: await gatewayOf(server, port) });
  }
  return all;
}
