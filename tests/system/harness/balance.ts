// SPDX-License-Identifier: Apache-2.0
// How evenly connections are spread over the gateways.
import type { TuttiServer } from "./server.ts";

export async function connectionsByGateway(server: TuttiServer): Promise<number[]> {
  const { samples } = await server.metrics();
  return samples.filter((one) => one.name === "tutti_websockets").map((one) => one.value);
}

// The fullest to the average.
export function loadRatio(counts: number[]): number {
  const sum = counts.reduce((total, count) => total + count, 0);
  return (Math.max(...counts) * counts.length) / sum;
}
