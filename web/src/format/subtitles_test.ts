// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { toCues, toSrt, toVtt } from "./subtitles.ts";
import { columns } from "./text.ts";
import type { Segment } from "./transcript.ts";

function segment(text: string, start: number, end: number, words: Segment["words"] = []): Segment {
  return { text, start, end, words };
}

function evenWords(text: string, start: number, secondsEach: number): Segment["words"] {
  return text.split(" ").map((word, index) => ({
    text: word.toLowerCase().replace(/\W/g, ""),
    start: start + index * secondsEach,
    end: start + (index + 1) * secondsEach,
  }));
}

test("SRT numbers its cues and writes times with a comma", () => {
  const cues = toCues([segment("Hello there.", 0.5, 2), segment("Bye.", 3661.25, 3662)]);
  assert.equal(
    toSrt(cues),
    "1\n00:00:00,500 --> 00:00:02,000\nHello there.\n\n" +
      "2\n01:01:01,250 --> 01:01:02,000\nBye.\n",
  );
});

test("VTT has its header, times with a point, and escaped markup", () => {
  const cues = toCues([segment("a <b> & c --> d", 0, 1)]);
  assert.equal(
    toVtt(cues),
    "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na &lt;b&gt; &amp; c --&gt; d\n",
  );
});

test("rounding never writes a thousandth millisecond", () => {
  assert.match(toSrt([{ start: 0.9996, end: 59.9999, text: "x" }]), /00:00:01,000 --> 00:01:00,000/);
});

test("a long segment is cut at a sentence end, at the time of its words", () => {
  const text =
    "This is the first sentence of a long talk about music. And here the second one goes on for a while.";
  const cues = toCues([segment(text, 10, 16, evenWords(text, 10, 0.3))]);
  assert.equal(cues.length, 2);
  assert.equal(cues[0]!.text, "This is the first sentence of a long talk about music.");
  assert.ok(Math.abs(cues[1]!.start - 13.3) < 0.02, `starts at ${cues[1]!.start}`);
});

test("no cue is wider than two lines or longer than seven seconds, and no text is lost", () => {
  const text = Array.from({ length: 120 }, (_, index) => `word${index}`).join(" ");
  const cues = toCues([segment(text, 0, 100)]);
  assert.equal(cues.map((cue) => cue.text).join(" "), text);
  for (const cue of cues) {
    assert.ok(columns(cue.text) <= 84, cue.text);
    assert.ok(cue.end - cue.start <= 7.001, `${cue.end - cue.start} s`);
    for (const line of toSrt([cue]).split("\n").slice(2)) assert.ok(columns(line) <= 48, line);
  }
});

test("Chinese is cut between characters, and punctuation stays with what it follows", () => {
  const sentence = "今天我们讨论语音识别系统的设计与实现，";
  const cues = toCues([segment(sentence.repeat(6), 0, 24)]);
  assert.equal(cues.map((cue) => cue.text).join(""), sentence.repeat(6));
  for (const cue of cues) {
    assert.ok(columns(cue.text) <= 84);
    assert.ok(!cue.text.startsWith("，"), cue.text);
    for (const line of toSrt([cue]).split("\n").slice(2)) assert.ok(!line.startsWith("，"), line);
  }
});

test("cues neither overlap nor vanish when segments do", () => {
  const cues = toCues([segment("b", 1, 1), segment("a", 0, 2), segment("c", 1.5, 1.2)]);
  assert.deepEqual(cues.map((cue) => cue.text), ["a", "b", "c"]);
  cues.forEach((cue, index) => {
    assert.ok(cue.end > cue.start);
    if (index > 0) assert.ok(cue.start >= cues[index - 1]!.end - 1e-9);
  });
});

test("words that are not in the text do not move its times", () => {
  const cues = toCues([segment("one two", 4, 6, [{ text: "zebra", start: 5, end: 5.5 }])]);
  assert.deepEqual(cues, [{ start: 4, end: 6, text: "one two" }]);
});

test("empty segments make no cue", () => {
  assert.deepEqual(toCues([segment("  ", 0, 1)]), []);
});
