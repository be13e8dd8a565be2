// SPDX-License-Identifier: Apache-2.0
// From the sound card's samples to what is sent: mono, at most 48 kHz, signed 16 bit, in frames of
// equal length. Pure; runs in the audio thread.

export const kMaxRate = 48_000;
const kFrameSeconds = 0.08;
const kTapsPerStep = 12;

export interface Frame {
  pcm: Int16Array<ArrayBuffer>;
  peak: number; // 0..1
}

// The rate that a capture at `deviceRate` is sent at: the device's own, or a whole part of it.
export function sentRate(deviceRate: number): number {
  return deviceRate / decimation(deviceRate);
}

export class FrameCutter {
  private readonly step: number;
  private readonly taps: Float32Array;
  private readonly history: Float32Array;
  private readonly frame: Int16Array<ArrayBuffer>;
  private phase = 0;
  private filled = 0;
  private peak = 0;

  constructor(deviceRate: number) {
    this.step = decimation(deviceRate);
    this.taps = lowPass(this.step);
    this.history = new Float32Array(this.taps.length);
    this.frame = new Int16Array(Math.round(sentRate(deviceRate) * kFrameSeconds));
  }

  // Returns the frames that `channels` (one block, all of one length) completed.
  push(channels: Float32Array[]): Frame[] {
    const frames: Frame[] = [];
    const length = channels[0]?.length ?? 0;
    for (let index = 0; index < length; index += 1) {
      let sum = 0;
      for (const channel of channels) sum += channel[index]!;
      const sample = this.decimate(sum / channels.length);
      if (sample === null) continue;
      this.put(sample);
      if (this.filled === this.frame.length) frames.push(this.take());
    }
    return frames;
  }

  // The unfinished frame, shorter than the others; null when there is none.
  flush(): Frame | null {
    return this.filled > 0 ? this.take() : null;
  }

  private decimate(sample: number): number | null {
    if (this.step === 1) return sample;
    this.history.copyWithin(0, 1);
    this.history[this.history.length - 1] = sample;
    this.phase = (this.phase + 1) % this.step;
    if (this.phase !== 0) return null;
    return this.taps.reduce((sum, tap, index) => sum + tap * this.history[index]!, 0);
  }

  private put(sample: number): void {
    const clipped = Math.max(-1, Math.min(1, sample));
    this.frame[this.filled] = Math.round(clipped * 32767);
    this.filled += 1;
    this.peak = Math.max(this.peak, Math.abs(clipped));
  }

  private take(): Frame {
    const result = { pcm: this.frame.slice(0, this.filled), peak: this.peak };
    this.filled = 0;
    this.peak = 0;
    return result;
  }
}

function decimation(deviceRate: number): number {
  return Math.ceil(deviceRate / kMaxRate);
}

// A Hann-windowed sinc that passes 90 % of the new band; its taps add up to one.
function lowPass(step: number): Float32Array {
  const count = kTapsPerStep * step * 2 + 1;
  const middle = (count - 1) / 2;
  const cutoff = 0.9 / step;
  const taps = Float32Array.from({ length: count }, (_, index) => {
    const x = (index - middle) * cutoff;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    return sinc * (0.5 + 0.5 * Math.cos((Math.PI * (index - middle)) / (middle + 1)));
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}
