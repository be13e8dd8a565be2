// SPDX-License-Identifier: Apache-2.0
// Long-lived connections stay evenly spread over the gateways, also after one of them died and
// came back empty.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionsByGateway, loadRatio } from "../harness/balance.ts";
import { dtmf } from "../harness/audio.ts";
import { killed, metricIs, successor, withServer } from "../harness/faults.ts";
import { WhoasrClient } from "../harness/live.ts";
import type { TuttiServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const kClients = 300;
const kAtOnce = 50;
const kGoal = 1.25;

async function openClients(server: TuttiServer, count: number): Promise<WhoasrClient[]> {
  const clients: WhoasrClient[] = [];
  while (clients.length < count) {
    const more = Math.min(kAtOnce, count - clients.length);
    clients.push(
      ...(await Promise.all(Array.from({ length: more }, () => WhoasrClient.open(server)))),
    );
  }
  return clients;
}

async function assertEven(server: TuttiServer, clients: WhoasrClient[]): Promise<void> {
  await metricIs(server, "tutti_websockets", clients.length);
  const counts = await connectionsByGateway(server);
  assert.ok(loadRatio(counts) <= kGoal, `connections of the gateways: ${counts.join(", ")}`);
}

test("a gateway that came back gets the next connections, and they work there", async () => {
  await withServer({ gateways: 3 }, async (server) => {
    let clients = await openClients(server, kClients);
    await assertEven(server, clients);

    const before = server.pids("gateway");
    await killed(server, before[0]!);
    const isOpen = (one: WhoasrClient) => one.socket.readyState === one.socket.OPEN;
    const count = async () => (await server.metrics()).sum("tutti_websockets");
    await until("the end of its connections", async () => {
      const open = clients.filter(isOpen).length;
      return open < kClients && open === (await count());
    });
    await successor(server, "gateway", before);
    const kept = clients.filter(isOpen);
    const lost = kClients - kept.length;
    assert.ok(lost > kClients / 5, `only ${lost} were at the gateway that died`);
    clients = [...kept, ...(await openClients(server, lost))];
    await assertEven(server, clients);

    const handedOn = (await server.metrics()).sum("tutti_connections_handed_on_total");
    assert.ok(handedOn > lost / 4, `${handedOn} connections were handed on`);
    for (const client of clients.slice(-20)) {
      client.start();
      client.sendAudio(dtmf("73"));
      client.stop();
      await client.status("Recording stopped");
      assert.equal(client.text(), "7 3");
    }
    for (const client of clients) client.reset();
  });
});
