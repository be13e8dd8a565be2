// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventStream } from "./event_stream.ts";

const kBody =
  'data: {"n":1}\n\n: comment\n\nevent: x\r\ndata: {"n":2,\r\ndata:"m":"é"}\r\n\r\ndata: [DONE]\n\n';

test("events are the same wherever the body is split", () => {
  const expected = [{ n: 1 }, { n: 2, m: "é" }];
  assert.deepEqual(new EventStream().push(kBody), expected);
  for (let at = 0; at <= kBody.length; at += 1) {
    const stream = new EventStream();
    const events = [...stream.push(kBody.slice(0, at)), ...stream.push(kBody.slice(at))];
    assert.deepEqual(events, expected, `split at ${at}`);
  }
});

test("an unfinished event is not given out", () => {
  const stream = new EventStream();
  assert.deepEqual(stream.push('data: {"n":1}\n'), []);
  assert.deepEqual(stream.push("\n"), [{ n: 1 }]);
});

test("broken JSON is skipped", () => {
  assert.deepEqual(new EventStream().push('data: {"n\n\ndata: 2\n\n'), [2]);
});
