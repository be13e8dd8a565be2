// SPDX-License-Identifier: Apache-2.0
// What the server says on /v1/listen, read from JSON that is not trusted to be complete.
// Times are seconds on the stream's clock.
import type { Word } from "../format/transcript.ts";

export interface ListenResult {
  isFinal: boolean;
  endsUtterance: boolean;
  start: number;
  end: number;
  text: string;
  words: Word[];
}

export type ServerMessage =
  | { kind: "result"; result: ListenResult }
  | { kind: "speech_started"; at: number }
  | { kind: "metadata"; duration: number }
  | { kind: "other" };

interface RawWord {
  word?: string;
  punctuated_word?: string;
  start?: number;
  end?: number;
}

interface RawMessage {
  type?: string;
  is_final?: boolean;
  speech_final?: boolean;
  start?: number;
  duration?: number;
  timestamp?: number;
  channel?: { alternatives?: { transcript?: string; words?: RawWord[] }[] };
}

export function parseServerMessage(json: string): ServerMessage {
  let raw: RawMessage | null;
  try {
    raw = JSON.parse(json) as RawMessage | null;
  } catch {
    return { kind: "other" };
  }
  switch (raw?.type) {
    case "Results":
      return { kind: "result", result: readResult(raw) };
    case "SpeechStarted":
      return { kind: "speech_started", at: raw.timestamp ?? 0 };
    case "Metadata":
      return { kind: "metadata", duration: raw.duration ?? 0 };
    default:
      return { kind: "other" };
  }
}

function readResult(raw: RawMessage): ListenResult {
  const best = raw.channel?.alternatives?.[0];
  const start = raw.start ?? 0;
  return {
    isFinal: raw.is_final ?? false,
    endsUtterance: raw.speech_final ?? false,
    start,
    end: start + (raw.duration ?? 0),
    text: (best?.transcript ?? "").trim(),
    words: (best?.words ?? []).map((word) => ({
      text: word.punctuated_word ?? word.word ?? "",
      start: word.start ?? start,
      end: word.end ?? start,
    })),
  };
}
