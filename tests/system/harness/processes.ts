// SPDX-License-Identifier: Apache-2.0
// What /proc tells about the processes of a server: who they are, which descriptors they hold.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

// A nursery and its workers are forked from an engine: the same program under other names.
export type Role =
  | "gateway"
  | "scribe"
  | "engine"
  | "nursery"
  | "worker"
  | "decoder"
  | "other";

export interface Process {
  pid: number;
  role: Role;
  model: string; // of an engine, else ""
  command: string;
  birth: string; // with the pid it names a process for good
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function identify(pid: number): Process | undefined {
  const words = readProc(pid, "cmdline").split("\0").filter(Boolean);
  const program = words[0]?.split("/").at(-1);
  if (!program) return undefined;
  const isEngine = program.startsWith("tutti-engine-");
  return {
    pid,
    role: isEngine ? engineRoleOf(pid) : roleOf(program, words),
    model: isEngine ? (words[words.indexOf("--model") + 1] ?? "") : "",
    command: words.join(" "),
    birth: birthOf(pid),
  };
}

function engineRoleOf(pid: number): Role {
  const name = readProc(pid, "comm").trim();
  if (name === "decode-nursery") return "nursery";
  return name === "decode-worker" ? "worker" : "engine";
}

function roleOf(program: string, words: string[]): Role {
  if (program === "tutti-decode") return "decoder";
  const role = words[1] === "role" ? words[2] : undefined;
  return role === "gateway" || role === "scribe" ? role : "other";
}

// A zombie is gone for everybody but its parent.
export function isAlive(pid: number): boolean {
  const stat = readProc(pid, "stat");
  return stat !== "" && !/\) [ZX] /.test(stat);
}

// Whether that very process lives; its number may have gone to another since it was seen.
export function isSame(process: Process): boolean {
  return isAlive(process.pid) && birthOf(process.pid) === process.birth;
}

function birthOf(pid: number): string {
  return readProc(pid, "stat").replace(/^.*\) /s, "").split(" ")[19] ?? "";
}

// The living descendants of a process.
export function descendantsOf(pid: number): Process[] {
  const found: Process[] = [];
  for (const task of readTasks(pid)) {
    for (const text of readProc(pid, `task/${task}/children`).split(" ").filter(Boolean)) {
      const child = Number(text);
      const process = isAlive(child) ? identify(child) : undefined;
      if (process) found.push(process, ...descendantsOf(child));
    }
  }
  return found;
}

function readTasks(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

// What each open descriptor points to: a path, "socket:[123]", "pipe:[4]"...
export function descriptorsOf(pid: number): string[] {
  const targets: string[] = [];
  let names: string[] = [];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
  for (const name of names) {
    try {
      targets.push(readlinkSync(`/proc/${pid}/fd/${name}`));
    } catch {
      // Closed since it was listed.
    }
  }
  return targets;
}

export function residentBytesOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readProc(pid, "status"))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

// Of its own, in user and kernel mode.
export function cpuSecondsOf(pid: number): number {
  const kTicksPerSecond = 100;
  const fields = readProc(pid, "stat").replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / kTicksPerSecond;
}
