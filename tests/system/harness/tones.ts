// SPDX-License-Identifier: Apache-2.0
// Single tones, which the models of tools/make_tone_model.py hear as the letters a to h.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { join16, kRate, silence } from "./audio.ts";
import { kRepository } from "./server.ts";

const kTones = [400, 600, 850, 1200, 1700, 2400, 3300, 4500];
const kToneMs = 120;
const kPauseMs = 80;
export const kLetterMs = kToneMs + kPauseMs;

export function letterTones(letters: string): Int16Array {
  const tone = (kRate * kToneMs) / 1000;
  const parts = [...letters].flatMap((letter) => {
    const hertz = kTones[letter.charCodeAt(0) - "a".charCodeAt(0)]!;
    const samples = Int16Array.from({ length: tone }, (_, i) => {
      const gain = Math.min(1, i / 160, (tone - i) / 160);
      return 16_000 * gain * Math.sin((2 * Math.PI * hertz * i) / kRate);
    });
    return [samples, silence(kPauseMs)];
  });
  return join16(...parts);
}

// A loud tone that the models take for nothing.
export function noLetter(ms: number): Int16Array {
  return Int16Array.from({ length: (kRate * ms) / 1000 }, (_, i) =>
    8_000 * Math.sin((2 * Math.PI * 6500 * i) / kRate),
  );
}

// A folder with a model; `more` are further arguments of the tool.
export function makeToneModel(folder: string, kind: string, ...more: string[]): void {
  const tool = join(kRepository, "tools/make_tone_model.py");
  execFileSync("/usr/bin/python3", ["-B", tool, folder, "--kind", `asr-${kind}`, ...more]);
}

export function toneModelTable(id: string, folder: string, more = ""): string {
  return (
    `[[model]]\nid = "${id}"\nbackend = "sherpa"\nlanguages = ["en"]\n` +
    `directory = "${folder}"\n${more}\n`
  );
}
