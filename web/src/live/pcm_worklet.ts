// SPDX-License-Identifier: Apache-2.0
// The part of the capture that runs in the audio thread: posts a Frame for every 80 ms of sound.
// A message "flush" is answered by the unfinished frame, if any, and then null; after that the
// node is dead.
import { FrameCutter } from "./pcm.ts";

// TypeScript ships no declarations of the audio worklet's global scope.
declare const sampleRate: number;
declare function registerProcessor(name: string, type: new () => AudioWorkletProcessor): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

class PcmProcessor extends AudioWorkletProcessor {
  private readonly cutter = new FrameCutter(sampleRate);
  private isAlive = true;

  constructor() {
    super();
    this.port.onmessage = () => this.flush();
  }

  process(inputs: Float32Array[][]): boolean {
    if (!this.isAlive) return false;
    for (const frame of this.cutter.push(inputs[0] ?? [])) {
      this.port.postMessage(frame, [frame.pcm.buffer]);
    }
    return true;
  }

  private flush(): void {
    this.isAlive = false;
    const frame = this.cutter.flush();
    if (frame !== null) this.port.postMessage(frame, [frame.pcm.buffer]);
    this.port.postMessage(null);
  }
}

registerProcessor("pcm", PcmProcessor);
