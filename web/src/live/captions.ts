// SPDX-License-Identifier: Apache-2.0
// The text of the live page: paragraphs of final segments, and the partial text of what is being
// said. Pure; the view draws it.
//
//   beginSession() -> onResult()* -> endSession(seconds)     any number of times
//
// 1. A final segment never changes. The partial is replaced by the next result.
// 2. A session continues the clock of the one before, so the subtitles of all of them stay in order.
// 3. A session that ends without its last final keeps the partial as text: words that were on the
//    screen never vanish.
import { joinText } from "../format/text.ts";
import type { Segment, Transcript } from "../format/transcript.ts";
import type { ListenResult } from "./listen_result.ts";

export interface Paragraph {
  start: number;
  segments: Segment[];
  isOpen: boolean;
}

export class Captions {
  readonly paragraphs: Paragraph[] = [];
  private partialText = "";
  private partialStart = 0;
  private sessionStart = 0;

  get partial(): string {
    return this.partialText;
  }

  get isEmpty(): boolean {
    return this.paragraphs.length === 0 && this.partialText === "";
  }

  beginSession(): void {
    this.closeParagraph();
  }

  onResult(result: ListenResult): void {
    if (!result.isFinal) {
      this.partialText = result.text;
      this.partialStart = this.sessionStart + (result.words[0]?.start ?? result.start);
      return;
    }
    this.partialText = "";
    if (result.text !== "") this.append(shift(result, this.sessionStart));
    if (result.endsUtterance) this.closeParagraph();
  }

  endSession(audioSeconds: number): void {
    const end = this.sessionStart + audioSeconds;
    if (this.partialText !== "") {
      const start = Math.min(this.partialStart, end);
      this.append({ text: this.partialText, start, end, words: [] });
      this.partialText = "";
    }
    this.closeParagraph();
    this.sessionStart = end;
  }

  transcript(): Transcript {
    const lines = this.paragraphs.map((paragraph) => paragraphText(paragraph));
    if (this.partialText !== "") lines.push(this.partialText);
    const segments = this.paragraphs.flatMap((paragraph) => paragraph.segments);
    return { text: lines.join("\n"), segments };
  }

  private append(segment: Segment): void {
    const last = this.paragraphs.at(-1);
    if (last?.isOpen) {
      last.segments.push(segment);
    } else {
      this.paragraphs.push({ start: segment.start, segments: [segment], isOpen: true });
    }
  }

  private closeParagraph(): void {
    const last = this.paragraphs.at(-1);
    if (last !== undefined) last.isOpen = false;
  }
}

export function paragraphText(paragraph: Paragraph): string {
  return joinText(paragraph.segments.map((segment) => segment.text));
}

// Subtitles should stand from the first word to the last, not from the silence before.
function shift(result: ListenResult, offset: number): Segment {
  const words = result.words.map((word) => ({
    text: word.text,
    start: word.start + offset,
    end: word.end + offset,
  }));
  return {
    text: result.text,
    start: words[0]?.start ?? result.start + offset,
    end: words.at(-1)?.end ?? result.end + offset,
    words,
  };
}
