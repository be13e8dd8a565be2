// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameCutter, sentRate, type Frame } from "./pcm.ts";

function sine(rate: number, hertz: number, seconds: number): Float32Array {
  const length = Math.round(rate * seconds);
  return Float32Array.from({ length }, (_, index) =>
    Math.sin((2 * Math.PI * hertz * index) / rate),
  );
}

function cut(rate: number, samples: Float32Array): Frame[] {
  const cutter = new FrameCutter(rate);
  const frames: Frame[] = [];
  for (let start = 0; start < samples.length; start += 128) {
    frames.push(...cutter.push([samples.subarray(start, start + 128)]));
  }
  const last = cutter.flush();
  return last === null ? frames : [...frames, last];
}

function steadyPeak(frames: Frame[]): number {
  return Math.max(...frames.slice(1).map((frame) => frame.peak));
}

test("rates up to 48 kHz are kept and higher ones become a whole part", () => {
  assert.equal(sentRate(44_100), 44_100);
  assert.equal(sentRate(48_000), 48_000);
  assert.equal(sentRate(96_000), 48_000);
  assert.equal(sentRate(88_200), 44_100);
  assert.equal(sentRate(192_000), 48_000);
});

test("every sample is sent once, in frames of 80 ms and one rest", () => {
  const frames = cut(48_000, sine(48_000, 440, 0.2));
  assert.deepEqual(frames.map((frame) => frame.pcm.length), [3840, 3840, 1920]);
  const samples = frames.flatMap((frame) => [...frame.pcm]);
  sine(48_000, 440, 0.2).forEach((value, index) => {
    assert.ok(Math.abs(samples[index]! - value * 32767) <= 1);
  });
});

test("clipping stays at the limits", () => {
  const [frame] = cut(8_000, Float32Array.from({ length: 640 }, (_, i) => (i % 2 ? 3 : -3)));
  assert.equal(Math.max(...frame!.pcm), 32767);
  assert.equal(Math.min(...frame!.pcm), -32767);
  assert.equal(frame!.peak, 1);
});

test("two channels become their mean", () => {
  const cutter = new FrameCutter(8_000);
  cutter.push([new Float32Array(100).fill(0.5), new Float32Array(100).fill(-0.5)]);
  assert.equal(cutter.flush()?.peak, 0);
});

test("downsampling keeps speech and removes what would fold into it", () => {
  const speech = cut(96_000, sine(96_000, 3_000, 0.5));
  assert.ok(Math.abs(steadyPeak(speech) - 1) < 0.02, `3 kHz: ${steadyPeak(speech)}`);
  const ultrasound = cut(96_000, sine(96_000, 30_000, 0.5));
  assert.ok(steadyPeak(ultrasound) < 0.01, `30 kHz: ${steadyPeak(ultrasound)}`);
  assert.equal(speech.reduce((sum, frame) => sum + frame.pcm.length, 0), 24_000);
});

test("nothing pushed, nothing flushed", () => {
  assert.equal(new FrameCutter(48_000).flush(), null);
  assert.deepEqual(new FrameCutter(48_000).push([]), []);
});
