// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { FileQueue } from "./file_queue.ts";

function fill(limit: number, count: number) {
  const queue = new FileQueue(limit);
  const begun: number[] = [];
  const releases: (() => void)[] = [];
  const removers = Array.from({ length: count }, (_, index) =>
    queue.add((release) => {
      begun.push(index);
      releases[index] = release;
    }),
  );
  return { begun, releases, removers };
}

test("at most `limit` tasks run, in order", () => {
  const { begun, releases } = fill(2, 4);
  assert.deepEqual(begun, [0, 1]);
  releases[1]!();
  assert.deepEqual(begun, [0, 1, 2]);
  releases[0]!();
  assert.deepEqual(begun, [0, 1, 2, 3]);
});

test("a task that waits can leave; one that runs cannot", () => {
  const { begun, releases, removers } = fill(1, 3);
  assert.equal(removers[1]!(), true);
  assert.equal(removers[0]!(), false);
  releases[0]!();
  assert.deepEqual(begun, [0, 2]);
});
