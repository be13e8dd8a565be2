// SPDX-License-Identifier: Apache-2.0
// `tutti ctl` against a server under test, and its control socket with nothing in between.
//
//   await told(server, "scale", "gateway", "+1");           // fails unless it says that it is done
//   const { code, stderr } = await ctl(server, "reload");   // what may fail
//   const status = await statusOf(server);
import assert from "node:assert/strict";
import net from "node:net";
import { dirname, join } from "node:path";
import { runToItsEnd, type FailedStart } from "./boot.ts";
import { TuttiServer, type ServerOptions } from "./server.ts";
import { until, within } from "./wait.ts";

const kAnswerMs = 30_000;

export interface ProcessStatus {
  pid: number;
  state: "starting" | "ready" | "draining";
  generation: number;
  uptime_seconds: number;
  beat_age_seconds: number;
  rss_bytes: number;
  requests: number;
  connections: number;
  streams: number;
}

export interface PlaceStatus {
  name: string;
  role: "gateway" | "scribe" | "engine";
  number: number;
  model: string;
  state: "starting" | "ready" | "draining" | "failing" | "stopped";
  deaths: number;
  last_death: string;
  processes: ProcessStatus[];
}

export interface ModelStatus {
  id: string;
  state: "unloaded" | "loading" | "ready" | "draining" | "failed";
  why: string;
  on_demand: boolean;
  pinned: boolean;
  replicas: number;
  ready: number;
  memory_bytes: number;
  evictions: number;
}

export interface ServerStatus {
  version: string;
  pid: number;
  state: "starting" | "ready" | "draining" | "stopping";
  uptime_seconds: number;
  url: string;
  generation: number;
  upgrade: "running" | null;
  last_reload: { at: string; ok: boolean; error: string } | null;
  models: ModelStatus[];
  places: PlaceStatus[];
}

// Where the harness puts every server's socket.
export function controlSocketOf(server: TuttiServer): string {
  return join(dirname(server.runtimeDir), "ctl.sock");
}

export function ctl(server: TuttiServer, ...words: string[]): Promise<FailedStart> {
  return runToItsEnd(["ctl", "--socket", controlSocketOf(server), ...words], kAnswerMs);
}

// What it prints when it is done.
export async function told(server: TuttiServer, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await ctl(server, ...words);
  assert.equal(code, 0, `ctl ${words.join(" ")}: ${stderr}`);
  assert.equal(stderr, "");
  return stdout;
}

// It ends with 1 and the words on standard error.
export async function refused(server: TuttiServer, words: string[], why: RegExp): Promise<void> {
  const { code, stdout, stderr } = await ctl(server, ...words);
  assert.equal(code, 1, `ctl ${words.join(" ")}: ${stdout}${stderr}`);
  assert.equal(stdout, "");
  assert.match(stderr, why);
  assert.equal(stderr.match(/\n/g)?.length, 1, `one line: ${stderr}`);
}

export async function statusOf(server: TuttiServer): Promise<ServerStatus> {
  return JSON.parse(await told(server, "status", "--json")) as ServerStatus;
}

// Asked again until it is so; gives the status that was.
export function statusIs(
  server: TuttiServer,
  what: string,
  isSo: (status: ServerStatus) => boolean,
  ms = 15_000,
): Promise<ServerStatus> {
  const look = async (): Promise<ServerStatus | undefined> => {
    last = await statusOf(server);
    return isSo(last) ? last : undefined;
  };
  let last: ServerStatus | undefined;
  return until(what, look, { ms, describe: () => JSON.stringify(last) });
}

export function placeIn(status: ServerStatus, name: string): PlaceStatus {
  const place = status.places.find((one) => one.name === name);
  assert.ok(place, `no place ${name} in ${status.places.map((one) => one.name).join(", ")}`);
  return place;
}

export function pidsIn(status: ServerStatus): number[] {
  return status.places
    .flatMap((place) => place.processes.map((one) => one.pid))
    .sort((a, b) => a - b);
}

// For servers that end before the work does.
export async function withEndingServer(
  work: (server: TuttiServer) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  const server = await TuttiServer.start(options);
  try {
    await work(server);
  } finally {
    await server.kill();
  }
}

// A connection to the control socket whose bytes the test writes itself.
export class RawControl {
  readonly socket: net.Socket;
  received = "";
  private readonly closed: Promise<void>;

  static async open(server: TuttiServer): Promise<RawControl> {
    const raw = new RawControl(net.connect(controlSocketOf(server)));
    const connected = new Promise<void>((resolve, reject) => {
      raw.socket.once("connect", resolve).once("error", reject);
    });
    await within(5_000, "connect to the control socket", connected);
    return raw;
  }

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setEncoding("utf8").on("data", (text: string) => (this.received += text));
    socket.on("error", () => undefined); // "close" follows
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  // Everything that came until the server closed.
  async answer(ms = 15_000): Promise<string> {
    await within(ms, "the end of the control connection", this.closed);
    return this.received;
  }
}
