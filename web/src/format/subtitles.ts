// SPDX-License-Identifier: Apache-2.0
// Turns timed text into subtitles: toCues() cuts, toSrt() and toVtt() write.
//
// 1. Every character of the text survives; only white space is normalised.
// 2. A cue holds at most two lines of kLineColumns and lasts at most kMaxSeconds, unless one
//    single word is longer.
// 3. Cues are in order, do not overlap, and each lasts longer than zero.
import { columns, isUnspaced } from "./text.ts";
import type { Segment } from "./transcript.ts";

export interface Cue {
  start: number;
  end: number;
  text: string;
}

const kLineColumns = 42;
const kCueColumns = 2 * kLineColumns;
const kMaxSeconds = 7;
const kMinSeconds = 0.01;

// A piece that may not be broken, with the offset of its first character in the segment's text.
interface Atom {
  text: string;
  offset: number;
}

export function toCues(segments: Segment[]): Cue[] {
  const cues = segments.flatMap(cutSegment).sort((a, b) => a.start - b.start);
  cues.forEach((cue, index) => {
    const previous = cues[index - 1];
    if (previous !== undefined) cue.start = Math.max(cue.start, previous.end);
    const next = cues[index + 1];
    if (next !== undefined) cue.end = Math.min(cue.end, next.start);
    cue.end = Math.max(cue.end, cue.start + kMinSeconds);
  });
  return cues;
}

export function toSrt(cues: Cue[]): string {
  return cues
    .map((cue, index) => {
      const times = `${timestamp(cue.start, ",")} --> ${timestamp(cue.end, ",")}`;
      return `${index + 1}\n${times}\n${wrap(cue.text)}\n`;
    })
    .join("\n");
}

export function toVtt(cues: Cue[]): string {
  const blocks = cues.map((cue) => {
    const times = `${timestamp(cue.start, ".")} --> ${timestamp(cue.end, ".")}`;
    return `${times}\n${escapeVtt(wrap(cue.text))}\n`;
  });
  return ["WEBVTT\n", ...blocks].join("\n");
}

function cutSegment(segment: Segment): Cue[] {
  const text = segment.text.trim().replace(/\s+/g, " ");
  if (text === "") return [];
  const timeAt = timeline(segment, text);
  return groupAtoms(splitAtoms(text), timeAt).map((atoms) => {
    const first = atoms[0]!.offset;
    const last = atoms.at(-1)!;
    const end = last.offset + last.text.trimEnd().length;
    return { start: timeAt(first), end: timeAt(end), text: text.slice(first, end) };
  });
}

function splitAtoms(text: string): Atom[] {
  const atoms: Atom[] = [];
  let offset = 0;
  let current = "";
  const push = () => {
    if (current === "") return;
    atoms.push({ text: current, offset });
    offset += current.length;
    current = "";
  };
  for (const character of text) {
    const startsAtom = isUnspaced(character) && !kPunctuation.test(character);
    if (startsAtom || current.endsWith(" ") || endsUnspaced(current, character)) push();
    current += character;
  }
  push();
  return atoms;
}

const kPunctuation = /[\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]/;
const kSentenceEnd = /[.!?…。！？]["'”’)]?\s*$/;
const kClauseEnd = /[,;:，、；：]\s*$/;

// Latin text that follows a Chinese character begins an atom of its own; punctuation stays.
function endsUnspaced(current: string, next: string): boolean {
  const last = [...current].at(-1) ?? "";
  return isUnspaced(last) && /[\p{L}\p{N}]/u.test(next);
}

function groupAtoms(atoms: Atom[], timeAt: (offset: number) => number): Atom[][] {
  const groups: Atom[][] = [];
  let rest = atoms;
  while (rest.length > 0) {
    const fitting = countFitting(rest, timeAt);
    const taken = fitting === rest.length ? fitting : bestBreak(rest.slice(0, fitting));
    groups.push(rest.slice(0, taken));
    rest = rest.slice(taken);
  }
  return groups;
}

function countFitting(atoms: Atom[], timeAt: (offset: number) => number): number {
  const start = timeAt(atoms[0]!.offset);
  let width = 0;
  let count = 0;
  for (const atom of atoms) {
    width += columns(atom.text);
    const tooLong = timeAt(atom.offset + atom.text.trimEnd().length) - start > kMaxSeconds;
    if (count > 0 && (width > kCueColumns || tooLong)) break;
    count += 1;
  }
  return count;
}

// Prefers the last sentence end, then the last clause end, in the second half of what fits.
function bestBreak(atoms: Atom[]): number {
  for (const pattern of [kSentenceEnd, kClauseEnd]) {
    for (let count = atoms.length; count > atoms.length / 2; count -= 1) {
      if (pattern.test(atoms[count - 1]!.text)) return count;
    }
  }
  return atoms.length;
}

// Maps an offset in the text to a time: exact at the words that are found in it, linear between.
function timeline(segment: Segment, text: string): (offset: number) => number {
  const end = Math.max(segment.end, segment.start);
  const anchors = [{ offset: 0, time: segment.start }];
  const add = (offset: number, time: number) => {
    const last = anchors.at(-1)!;
    if (offset < last.offset || time < last.time || time > end) return;
    anchors.push({ offset, time });
  };
  const lower = text.toLowerCase();
  let from = 0;
  for (const word of segment.words) {
    const needle = word.text.trim().toLowerCase();
    const found = needle === "" ? -1 : lower.indexOf(needle, from);
    if (found < 0 || found - from > kCueColumns) continue;
    from = found + needle.length;
    add(found, word.start);
    add(from, word.end);
  }
  add(text.length, end);
  return (offset) => interpolate(anchors, offset);
}

function interpolate(anchors: { offset: number; time: number }[], offset: number): number {
  const index = anchors.findIndex((anchor) => anchor.offset >= offset);
  const after = anchors[index] ?? anchors.at(-1)!;
  const before = anchors[index - 1];
  if (before === undefined || after.offset <= offset) return after.time;
  const share = (offset - before.offset) / (after.offset - before.offset);
  return before.time + share * (after.time - before.time);
}

// One line if it fits, else two of about equal length.
function wrap(text: string): string {
  if (columns(text) <= kLineColumns) return text;
  const atoms = splitAtoms(text);
  const total = columns(text);
  let best = { distance: Infinity, offset: 0 };
  for (const atom of atoms.slice(1)) {
    const distance = Math.abs(total / 2 - columns(text.slice(0, atom.offset)));
    if (distance < best.distance) best = { distance, offset: atom.offset };
  }
  if (best.offset === 0) return text;
  return `${text.slice(0, best.offset).trimEnd()}\n${text.slice(best.offset)}`;
}

function timestamp(seconds: number, decimal: string): string {
  const total = Math.max(0, Math.round(seconds * 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = two(Math.floor(total / 3_600_000));
  const minutes = two(Math.floor(total / 60_000) % 60);
  const rest = two(Math.floor(total / 1000) % 60);
  return `${hours}:${minutes}:${rest}${decimal}${String(total % 1000).padStart(3, "0")}`;
}

function escapeVtt(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
