// SPDX-License-Identifier: Apache-2.0
// kill -9 of an engine while many people speak and files are recognised.
import assert from "node:assert/strict";
import test from "node:test";
import { digitSequence, dtmf, spelt, wav } from "../harness/audio.ts";
import { withConfig } from "../harness/boot.ts";
import {
  isReady,
  killed,
  metricIs,
  successor,
  whileStopped,
  withServer,
} from "../harness/faults.ts";
import { form } from "../harness/http.ts";
import { DeepgramClient } from "../harness/live.ts";
import type { TuttiServer } from "../harness/server.ts";
import { finishAll, Speaker, startCrowd } from "../harness/traffic.ts";

test("the only engine dies: everybody's audio is heard again by the next one", async () => {
  await withServer({}, async (server) => {
    const crowd = await startCrowd(server, 40);
    await Promise.all(crowd.map((speaker) => speaker.hasFinals(2)));
    const [engine] = server.pids("engine");
    await killed(server, engine!);

    const next = await successor(server, "engine", [engine!]);
    await isReady(server);
    await finishAll(crowd);
    const metrics = await server.metrics();
    assert.equal(metrics.sum("tutti_live_replays_total"), 40);
    assert.equal(metrics.sum("tutti_live_failures_total"), 0);
    assert.deepEqual(server.pids("engine"), [next]);
  });
});

test("it dies again and again, each time while words are spoken", async () => {
  await withServer({}, async (server) => {
    const crowd = await startCrowd(server, 10, { digitsEach: 120 });
    for (let death = 1; death <= 4; ++death) {
      await Promise.all(crowd.map((speaker) => speaker.hasFinals(2 * death)));
      await crowd[0]!.isSpeaking();
      const [engine] = server.pids("engine");
      await killed(server, engine!);
      await successor(server, "engine", [engine!]);
    }
    await finishAll(crowd);
  });
});

test("one of two engines dies: its streams go on at the other", async () => {
  const toml = '[[model]]\nid = "tone"\nreplicas = 2\n';
  await withConfig(toml, (config) => withServer({ flags: { config } }, moveToTheOtherEngine));
});

async function moveToTheOtherEngine(server: TuttiServer): Promise<void> {
  const crowd = await startCrowd(server, 20);
  await Promise.all(crowd.map((speaker) => speaker.hasFinals(2)));
  const engines = server.pids("engine");
  await killed(server, engines[0]!);
  await finishAll(crowd);
  const replays = (await server.metrics()).sum("tutti_live_replays_total");
  assert.ok(replays > 0 && replays < 20, `${replays} of 20 streams were moved`);
  await successor(server, "engine", engines);
}

test("three engines die of one utterance: an error says so, others go on", async () => {
  await withServer({ expectedErrors: /failed repeatedly/ }, async (server) => {
    const digits = digitSequence(150);
    const unlucky = await Speaker.start(server, { digits, groupSize: 150, speed: 1 });
    for (let death = 1; death <= 3; ++death) {
      await metricIs(server, "tutti_engine_streams", 1);
      const [engine] = server.pids("engine");
      await killed(server, engine!);
      await successor(server, "engine", [engine!]);
    }
    const closing = await unlucky.client.closing();
    assert.equal(closing.code, 1011);
    assert.match(closing.reason, /recognition failed repeatedly on the same audio/);

    const lucky = await DeepgramClient.open(server);
    lucky.sendAudio(dtmf("12345"));
    await lucky.finish();
    assert.equal(lucky.transcript(), spelt("12345"));
  });
});

test("an engine dies under files: what it had is recognised again, exactly", async () => {
  await withServer({}, async (server) => {
    const texts = [digitSequence(900), digitSequence(1000).slice(100)];
    const [engine] = server.pids("engine");
    const posts = await whileStopped(server, [engine!], async () => {
      const sent = texts.map((digits) => {
        const body = form({ model: "tone" }, { bytes: wav(dtmf(digits)) });
        return server.post("/v1/audio/transcriptions", body);
      });
      await metricIs(server, "tutti_jobs_running", 2);
      await killed(server, engine!);
      return sent;
    });
    const answers = await Promise.all(posts);
    assert.deepEqual(answers.map((answer) => answer.json.text), texts.map(spelt));
  });
});
