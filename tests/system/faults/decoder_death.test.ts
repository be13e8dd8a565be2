// SPDX-License-Identifier: Apache-2.0
// kill -9 of the process that decodes one client's media: that client gets an error, at once and
// in words, and nobody else notices.
import assert from "node:assert/strict";
import test from "node:test";
import { convert, digitSequence, dtmf, slices, spelt, wav } from "../harness/audio.ts";
import { killed, metricIs, whileStopped } from "../harness/faults.ts";
import { form } from "../harness/http.ts";
import { DeepgramClient } from "../harness/live.ts";
import { keepsProcesses, useServer } from "../harness/server.ts";
import { finishAll, startCrowd } from "../harness/traffic.ts";
import { until } from "../harness/wait.ts";

const server = useServer();

function decoder(): Promise<number> {
  return until("a decoder", () => server().pids("decoder")[0]);
}

// Longer than what the server takes before text comes back, so its decoder lives on.
const kLongFile = wav(dtmf(digitSequence(6000)));

test("of a file", async () => {
  const crowd = await startCrowd(server(), 10, { digitsEach: 40 });
  await keepsProcesses(server(), async () => {
    const body = form({ model: "tone" }, { bytes: kLongFile });
    const answer = await whileStopped(server(), server().pids("engine"), async () => {
      const post = server().post("/v1/audio/transcriptions", body);
      await metricIs(server(), "tutti_jobs_running", 1);
      await killed(server(), await decoder());
      return post;
    });
    assert.equal(answer.status, 400);
    assert.match(answer.json.error.message, /cannot be decoded/);
  });
  await finishAll(crowd);
  const again = await server().post(
    "/v1/audio/transcriptions",
    form({ model: "tone" }, { bytes: wav(dtmf("2468")) }),
  );
  assert.equal(again.json.text, spelt("2468"));
});

test("of a live stream in a container", async () => {
  const crowd = await startCrowd(server(), 10, { digitsEach: 40 });
  await keepsProcesses(server(), async () => {
    const ogg = await convert(wav(dtmf(digitSequence(100))), "ogg", ["-c:a", "libopus"]);
    const client = await DeepgramClient.open(server(), { encoding: null, sample_rate: null });
    const half = ogg.subarray(0, ogg.length / 2);
    for (const piece of slices(half, { ms: 50 })) client.sendBytes(piece);
    await killed(server(), await decoder());
    const closing = await client.closing();
    assert.equal(closing.code, 1008);
    assert.match(closing.reason, /^DATA-0000 .*cannot be decoded/);
  });
  await finishAll(crowd);
});
