// SPDX-License-Identifier: Apache-2.0
// A real `tutti serve` on a port of the kernel's choice, with folders of its own.
//
//   const server = useServer({ models: ["tone"] });       // one for all tests of a file
//   await server().get("/health");
//
//   const server = await TuttiServer.start({...});        // one for a single test
//   try { ... } finally { await server.stop(); }
//
// stop() ends it with SIGTERM and fails unless it exits with 0, takes every process with it and
// leaves no file behind. Only processes started here are ever signalled. The programs are those in
// the folder TUTTI_BUILD, by default build/release.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before } from "node:test";
import { Metrics } from "./metrics.ts";
import { request, type Answer, type RequestOptions } from "./http.ts";
import {
  descendantsOf,
  descriptorsOf,
  isSame,
  type Process,
  type Role,
} from "./processes.ts";
import { until, within } from "./wait.ts";

export const kRepository = resolve(import.meta.dirname, "../../..");
export const kPrograms = resolve(kRepository, process.env["TUTTI_BUILD"] ?? "build/release");
// Whatever a test starts knows the built-in models only, not those of who runs the tests.
process.env["TUTTI_MODELS_DIR"] = "/nonexistent";
process.env["TUTTI_STATE_DIR"] = join(tmpdir(), "tutti-system-state");

export interface ServerOptions {
  models?: string[]; // the first is the default; ["tone"] unless given
  gateways?: number; // 2 unless given
  scribes?: number; // 1 unless given
  flags?: Record<string, string | number>; // "max-frame-bytes": 1000
  runtimeDir?: string; // with the control socket beside it, as control-socket in flags must say
  spoolDir?: string; // emptied by whoever made it
  startMs?: number;
  descriptors?: number; // the most a process of the server may have
  keptConnections?: number; // to other servers, which an engine may keep; 0 unless given
  // Lines of level error fail stop(), unless they match.
  expectedErrors?: RegExp;
}

const kReadyLine = /^Tutti is ready: open http:\/\/127\.0\.0\.1:(\d+)$/m;
const kHeldGauges = [
  "tutti_websockets",
  "tutti_live_streams",
  "tutti_engine_streams",
  "tutti_jobs_running",
];
// Decoders come with a file or a stream, decode workers when they are first needed.
const isLasting = ({ role }: Process): boolean => role !== "decoder" && role !== "worker";
const kErrorLine = /^\S+ (?:error|critical) .*$/gm;

export class TuttiServer {
  readonly runtimeDir: string;
  readonly spoolDir: string;
  port = 0;
  stdout = "";
  stderr = "";
  private readonly folder: string;
  private readonly child: ChildProcess;
  private readonly exited: Promise<number | string>;
  private readonly silent: Promise<unknown>; // nobody holds its output any more
  private readonly options: ServerOptions;
  private readonly seen = new Map<number, Process>(); // every process this server was known to have
  private descriptorsAtStart = new Map<number, number>();

  static async start(options: ServerOptions = {}): Promise<TuttiServer> {
    const server = new TuttiServer(options);
    try {
      await server.waitUntilReady();
    } catch (error) {
      await server.kill();
      throw error;
    }
    return server;
  }

