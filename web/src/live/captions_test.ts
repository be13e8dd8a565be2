// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Captions, paragraphText } from "./captions.ts";
import type { ListenResult } from "./listen_result.ts";

function interim(text: string, start: number, end: number): ListenResult {
  return { isFinal: false, endsUtterance: false, start, end, text, words: [] };
}

function final(text: string, start: number, end: number, endsUtterance = true): ListenResult {
  return { isFinal: true, endsUtterance, start, end, text, words: [] };
}

function lines(captions: Captions): string[] {
  return captions.paragraphs.map(paragraphText);
}

test("interims replace one another and a final replaces them", () => {
  const captions = new Captions();
  captions.onResult(interim("hel", 0, 1));
  captions.onResult(interim("hello wor", 0, 2));
  assert.equal(captions.partial, "hello wor");
  captions.onResult(final("hello world", 0, 2));
  assert.equal(captions.partial, "");
  assert.deepEqual(lines(captions), ["hello world"]);
});

test("finals flow on in one paragraph until speech ends", () => {
  const captions = new Captions();
  captions.onResult(final("one two", 0, 2, false));
  captions.onResult(final("three", 2, 3, true));
  captions.onResult(final("four", 5, 6, true));
  assert.deepEqual(lines(captions), ["one two three", "four"]);
});

test("empty finals close a paragraph but never make one", () => {
  const captions = new Captions();
  captions.onResult(final("", 0, 1, true));
  assert.ok(captions.isEmpty);
  captions.onResult(final("one", 1, 2, false));
  captions.onResult(final("", 2, 3, true));
  captions.onResult(final("two", 4, 5, true));
  assert.deepEqual(lines(captions), ["one", "two"]);
});

test("a broken session keeps its partial as text", () => {
  const captions = new Captions();
  captions.beginSession();
  captions.onResult(interim("almost said", 1, 3));
  captions.endSession(3.5);
  assert.equal(captions.partial, "");
  assert.deepEqual(captions.transcript().segments, [
    { text: "almost said", start: 1, end: 3.5, words: [] },
  ]);
});

test("the next session goes on after the one before, in time and in a new paragraph", () => {
  const captions = new Captions();
  captions.beginSession();
  captions.onResult(final("before", 0, 2, false));
  captions.endSession(10);
  captions.beginSession();
  const words = [{ text: "after", start: 1.5, end: 1.9 }];
  captions.onResult({ ...final("after", 1, 2), words });
  assert.deepEqual(lines(captions), ["before", "after"]);
  const after = captions.transcript().segments[1]!;
  assert.deepEqual([after.start, after.end, after.words[0]!.start], [11.5, 11.9, 11.5]);
});

test("the text holds one line a paragraph, the running one included", () => {
  const captions = new Captions();
  captions.onResult(final("one", 0, 1));
  captions.onResult(interim("two", 1, 2));
  assert.equal(captions.transcript().text, "one\ntwo");
});
