// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptAudio } from "./kept_audio.ts";

function filled(...sizes: number[]): KeptAudio {
  const kept = new KeptAudio();
  let value = 0;
  for (const size of sizes) kept.push(Uint8Array.from({ length: size }, () => value++));
  return kept;
}

function bytesIn(kept: KeptAudio): number[] {
  return kept.all().flatMap((piece) => ("bytes" in piece ? [...piece.bytes] : []));
}

test("keeps what was pushed, from where it is still needed", () => {
  const kept = filled(4, 4, 4);
  assert.deepEqual(bytesIn(kept), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  for (const position of [0, 3, 4, 6, 11, 12]) {
    kept.dropUpTo(position);
    assert.equal(kept.start, position);
    assert.equal(kept.size, 12 - position);
    assert.deepEqual(bytesIn(kept), [...Array(12).keys()].slice(position));
    assert.equal(kept.all()[0]?.at ?? 12, position);
  }
});

test("never goes back, nor beyond what there is", () => {
  const kept = filled(8);
  kept.dropUpTo(5);
  kept.dropUpTo(2);
  assert.equal(kept.start, 5);
  kept.dropUpTo(100);
  assert.equal(kept.start, 8);
  assert.equal(kept.end, 8);
  kept.push(Uint8Array.of(9));
  assert.deepEqual(kept.all(), [{ at: 8, bytes: Uint8Array.of(9) }]);
});

test("controls stay at their place until all before them is told", () => {
  const kept = filled(4);
  kept.pushControl("Finalize");
  kept.push(Uint8Array.of(4, 5));
  kept.dropUpTo(2);
  assert.deepEqual(
    kept.all().map((piece) => ("control" in piece ? piece.control : piece.bytes.length)),
    [2, "Finalize", 2],
  );
  kept.dropUpTo(4);
  assert.deepEqual(bytesIn(kept), [4, 5]);
  assert.equal(kept.all().length, 1);
});

test("the caller may use its buffer again", () => {
  const kept = new KeptAudio();
  const buffer = Uint8Array.of(1, 2);
  kept.push(buffer);
  buffer.fill(0);
  assert.deepEqual(bytesIn(kept), [1, 2]);
});
