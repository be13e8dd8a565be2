// SPDX-License-Identifier: Apache-2.0
// Audio whose transcript is known: DTMF digits computed here, English sentences spoken by flite,
// and both in any file format through ffmpeg.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const kRate = 16_000;

const kRows = [697, 770, 852, 941];
const kColumns = [1209, 1336, 1477, 1633];
const kKeys = "123A456B789C*0#D"; // row by row

export interface ToneOptions {
  rate?: number;
  toneMs?: number;
  gapMs?: number; // silence after every digit
}

// The transcript of dtmf(digits) by the model "tone".
export function spelt(digits: string): string {
  return [...digits].join(" ");
}

export function dtmf(digits: string, options: ToneOptions = {}): Int16Array {
  const { rate = kRate, toneMs = 50, gapMs = 50 } = options;
  const tone = Math.round((rate * toneMs) / 1000);
  const pitch = tone + Math.round((rate * gapMs) / 1000);
  const out = new Int16Array(pitch * digits.length);
  [...digits].forEach((key, index) => {
    const at = kKeys.indexOf(key);
    if (at < 0) throw new Error(`not a DTMF digit: ${key}`);
    const row = (2 * Math.PI * kRows[at >> 2]!) / rate;
    const column = (2 * Math.PI * kColumns[at & 3]!) / rate;
    for (let n = 0; n < tone; ++n) {
      const fade = Math.min(1, n / (rate * 0.002), (tone - n) / (rate * 0.002));
      out[index * pitch + n] = 8000 * fade * (Math.sin(row * n) + Math.sin(column * n));
    }
  });
  return out;
}

// The first `count` digits of an endless sequence in which no short piece repeats soon, so that a
// lost or doubled digit shows.
export function digitSequence(count: number): string {
  let state = 1;
  let out = "";
  while (out.length < count) {
    state = (state * 48_271) % 2_147_483_647;
    out += String(state % 10);
  }
  return out;
}

export function silence(ms: number, rate = kRate): Int16Array {
  return new Int16Array(Math.round((rate * ms) / 1000));
}

export function join16(...parts: Int16Array[]): Int16Array {
  const out = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

// The bytes of s16le, as "linear16" wants them.
export function bytesOf(samples: Int16Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}

export function float32Of(samples: Int16Array): Buffer {
  return Buffer.from(Float32Array.from(samples, (sample) => sample / 32_768).buffer);
}

// G.711 mu-law, one byte a sample.
export function mulawOf(samples: Int16Array): Buffer {
  return Buffer.from(
    Array.from(samples, (sample) => {
      const sign = sample < 0 ? 0x80 : 0;
      const magnitude = Math.min(Math.abs(sample), 32_635) + 0x84;
      const exponent = 31 - Math.clz32(magnitude) - 7;
      return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
    }),
  );
}

export interface WavOptions {
  rate?: number;
  channels?: number;
  dataBytes?: number; // what the header claims, when not the truth
}

export function wav(samples: Int16Array, options: WavOptions = {}): Buffer {
  const { rate = kRate, channels = 1, dataBytes = samples.byteLength } = options;
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE((dataBytes + 36) % 2 ** 32, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * channels * 2, 28);
  head.writeUInt16LE(channels * 2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(dataBytes % 2 ** 32, 40);
  return Buffer.concat([head, bytesOf(samples)]);
}

// The samples of a plain 16-bit mono WAV as flite and wav() write it.
export function samplesOf(file: Buffer): Int16Array {
  const at = file.indexOf("data", 12, "latin1") + 8;
  return new Int16Array(file.buffer.slice(file.byteOffset + at, file.byteOffset + file.length));
}

export interface Slices {
  ms: number;
  rate?: number;
  bytesPerSample?: number;
}

// Audio bytes cut into messages of `ms` each.
export function slices(bytes: Buffer, { ms, rate = kRate, bytesPerSample = 2 }: Slices): Buffer[] {
  const size = Math.round((rate * ms) / 1000) * bytesPerSample;
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(bytes.subarray(at, at + size));
  return out;
}

const kCache = join(tmpdir(), "tutti-system-audio");

// Made once per machine: the same recipe gives the same bytes. Test files run in parallel, so the
// finished file appears by a rename.
async function cached(recipe: unknown[], make: (target: string) => Promise<void>, suffix: string) {
  const name = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 24);
  const path = join(kCache, name + suffix);
  if (!existsSync(path)) {
    mkdirSync(kCache, { recursive: true });
    const folder = mkdtempSync(join(kCache, "new-"));
    const target = join(folder, "made" + suffix);
    await make(target);
    renameSync(target, path);
    rmSync(folder, { recursive: true });
  }
  return path;
}

// A WAV file of 16 kHz mono in which flite says `text`.
export async function speak(text: string, voice = "slt"): Promise<Buffer> {
  const path = await cached(["flite", voice, text], async (target) => {
    await run("flite", ["-voice", voice, "-t", text, "-o", target]);
  }, ".wav");
  return readFileSync(path);
}

// ffmpeg's conversion of a file's bytes; the suffix chooses the container: "mp3", "webm", "ogg"...
export async function convert(input: Buffer, suffix: string, args: string[] = []): Promise<Buffer> {
  const digest = createHash("sha256").update(input).digest("hex");
  const path = await cached(["ffmpeg", digest, suffix, args], async (target) => {
    const source = target + ".in";
    writeFileSync(source, input);
    await run("ffmpeg", ["-v", "error", "-y", "-i", source, ...args, target]);
    rmSync(source);
  }, "." + suffix);
  return readFileSync(path);
}
