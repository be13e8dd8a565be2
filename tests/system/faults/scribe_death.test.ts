// SPDX-License-Identifier: Apache-2.0
// kill -9 of the process that works on files.
import assert from "node:assert/strict";
import test from "node:test";
import { digitSequence, dtmf, spelt, wav } from "../harness/audio.ts";
import { isReady, killed, metricIs, successor, whileStopped } from "../harness/faults.ts";
import { form } from "../harness/http.ts";
import { isAlive } from "../harness/processes.ts";
import { useServer } from "../harness/server.ts";
import { finishAll, startCrowd } from "../harness/traffic.ts";
import { until } from "../harness/wait.ts";

const server = useServer({ expectedErrors: /failed repeatedly/ });

const post = (digits: string, fields: Record<string, string> = {}) =>
  server().post(
    "/v1/audio/transcriptions",
    form({ model: "tone", ...fields }, { bytes: wav(dtmf(digits)) }),
  );

test("its files are recognised by the next one, exactly; microphones notice nothing", async () => {
  const crowd = await startCrowd(server(), 20);
  await Promise.all(crowd.map((speaker) => speaker.hasFinals(1)));
  const texts = [6000, 5000, 4000].map((count) => digitSequence(count));
  const [scribe] = server().pids("scribe");
  const engines = server().pids("engine");
  const posts = await whileStopped(server(), engines, async () => {
    const sent = texts.map((digits) => post(digits));
    await metricIs(server(), "tutti_jobs_running", 2);
    const decoders = await until("the decoders of both", () => {
      const pids = server().pids("decoder");
      return pids.length === 2 ? pids : undefined;
    });
    await killed(server(), scribe!);
    await until("their end", () => !decoders.some(isAlive));
    await successor(server(), "scribe", [scribe!]);
    return sent;
  });
  const answers = await Promise.all(posts);
  assert.deepEqual(answers.map((answer) => answer.json.text), texts.map(spelt));
  await finishAll(crowd);
  assert.equal((await server().metrics()).sum("tutti_live_replays_total"), 0);
});

test("text that was streamed already is not streamed again", async () => {
  const digits = digitSequence(8000);
  const [scribe] = server().pids("scribe");
  const decoded = async () => (await server().metrics()).sum("tutti_utterances_decoded_total");
  const before = await decoded();
  const submittedAgain = () => server().stderr.split("its scribe ended; submitting").length;
  const retries = submittedAgain();
  const answer = post(digits, { stream: "true" });
  await until("segments were recognised", async () => (await decoded()) > before + 3);
  await killed(server(), scribe!);
  const events = (await answer).text.split("\n\n").filter(Boolean);
  const data = events.map((event) => JSON.parse(event.replace(/^data: /, "")));
  const deltas = data.filter((event) => event.type === "transcript.text.delta");
  const done = data.find((event) => event.type === "transcript.text.done");
  assert.equal(done?.text, spelt(digits));
  assert.equal(deltas.map((event) => event.delta).join(""), spelt(digits));
  assert.equal(submittedAgain(), retries + 1);
  await isReady(server());
});

test("a file whose scribe dies every time fails with an error, once", async () => {
  const answer = await whileStopped(server(), server().pids("engine"), async () => {
    const sent = post(digitSequence(6000));
    for (let death = 1; death <= 2; ++death) {
      await metricIs(server(), "tutti_jobs_running", 1);
      await until("its decoder", () => server().pids("decoder").length === 1);
      const [scribe] = server().pids("scribe");
      await killed(server(), scribe!);
      await successor(server(), "scribe", [scribe!]);
    }
    return await sent;
  });
  assert.equal(answer.status, 500);
  assert.match(answer.json.error.message, /failed repeatedly/);
  await isReady(server());
  assert.equal((await post("13579")).json.text, spelt("13579"));
});
