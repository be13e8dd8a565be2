// SPDX-License-Identifier: Apache-2.0
// Measures how quickly text follows speech, in audio time: every figure is the position of the
// microphone when a result arrives, minus a position the result speaks of. No wall clock is
// compared with the server's, and a drifting sound card does not matter.
//
// First word: from where the utterance began to its first text on the screen.
// Delay: from the end of the newest interim result. A final is late on purpose (it waits for the
// pause that ends the sentence), so it counts only in utterances that had no interim.
import type { ListenResult } from "./listen_result.ts";

export class Latency {
  firstWordMs: number | null = null;
  delayMs: number | null = null;
  private speechStart: number | null = null;
  private hasText = false;
  private hadInterim = false;

  onSpeechStarted(at: number): void {
    if (!this.hasText) this.speechStart ??= at;
  }

  // `position`: seconds of audio captured when the result arrived.
  onResult(result: ListenResult, position: number): void {
    if (result.text !== "") this.measure(result, position);
    if (!result.isFinal) return;
    this.speechStart = null;
    this.hasText = !result.endsUtterance && this.hasText;
    this.hadInterim = !result.endsUtterance && this.hadInterim;
  }

  private measure(result: ListenResult, position: number): void {
    if (!this.hasText) {
      const start = this.speechStart ?? result.words[0]?.start ?? result.start;
      this.firstWordMs = toMs(position - start);
      this.hasText = true;
    }
    if (!result.isFinal) this.hadInterim = true;
    if (!result.isFinal || !this.hadInterim) this.delayMs = toMs(position - result.end);
  }
}

function toMs(seconds: number): number {
  return Math.max(0, Math.round(seconds * 1000));
}
