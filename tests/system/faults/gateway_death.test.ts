// SPDX-License-Identifier: Apache-2.0
// kill -9 of one of two gateways: its clients see their connections end, those of the other
// nothing, and what waits in its accept queue is served by its successor.
import assert from "node:assert/strict";
import test from "node:test";
import { digitSequence, dtmf, spelt, wav } from "../harness/audio.ts";
import {
  isReady,
  killed,
  localPortOf,
  metricIs,
  onEveryGateway,
  signal,
  successor,
  whileStopped,
} from "../harness/faults.ts";
import { form, RawConnection } from "../harness/http.ts";
import { descriptorsOf } from "../harness/processes.ts";
import { useServer } from "../harness/server.ts";
import { finishAll, Speaker } from "../harness/traffic.ts";

const server = useServer();

async function openSpeaker() {
  const opened = await Speaker.start(server(), { digits: digitSequence(80) });
  return { opened, port: localPortOf(opened.client) };
}

test("microphones of the other gateway notice nothing, its own are cut off", async () => {
  const speakers = await onEveryGateway(server(), 8, openSpeaker);
  await Promise.all(speakers.map(({ opened }) => opened.hasFinals(2)));
  const [victim, witness] = server().pids("gateway");
  const streams = (await server().metrics()).sum("tutti_engine_streams");
  assert.equal(streams, speakers.length);
  await killed(server(), victim!);

  const lost = speakers.filter(({ gateway }) => gateway === victim).map(({ opened }) => opened);
  const kept = speakers.filter(({ gateway }) => gateway === witness).map(({ opened }) => opened);
  for (const speaker of lost) assert.equal((await speaker.client.closing()).code, 1006);
  // The engine drops what nobody waits for.
  await metricIs(server(), "tutti_engine_streams", kept.length);
  const next = await successor(server(), "gateway", [victim!, witness!]);
  await finishAll(kept);
  assert.equal((await server().metrics()).sum("tutti_live_replays_total"), 0);

  const after = await onEveryGateway(server(), 2, openSpeaker);
  assert.ok(after.some(({ gateway }) => gateway === next));
  await finishAll(after.map(({ opened }) => opened));
});

test("uploads of the other gateway are finished, its own jobs are given up", async () => {
  const digits = digitSequence(3000);
  const { headers, body } = form({ model: "tone" }, { bytes: wav(dtmf(digits)) });
  const head =
    "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: test\r\n" +
    `Content-Type: ${headers["content-type"]}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const connections = await onEveryGateway(server(), 1, async () => {
    const opened = await RawConnection.open(server().port);
    opened.write("GET /livez HTTP/1.1\r\nHost: test\r\n\r\n");
    assert.equal((await opened.answer()).status, 200);
    return { opened, port: opened.socket.localPort! };
  });
  const [victim, witness] = server().pids("gateway");
  const at = (pid: number) => connections.find(({ gateway }) => gateway === pid)!.opened;
  for (const { opened } of connections)
    if (opened !== at(victim!) && opened !== at(witness!)) opened.finish();

  await whileStopped(server(), server().pids("engine"), async () => {
    for (const pid of [victim!, witness!]) {
      at(pid).write(head);
      at(pid).write(body);
    }
    await metricIs(server(), "tutti_jobs_running", 2);
    await killed(server(), victim!);
    await at(victim!).ended();
    await metricIs(server(), "tutti_jobs_running", 1);
  });
  const answer = await at(witness!).answer();
  assert.equal(answer.json.text, spelt(digits));
  at(witness!).finish();
  await successor(server(), "gateway", [victim!, witness!]);
  await isReady(server());
});

test("connections that wait in its queue are served by its successor", async () => {
  const [victim, witness] = server().pids("gateway");
  signal(server(), victim!, "SIGSTOP");
  const kConnections = 32;
  const waiting: RawConnection[] = [];
  for (let n = 0; n < kConnections; ++n) {
    const connection = await RawConnection.open(server().port);
    connection.write("GET /livez HTTP/1.1\r\nHost: test\r\n\r\n");
    waiting.push(connection);
  }
  await killed(server(), victim!);
  for (const connection of waiting) assert.equal((await connection.answer()).status, 200);
  const next = await successor(server(), "gateway", [victim!, witness!]);
  for (const connection of waiting) connection.finish();
  for (const connection of waiting) await connection.ended();
  const sockets = (pid: number) => descriptorsOf(pid).filter((one) => one.startsWith("socket:"));
  assert.equal(sockets(next).length, sockets(witness!).length, "sockets of old and new gateway");
});
