// SPDX-License-Identifier: Apache-2.0
// What the server says on /v1/listen, read from JSON that is not trusted to be complete.
// Times are seconds on the stream's clock, offsets samples at its own rate.

export interface Word {
  text: string; // as the model writes it, with its marks
  start: number;
  end: number;
  confidence: number;
}

export interface Result {
  text: string;
  words: Word[];
  start: number; // of the audio it covers
  end: number;
  confidence: number;
  endsUtterance: boolean;
  segment: number | undefined; // of a final: its number in the stream, from 0
}

// Where the stream goes on when the connection breaks now. Without a token it cannot.
export interface Point {
  segment: number; // of the next final
  offset: number;
  token: string | undefined;
}

export type Message =
  | { kind: "partial"; result: Result }
  | { kind: "final"; result: Result; point: Point | undefined }
  | { kind: "point"; streamId: string; windowMs: number; point: Point }
  | { kind: "speech"; at: number }
  | { kind: "metadata"; duration: number }
  | { kind: "other" };

type Fields = Record<string, unknown>;

export function readMessage(text: string): Message {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { kind: "other" };
  }
  const message = fieldsOf(raw);
  switch (message["type"]) {
    case "Results":
      return readResults(message);
    case "ResumePoint":
      return readPoint(message);
    case "SpeechStarted":
      return { kind: "speech", at: numberOf(message["timestamp"]) };
    case "Metadata":
      return { kind: "metadata", duration: numberOf(message["duration"]) };
    default:
      return { kind: "other" };
  }
}

function readResults(message: Fields): Message {
  const best = fieldsOf(listOf(fieldsOf(message["channel"])["alternatives"])[0]);
  const start = numberOf(message["start"]);
  const { segment, offset } = message;
  const isNumbered = typeof segment === "number" && typeof offset === "number";
  const result: Result = {
    text: textOf(best["transcript"]).trim(),
    words: listOf(best["words"]).map((word) => readWord(fieldsOf(word), start)),
    start,
    end: start + numberOf(message["duration"]),
    confidence: numberOf(best["confidence"]),
    endsUtterance: message["speech_final"] === true,
    segment: isNumbered ? segment : undefined,
  };
  if (message["is_final"] !== true) return { kind: "partial", result };
  const point = isNumbered
    ? { segment: segment + 1, offset, token: tokenOf(message) }
    : undefined;
  return { kind: "final", result, point };
}

function readWord(word: Fields, fallback: number): Word {
  return {
    text: textOf(word["punctuated_word"]) || textOf(word["word"]),
    start: numberOf(word["start"], fallback),
    end: numberOf(word["end"], fallback),
    confidence: numberOf(word["confidence"]),
  };
}

function readPoint(message: Fields): Message {
  const token = tokenOf(message);
  if (token === undefined) return { kind: "other" };
  return {
    kind: "point",
    streamId: textOf(message["stream_id"]),
    windowMs: numberOf(message["window"]) * 1000,
    point: { segment: numberOf(message["segment"]), offset: numberOf(message["offset"]), token },
  };
}

function tokenOf(message: Fields): string | undefined {
  return textOf(message["resume_token"]) || undefined;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function numberOf(value: unknown, fallback = 0): number {
  return typeof value === "number" && Number.isFinite(value) ? value : fallback;
}
