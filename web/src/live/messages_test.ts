// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseServerMessage } from "./messages.ts";

test("a result is read with its words, punctuated ones first", () => {
  const message = parseServerMessage(
    JSON.stringify({
      type: "Results",
      is_final: true,
      speech_final: true,
      start: 1,
      duration: 0.5,
      channel: {
        alternatives: [
          {
            transcript: " Hi there ",
            words: [{ word: "hi", punctuated_word: "Hi", start: 1, end: 1.2 }, { word: "there" }],
          },
        ],
      },
    }),
  );
  assert.deepEqual(message, {
    kind: "result",
    result: {
      isFinal: true,
      endsUtterance: true,
      start: 1,
      end: 1.5,
      text: "Hi there",
      words: [
        { text: "Hi", start: 1, end: 1.2 },
        { text: "there", start: 1, end: 1 },
      ],
    },
  });
});

test("other messages are told apart, and nonsense is harmless", () => {
  assert.deepEqual(parseServerMessage('{"type":"SpeechStarted","timestamp":9.5}'), {
    kind: "speech_started",
    at: 9.5,
  });
  assert.equal(parseServerMessage('{"type":"Metadata","duration":3}').kind, "metadata");
  for (const text of ["", "null", "[]", "17", "{", '{"type":"UtteranceEnd"}']) {
    assert.equal(parseServerMessage(text).kind, "other", text);
  }
  assert.equal(parseServerMessage('{"type":"Results"}').kind, "result");
});
