// SPDX-License-Identifier: Apache-2.0
// Starts of the server that are expected to fail, and configuration files.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kPrograms } from "./server.ts";
import { within } from "./wait.ts";

export interface FailedStart {
  code: number | string;
  stderr: string;
  stdout: string;
  errors: string[]; // log lines of level error
}

// Runs `tutti` to its end, which must come within `ms`.
export async function runToItsEnd(
  args: string[],
  ms = 10_000,
  environment: Record<string, string> = {},
): Promise<FailedStart> {
  const child = spawn(join(kPrograms, "tutti"), args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let stderr = "";
  let stdout = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  const ended = new Promise<number | string>((settle) => {
    child.once("close", (code, name) => settle(code ?? name ?? "no exit code"));
  });
  try {
    const code = await within(ms, `the end of tutti ${args.join(" ")}`, ended);
    return { code, stderr, stdout, errors: stderr.match(/^\S+ error .*$/gm) ?? [] };
  } finally {
    child.kill("SIGKILL");
  }
}

// Work with a configuration file in a folder of its own, which goes with the work.
export async function withConfig<T>(
  toml: string,
  work: (path: string, folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "tutti-config-"));
  try {
    const path = join(folder, "tutti.toml");
    writeFileSync(path, toml);
    return await work(path, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
