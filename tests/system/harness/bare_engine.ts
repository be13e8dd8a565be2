// SPDX-License-Identifier: Apache-2.0
// The recogniser without the server, and word error rates: programs of bench/, which exist only
// in a build with -DTUTTI_BENCH=ON.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { kPrograms } from "./server.ts";

const run = promisify(execFile);

export interface Clip {
  name: string;
  text: string; // what is said
  wav: Buffer; // 16 kHz mono
}

// Why they cannot be used, for skip; false when they can.
export const lackOfBenchPrograms: string | false = ["bare_pocketsphinx", "wer"].every((name) =>
  existsSync(join(kPrograms, name)),
)
  ? false
  : `no bare_pocketsphinx and wer in ${kPrograms}: build with -DTUTTI_BENCH=ON`;

// What the engine alone hears, by the clips' names.
export async function bareTexts(clips: Clip[], mode: "batch" | "stream") {
  const folder = mkdtempSync(join(tmpdir(), "tutti-clips-"));
  try {
    const files = clips.map((clip) => join(folder, `${clip.name}.wav`));
    clips.forEach((clip, index) => writeFileSync(files[index]!, clip.wav));
    const program = join(kPrograms, "bare_pocketsphinx");
    const { stdout } = await run(program, ["--mode", mode, ...files]);
    const lines = stdout.split("\n").filter(Boolean);
    const texts = lines.map((line) => line.slice(line.indexOf("\t") + 1));
    return new Map(clips.map((clip, index) => [clip.name, texts[index]!]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// In percent, over all clips together.
export async function wordErrorRate(clips: Clip[], heard: Map<string, string>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "tutti-texts-"));
  try {
    const lines = (text: (clip: Clip) => string) =>
      clips.map((clip) => `${clip.name}\t${text(clip)}\n`).join("");
    const reference = join(folder, "reference.tsv");
    const hypothesis = join(folder, "hypothesis.tsv");
    writeFileSync(reference, lines((clip) => clip.text));
    writeFileSync(hypothesis, lines((clip) => heard.get(clip.name) ?? ""));
    const { stdout } = await run(join(kPrograms, "wer"), [reference, hypothesis]);
    const total = /^total\t.*\tWER ([\d.]+) %$/m.exec(stdout)?.[1];
    assert.ok(total, `wer printed: ${stdout}`);
    return Number(total);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
