// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnswer, readErrorBody } from "./answer.ts";

test("words go to the segment their middle lies in", () => {
  const answer = readAnswer({
    type: "transcript.text.done",
    text: "one two",
    segments: [
      { start: 0, end: 1, text: "one" },
      { start: 1, end: 2, text: "two" },
    ],
    words: [
      { word: "one", start: 0.2, end: 1.1 },
      { word: "two", start: 1.1, end: 1.9 },
    ],
  });
  assert.equal(answer.kind, "done");
  const segments = answer.kind === "done" ? answer.transcript.segments : [];
  assert.deepEqual(segments.map((segment) => segment.words.map((word) => word.text)), [
    ["one"],
    ["two"],
  ]);
});

test("a plain answer has a text and no segments", () => {
  assert.deepEqual(readAnswer({ type: "transcript.text.done", text: "hi" }), {
    kind: "done",
    transcript: { text: "hi", segments: [] },
  });
});

test("an error is seen in any event", () => {
  assert.deepEqual(readAnswer({ error: { message: "no audio" } }), {
    kind: "error",
    message: "no audio",
  });
  assert.deepEqual(readAnswer({ type: "transcript.text.delta", error: "x" }), {
    kind: "error",
    message: "x",
  });
});

test("error bodies of any shape give a message or nothing", () => {
  assert.equal(readErrorBody('{"error":{"message":"too long"}}'), "too long");
  for (const body of ["", "<html>", "null", '{"detail":"x"}', '{"error":{}}']) {
    assert.equal(readErrorBody(body), "", body);
  }
});

test("unknown events are ignored", () => {
  for (const value of [null, 3, "x", [], { type: "tutti.new" }]) {
    assert.equal(readAnswer(value).kind, "other");
  }
});
