// SPDX-License-Identifier: Apache-2.0
// kill -9 of the supervisor: nobody is there to clean up, so everybody ends by himself and the
// next start finds a clean place.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { digitSequence, dtmf, wav } from "../harness/audio.ts";
import { metricIs, whileStopped } from "../harness/faults.ts";
import { form } from "../harness/http.ts";
import { DeepgramClient } from "../harness/live.ts";
import { isAlive } from "../harness/processes.ts";
import { TuttiServer } from "../harness/server.ts";
import { startCrowd } from "../harness/traffic.ts";
import { until } from "../harness/wait.ts";

const kStopSeconds = 3;

async function startIn(runtimeDir: string, port: number): Promise<TuttiServer> {
  const flags = { "runtime-dir": runtimeDir, port, "stop-timeout": kStopSeconds };
  const server = await TuttiServer.start({ flags });
  mkdirSync(server.runtimeDir, { recursive: true });
  return server;
}

// Resolves when every process of the server has closed its standard error, so all have ended.
async function killSupervisor(server: TuttiServer): Promise<void> {
  const all = server.processes();
  process.kill(server.pid, "SIGKILL");
  await server.ended((kStopSeconds + 4) * 1000);
  const left = () => all.filter((one) => isAlive(one.pid)).map((one) => one.command);
  await until("the end of every process", () => left().length === 0, {
    ms: kStopSeconds * 1000,
    describe: () => left().join(", "),
  });
}

test("every process ends by itself, and the next start finds a clean place", async () => {
  const runtimeDir = mkdtempSync(join(tmpdir(), "tutti-runtime-"));
  const first = await startIn(runtimeDir, 0);
  const old = readdirSync(runtimeDir);
  assert.equal(old.length, 1);
  const crowd = await startCrowd(first, 20);
  await Promise.all(crowd.map((speaker) => speaker.hasFinals(1)));
  const bytes = wav(dtmf(digitSequence(6000)));
  const [upload] = await whileStopped(first, first.pids("engine"), async () => {
    const post = first.post("/v1/audio/transcriptions", form({ model: "tone" }, { bytes }));
    await metricIs(first, "tutti_jobs_running", 1);
    return [Promise.allSettled([post])];
  });
  await killSupervisor(first);
  const [outcome] = await upload!;
  assert.equal(outcome!.status, "fulfilled", "the upload was answered");
  if (outcome!.status === "fulfilled") assert.equal(outcome!.value.status, 503);
  for (const speaker of crowd) {
    const { code, reason } = await speaker.client.closing();
    assert.match(`${code} ${reason}`, /^(1011 .*no recogniser became available|1012 .*restarts)/);
  }
  assert.deepEqual(readdirSync(first.spoolDir), []);
  assert.deepEqual(readdirSync(runtimeDir), old, "the folder of the dead stays for the next start");

  const second = await startIn(runtimeDir, first.port);
  const now = readdirSync(runtimeDir);
  assert.equal(now.length, 1);
  assert.notDeepEqual(now, old);
  const client = await DeepgramClient.open(second);
  client.sendAudio(dtmf("159"));
  await client.finish();
  assert.equal(client.transcript(), "1 5 9");
  await second.stop();
  assert.deepEqual(readdirSync(runtimeDir), []);
  await first.kill();
  rmSync(runtimeDir, { recursive: true });
});
