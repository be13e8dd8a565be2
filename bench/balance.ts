// SPDX-License-Identifier: Apache-2.0
// balance.ts [--sockets N] [--gateways N]: how evenly N WebSockets lie on the gateways, at first and
// after one gateway was killed and its clients connected again. Exit code 0 when the fullest holds
// at most 1.25 times the average both times, else 1.
import { parseArgs } from "node:util";
import { connectionsByGateway, loadRatio } from "../tests/system/harness/balance.ts";
import { cpuSecondsOf } from "../tests/system/harness/processes.ts";
import { killed, metricIs } from "../tests/system/harness/faults.ts";
import { openSocket } from "../tests/system/harness/live.ts";
import { TuttiServer } from "../tests/system/harness/server.ts";

const kGoal = 1.25;
const kAtOnce = 100;

const { values } = parseArgs({
  options: {
    sockets: { type: "string", default: "10000" },
    gateways: { type: "string", default: "4" },
  },
});
const count = Number(values.sockets);
const gateways = Number(values.gateways);

const server = await TuttiServer.start({ gateways, flags: { "live-idle": 3600 } });
let isEnding = false;
let again = 0;
type Socket = Awaited<ReturnType<typeof openSocket>>["socket"];
const sockets = new Set<Socket>();
try {
  const began = performance.now();
  await Promise.all(Array.from({ length: kAtOnce }, (_, n) => openShare(n)));
  print("opened", `${count} in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  const first = await measure("at first");
  const victim = server.pids("gateway")[0]!;
  await killed(server, victim);
  const second = await measure("after a gateway died");
  print("connected again", String(again));
  const handedOn = (await server.metrics()).sum("tutti_connections_handed_on_total");
  print("handed on", String(handedOn));
  const cpu = server.pids("gateway").map((pid) => cpuSecondsOf(pid).toFixed(2));
  print("CPU of the gateways", `${cpu.join(" ")} s`);
  const isPassed = first <= kGoal && second <= kGoal;
  print("most loaded to mean", `${isPassed ? "pass" : "SHORT"} (goal ${kGoal})`);
  process.exitCode = isPassed ? 0 : 1;
} finally {
  isEnding = true;
  for (const socket of sockets) socket.terminate();
  await server.kill();
}

async function openShare(first: number): Promise<void> {
  for (let n = first; n < count; n += kAtOnce) await open();
}

// A client that connects again, at once, when its connection ends.
async function open(): Promise<void> {
  for (;;) {
    const opened = await openSocket(`${server.wsUrl}/ws/bench`).catch(() => undefined);
    if (isEnding) return opened?.socket.terminate();
    if (!opened) continue;
    const { socket } = opened;
    sockets.add(socket);
    socket.resume();
    socket.on("error", () => undefined); // "close" follows
    socket.once("close", () => {
      sockets.delete(socket);
      if (isEnding) return;
      ++again;
      void open();
    });
    return;
  }
}

async function measure(when: string): Promise<number> {
  await metricIs(server, "tutti_websockets", count);
  const counts = await connectionsByGateway(server);
  const ratio = loadRatio(counts);
  print(when, `${ratio.toFixed(3)}  (${counts.join(" ")})`);
  return ratio;
}

function print(name: string, value: string): void {
  console.log(`${name.padEnd(30)}${value}`);
}
