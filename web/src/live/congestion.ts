// SPDX-License-Identifier: Apache-2.0
// Whether the network takes audio more slowly than it is spoken. Pure.
const kCongestedSeconds = 1.5;
const kRelaxedSeconds = 0.5;

export function isCongested(was: boolean, backlogSeconds: number): boolean {
  return backlogSeconds > (was ? kRelaxedSeconds : kCongestedSeconds);
}
