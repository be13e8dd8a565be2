// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { isCongested } from "./congestion.ts";

test("a network is congested from far behind until it has nearly caught up", () => {
  let now = false;
  const seen = [0, 1, 1.6, 1, 0.6, 0.4, 1].map((seconds) => (now = isCongested(now, seconds)));
  assert.deepEqual(seen, [false, false, true, true, true, false, false]);
});
