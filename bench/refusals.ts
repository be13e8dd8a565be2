// SPDX-License-Identifier: Apache-2.0
// refusals.ts [--count N]: the CPU time a gateway spends on a connection that it refuses because it
// is full. Exit code 0 when that is below 20 us, else 1.
import net from "node:net";
import { parseArgs } from "node:util";
import { cpuSecondsOf } from "../tests/system/harness/processes.ts";
import { RawConnection } from "../tests/system/harness/http.ts";
import { TuttiServer } from "../tests/system/harness/server.ts";

const kGoalMicroseconds = 20;
const kAtOnce = 32;

const { values } = parseArgs({ options: { count: { type: "string", default: "10000" } } });
const count = Number(values.count);

const server = await TuttiServer.start({ gateways: 1, flags: { "max-connections": 1 } });
try {
  const holder = await RawConnection.open(server.port);
  holder.write("GET /livez HTTP/1.1\r\nHost: bench\r\n\r\n");
  await holder.answer();
  const gateway = server.pids("gateway")[0]!;
  const before = cpuSecondsOf(gateway);
  const shares = Array.from({ length: kAtOnce }, () => beRefused(Math.floor(count / kAtOnce)));
  const answered = (await Promise.all(shares)).reduce((sum, one) => sum + one, 0);
  const each = ((cpuSecondsOf(gateway) - before) * 1e6) / answered;
  const isPassed = each < kGoalMicroseconds;
  console.log(`refused and answered          ${answered}`);
  console.log(
    `CPU time of each              ${each.toFixed(1)} us, ${isPassed ? "pass" : "SHORT"} ` +
      `(goal ${kGoalMicroseconds} us)`,
  );
  process.exitCode = isPassed ? 0 : 1;
} finally {
  await server.kill();
}

// One connection after the other; how many read the whole answer.
async function beRefused(times: number): Promise<number> {
  let answered = 0;
  for (let n = 0; n < times; ++n) if ((await oneAnswer()).startsWith("HTTP/1.1 503")) ++answered;
  return answered;
}

function oneAnswer(): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = net.connect(server.port, "127.0.0.1");
    socket.on("data", (piece: Buffer) => (text += piece.toString()));
    socket.on("error", () => undefined); // "close" follows
    socket.once("close", () => resolve(text));
  });
}
