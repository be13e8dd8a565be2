// SPDX-License-Identifier: Apache-2.0
// supervisor.ts [--seconds N] [--deaths N]: what the supervisor costs, and how soon a process that
// died has its successor. Exit code 0 when it holds less than 20 MB, uses less than 0.1 % of a CPU
// while nothing happens, and every successor starts within 50 ms, else 1.
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { residentBytesOf } from "../tests/system/harness/processes.ts";
import { signal } from "../tests/system/harness/faults.ts";
import { TuttiServer } from "../tests/system/harness/server.ts";
import { until } from "../tests/system/harness/wait.ts";

const kMostBytes = 20e6;
const kMostCpuPercent = 0.1;
const kMostMs = 50;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    deaths: { type: "string", default: "20" },
  },
});
const seconds = Number(values.seconds);
const deaths = Number(values.deaths);

// Time on a CPU, exact to the nanosecond.
const cpuNs = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]);

// A first death is replaced at once; each gateway dies once.
const server = await TuttiServer.start({ gateways: deaths });
try {
  const before = cpuNs(server.pid);
  await pause(seconds * 1000); // what is measured is how little happens meanwhile
  const cpuPercent = (cpuNs(server.pid) - before) / (seconds * 1e7);
  const resident = residentBytesOf(server.pid);
  const times: number[] = [];
  for (const victim of server.pids("gateway")) times.push(await timeToSuccessor(victim));
  times.sort((a, b) => a - b);
  const slowest = times.at(-1)!;
  report("resident memory", `${(resident / 1e6).toFixed(1)} MB`, resident < kMostBytes);
  report("idle CPU", `${cpuPercent.toFixed(3)} %`, cpuPercent < kMostCpuPercent);
  report(
    "death to successor's start",
    `median ${times[times.length >> 1]!.toFixed(1)} ms, most ${slowest.toFixed(1)} ms`,
    slowest < kMostMs,
  );
} finally {
  await server.kill();
}

// From the kill to the sight of a new process, so a little more than it takes.
async function timeToSuccessor(victim: number): Promise<number> {
  const known = new Set(server.pids("gateway"));
  const begin = performance.now();
  signal(server, victim, "SIGKILL");
  while (!server.pids("gateway").some((pid) => !known.has(pid)))
    await new Promise((settle) => setImmediate(settle));
  const took = performance.now() - begin;
  await until("it is ready", () => server.stderr.includes(`successor starts`));
  return took;
}

function report(what: string, figure: string, isGood: boolean): void {
  console.log(`${what.padEnd(28)} ${figure.padEnd(34)} ${isGood ? "pass" : "SHORT"}`);
  if (!isGood) process.exitCode = 1;
}
