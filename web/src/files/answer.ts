// SPDX-License-Identifier: Apache-2.0
// What the server says about one file, read from JSON that is not trusted to be complete.
import type { Segment, Transcript, Word } from "../format/transcript.ts";

export interface Progress {
  recognised: number; // seconds of audio
  duration: number;   // 0 while it is not known
}

export type Answer =
  | { kind: "delta"; text: string }
  | { kind: "progress"; progress: Progress }
  | { kind: "done"; transcript: Transcript }
  | { kind: "error"; message: string }
  | { kind: "other" };

interface RawSegment {
  start?: number;
  end?: number;
  text?: string;
}

interface RawAnswer {
  type?: string;
  delta?: string;
  recognised?: number;
  duration?: number;
  text?: string;
  words?: { word?: string; start?: number; end?: number }[];
  segments?: RawSegment[];
  error?: { message?: string } | string;
}

export function readAnswer(value: unknown): Answer {
  if (typeof value !== "object" || value === null) return { kind: "other" };
  const raw = value as RawAnswer;
  if (raw.error) return { kind: "error", message: errorMessage(raw.error) };
  switch (raw.type) {
    case "transcript.text.delta":
      return { kind: "delta", text: raw.delta ?? "" };
    case "tutti.progress":
      return {
        kind: "progress",
        progress: { recognised: raw.recognised ?? 0, duration: raw.duration ?? 0 },
      };
    case "transcript.text.done":
      return readDone(raw);
    default:
      return { kind: "other" };
  }
}

// The `message` of an error body, "" when there is none.
export function readErrorBody(body: string): string {
  try {
    const raw = JSON.parse(body) as RawAnswer | null;
    return raw?.error ? errorMessage(raw.error) : "";
  } catch {
    return "";
  }
}

function errorMessage(error: { message?: string } | string): string {
  return typeof error === "string" ? error : (error.message ?? "");
}

function readDone(raw: RawAnswer): Answer {
  const words: Word[] = (raw.words ?? []).map((word) => ({
    text: word.word ?? "",
    start: word.start ?? 0,
    end: word.end ?? 0,
  }));
  const segments = (raw.segments ?? []).map((segment) => withWords(segment, words));
  return { kind: "done", transcript: { text: raw.text ?? "", segments } };
}

// A word belongs to the segment in which its middle lies: ends are rounded, middles are safe.
function withWords(segment: RawSegment, words: Word[]): Segment {
  const start = segment.start ?? 0;
  const end = segment.end ?? start;
  const own = words.filter((word) => {
    const middle = (word.start + word.end) / 2;
    return middle >= start && middle < end;
  });
  return { text: segment.text ?? "", start, end, words: own };
}
