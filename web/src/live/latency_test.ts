// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Latency } from "./latency.ts";
import type { ListenResult } from "./listen_result.ts";

function result(text: string, end: number, isFinal = false): ListenResult {
  return { isFinal, endsUtterance: isFinal, start: 0, end, text, words: [] };
}

test("the first word is measured once an utterance, from where speech began", () => {
  const latency = new Latency();
  latency.onSpeechStarted(2);
  latency.onResult(result("", 2.2), 2.3);
  assert.equal(latency.firstWordMs, null);
  latency.onResult(result("one", 2.4), 2.5);
  assert.equal(latency.firstWordMs, 500);
  latency.onResult(result("one two", 3), 3.1);
  assert.equal(latency.firstWordMs, 500);
  latency.onResult(result("one two", 3, true), 4);
  latency.onSpeechStarted(6);
  latency.onResult(result("three", 6.5), 6.8);
  assert.equal(latency.firstWordMs, 800);
});

test("without SpeechStarted the first word's own time is taken", () => {
  const latency = new Latency();
  const words = [{ text: "one", start: 1, end: 1.4 }];
  latency.onResult({ ...result("one", 1.5), words }, 1.75);
  assert.equal(latency.firstWordMs, 750);
});

test("delay follows the interims, not the final that waited for the pause", () => {
  const latency = new Latency();
  latency.onResult(result("one", 1), 1.2);
  assert.equal(latency.delayMs, 200);
  latency.onResult(result("one", 1, true), 2.5);
  assert.equal(latency.delayMs, 200);
});

test("a model without interims is measured by its finals", () => {
  const latency = new Latency();
  latency.onResult(result("one", 1), 1.2);
  latency.onResult(result("one", 1, true), 2);
  latency.onResult(result("two", 3, true), 4.5);
  assert.equal(latency.delayMs, 1500);
});

test("a result from the future is no negative delay", () => {
  const latency = new Latency();
  latency.onResult(result("one", 2), 1.9);
  assert.equal(latency.delayMs, 0);
});
