// SPDX-License-Identifier: Apache-2.0
// health_under_load.ts [--seconds N]: /health and a microphone while files are more than the
// engines can carry. Exit code 0 when the 99th percentiles of /health are within the goal, else 1.
import { parseArgs } from "node:util";
import { TuttiServer } from "../tests/system/harness/server.ts";
import { measureUnderLoad, type Latencies } from "./health_load.ts";

const kGoalMs = 10;

const { values } = parseArgs({ options: { seconds: { type: "string", default: "30" } } });
const server = await TuttiServer.start({ models: ["en-us"] });
try {
  const report = await measureUnderLoad(server, Number(values.seconds));
  const isPassed = report.kept.p99 <= kGoalMs && report.fresh.p99 <= kGoalMs;
  const { live } = report;
  print("health, one kept connection", describe(report.kept));
  print("health, new connections", describe(report.fresh));
  print("live partials", `${live.partials}, largest gap ${ms(live.largestGap)}`);
  print("live final", `${ms(live.lastFinal)} after the last sample`);
  print("files answered meanwhile", String(report.files));
  print("p99 of /health", `${isPassed ? "pass" : "SHORT"} (goal ${ms(kGoalMs)})`);
  process.exitCode = isPassed ? 0 : 1;
  await server.stop();
} finally {
  await server.kill();
}

function print(name: string, value: string): void {
  console.log(`${name.padEnd(30)}${value}`);
}
function describe({ count, p50, p99, max }: Latencies): string {
  return `n ${count}  p50 ${ms(p50)}  p99 ${ms(p99)}  max ${ms(max)}`;
}
function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
