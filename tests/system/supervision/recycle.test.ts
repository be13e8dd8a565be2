// SPDX-License-Identifier: Apache-2.0
// Processes that are replaced because of what they did.
import assert from "node:assert/strict";
import test from "node:test";
import { placeIn, statusIs, statusOf } from "../harness/control.ts";
import { withServer } from "../harness/faults.ts";
import { DeepgramClient } from "../harness/live.ts";
import { dtmf } from "../harness/audio.ts";

test("a gateway is replaced after its requests; its live stream stays", async () => {
  const flags = { "max-requests": 50, "recycle-jitter": 0 };
  await withServer({ gateways: 1, flags }, async (server) => {
    const client = await DeepgramClient.open(server);
    client.sendAudio(dtmf("12"));
    client.finalize();
    await client.heard("1 2");
    const [before] = placeIn(await statusOf(server), "gateway 0").processes;
    for (let count = 0; count < 60; ++count) await server.get("/v1/models");
    const status = await statusIs(server, "a successor", (now) =>
      placeIn(now, "gateway 0").processes.some((one) => one.state === "draining"),
    );
    const [now, old] = placeIn(status, "gateway 0").processes;
    assert.equal(old!.pid, before!.pid);
    assert.notEqual(now!.pid, before!.pid);
    client.sendAudio(dtmf("34"));
    client.finalize();
    await client.heard("1 2 3 4");
    await client.finish();
    await statusIs(server, "the old one is gone with its last stream", (later) =>
      placeIn(later, "gateway 0").processes.length === 1,
    );
    assert.ok((await server.metrics()).sum("tutti_process_recycles_total") >= 1);
  });
});

test("an engine is replaced for its age, one after the other", async () => {
  const flags = { "max-lifetime": 2, "recycle-jitter": 0 };
  await withServer({ gateways: 1, flags }, async (server) => {
    const [before] = placeIn(await statusOf(server), "engine tone 0").processes;
    await statusIs(
      server,
      "another engine",
      (status) => {
        const [engine] = placeIn(status, "engine tone 0").processes;
        return engine !== undefined && engine.pid !== before!.pid && engine.state === "ready";
      },
      30_000,
    );
    assert.equal((await server.get("/readyz")).status, 200);
  });
});
