// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next try: full jitter, so that many clients of one server that went
// do not come back at once. Pure but for `random`.

const kBaseMs = 250;
const kMostMs = 5_000;

// `attempt` counts from 0; `random` gives numbers of [0, 1).
export function backOffMs(attempt: number, random: () => number): number {
  return Math.floor(random() * Math.min(kMostMs, kBaseMs * 2 ** attempt));
}