  private constructor(options: ServerOptions) {
    this.options = options;
    this.folder = mkdtempSync(join(tmpdir(), "tutti-system-"));
    this.runtimeDir = options.runtimeDir ?? join(this.folder, "run");
    this.spoolDir = options.spoolDir ?? join(this.folder, "spool");
    mkdirSync(this.spoolDir, { recursive: true });
    const limit = options.descriptors;
    const command = [join(kPrograms, "tutti"), "serve", ...this.flags()];
    if (limit !== undefined) command.unshift("prlimit", `--nofile=${limit}:${limit}`);
    this.child = spawn(command[0]!, command.slice(1), {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: this.folder,
      env: { ...process.env, TMPDIR: this.folder },
    });
    this.child.stdout!.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.child.stderr!.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.exited = new Promise((settle) => {
      this.child.once("error", (error) => settle(String(error)));
      this.child.once("exit", (code, signal) => settle(code ?? signal ?? "no exit code"));
    });
    this.silent = new Promise((settle) => this.child.once("close", settle));
    process.once("exit", this.killNow);
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
  get wsUrl(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get(path: string, options: RequestOptions = {}): Promise<Answer> {
    return request(this.url + path, options);
  }
  post(path: string, options: RequestOptions): Promise<Answer> {
    return request(this.url + path, { method: "POST", ...options });
  }
  async metrics(): Promise<Metrics> {
    return new Metrics((await this.get("/metrics")).text);
  }

  // The processes below the supervisor, decoders included.
  processes(): Process[] {
    const found = descendantsOf(this.pid);
    for (const one of found) this.seen.set(one.pid, one);
    return found;
  }
  pids(role: Role, model?: string): number[] {
    return this.processes()
      .filter((one) => one.role === role && (model === undefined || one.model === model))
      .map((one) => one.pid);
  }
  // The processes that live as long as the server: what must be the same after a bad request.
  lastingPids(): number[] {
    return this.processes()
      .filter(isLasting)
      .map((one) => one.pid)
      .sort((a, b) => a - b);
  }

  // Files in the spool, and descriptors of files there that have no name.
  spoolFiles(): string[] {
    const open = this.processes().flatMap((one) => descriptorsOf(one.pid));
    return [
      ...readdirSync(this.spoolDir),
      ...open.filter((target) => target.startsWith(this.spoolDir)),
    ];
  }

  // Waits until the server holds nothing of any client: no connection but ours, no stream, no job,
  // no decoder, no spool file and no more descriptors than at its start.
  async settle(ms = 15_000): Promise<void> {
    await until("the server holds nothing of a client", () => this.holdsNothing(), { ms }).catch(
      async (error: Error) => {
        error.message += `; it holds ${await this.holdings()}`;
        throw error;
      },
    );
  }

  // Ends the server as an operator does and checks that nothing of it is left.
  async stop(ms = 20_000): Promise<void> {
    try {
      await this.settle();
      this.child.kill("SIGTERM");
      const code = await within(ms, "the server's end", this.exited);
      assert.equal(code, 0, `exit code; stderr:\n${this.stderr}`);
      await within(5_000, "the end of its output", this.silent);
      await this.checkNothingLeft();
      this.checkErrorLines();
    } finally {
      await this.kill();
    }
  }

  // SIGTERM without waiting for its effect; ended() gives the exit code or the signal's name.
  terminate(): void {
    this.child.kill("SIGTERM");
  }
  ended(ms = 20_000): Promise<number | string> {
    return within(ms, "the server's end", this.exited);
  }

  async checkNothingLeft(): Promise<void> {
    await until("every process of the server is gone", () => this.leftAlive().length === 0, {
      describe: () => `alive: ${JSON.stringify(this.leftAlive())}`,
    });
    assert.deepEqual(readdirSync(this.runtimeDir), [], "left in the runtime folder");
    assert.deepEqual(readdirSync(this.spoolDir), [], "left in the spool folder");
  }

  // The hard way, for failed tests: whatever of the server still runs is killed.
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.processes();
    this.killNow();
    await this.exited;
    process.removeListener("exit", this.killNow);
    for (const one of this.leftAlive()) killIfAlive(one.pid);
    this.child.stdout!.destroy();
    this.child.stderr!.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private readonly killNow = (): void => {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
  };

  private leftAlive(): Process[] {
    return [...this.seen.values()].filter(isSame);
  }

  private flags(): string[] {
    const settings: Record<string, string | number> = {
      port: 0,
      models: (this.options.models ?? ["tone"]).join(","),
      gateways: this.options.gateways ?? 2,
      scribes: this.options.scribes ?? 1,
      "runtime-dir": this.runtimeDir,
      "spool-dir": this.spoolDir,
      "state-dir": join(this.folder, "state"),
      "control-socket": join(this.folder, "ctl.sock"),
      "pre-stop": 0,
      ...this.options.flags,
    };
    return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  }

  private async waitUntilReady(): Promise<void> {
    const look = (): RegExpExecArray | null => {
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`the server ended before it was ready; stderr:\n${this.stderr}`);
      return kReadyLine.exec(this.stdout);
    };
    const line = await until("the ready line", look, {
      ms: this.options.startMs ?? 20_000,
      describe: () => `stderr:\n${this.stderr}`,
    });
    this.port = Number(line[1]);
    await this.noteDescriptors();
  }

  // Processes greet each other for a moment after the ready line; what they hold then is the base.
  private async noteDescriptors(): Promise<void> {
    const kSteadyLooks = 15;
    let steady = 0;
    await until("steady descriptors", () => {
      const now = this.descriptorCounts();
      const isSame = [...now].every(([pid, n]) => this.descriptorsAtStart.get(pid) === n);
      steady = isSame ? steady + 1 : 0;
      this.descriptorsAtStart = now;
      return steady >= kSteadyLooks;
    });
  }

  private descriptorCounts(): Map<number, number> {
    const lasting = this.processes().filter(isLasting);
    return new Map(lasting.map((one) => [one.pid, this.ownDescriptors(one)]));
  }

  // An engine holds two for each decode worker, which it keeps for later once it has needed it.
  private ownDescriptors({ pid, role }: Process): number {
    const count = descriptorsOf(pid).length;
    if (role !== "engine") return count;
    return count - 2 * descendantsOf(pid).filter((one) => one.role === "worker").length;
  }

  private async holdsNothing(): Promise<boolean> {
    if (this.spoolFiles().length > 0 || this.pids("decoder").length > 0) return false;
    if (this.surplusDescriptors().length > 0) return false;
    const metrics = await this.metrics();
    return kHeldGauges.every((name) => metrics.sum(name) === 0);
  }

  // A process that replaced a dead one has no count to compare with.
  private surplusDescriptors(): string[] {
    const kept = this.options.keptConnections ?? 0;
    const engines = kept > 0 ? this.pids("engine") : [];
    const allowed = (pid: number): number => (engines.includes(pid) ? kept : 0);
    return [...this.descriptorCounts()]
      .filter(([pid, n]) => n > (this.descriptorsAtStart.get(pid) ?? Infinity) + allowed(pid))
      .map(([pid, n]) => `pid ${pid}: ${n} of ${this.descriptorsAtStart.get(pid)}`);
  }

  private async holdings(): Promise<string> {
    const metrics = await this.metrics();
    return JSON.stringify({
      spool: this.spoolFiles(),
      decoders: this.pids("decoder"),
      surplusDescriptors: this.surplusDescriptors(),
      gauges: kHeldGauges.map((name) => [name, metrics.sum(name)]),
    });
  }

  private checkErrorLines(): void {
    const unexpected = (this.stderr.match(kErrorLine) ?? []).filter(
      (line) => !this.options.expectedErrors?.test(line),
    );
    assert.deepEqual(unexpected, [], "logged as errors");
  }
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // it was faster
  }
}

// A server that all tests of the calling file (or suite) share.
export function useServer(options: ServerOptions = {}): () => TuttiServer {
  let server: TuttiServer | undefined;
  before(async () => {
    server = await TuttiServer.start(options);
  });
  after(async () => {
    await server?.stop().catch((error: Error) => {
      error.message += `; after the tests of ${process.argv[1]}`; // a hook has no name
      throw error;
    });
  });
  return () => {
    assert.ok(server, "the server has not started");
    return server;
  };
}

// Fails when `work` ended, began or replaced a process of the server.
export async function keepsProcesses<T>(server: TuttiServer, work: () => Promise<T>): Promise<T> {
  const before = server.lastingPids();
  const result = await work();
  assert.deepEqual(server.lastingPids(), before, `processes changed; stderr:\n${server.stderr}`);
  return result;
}
