// SPDX-License-Identifier: Apache-2.0
// What operators and load balancers ask: /health, /livez, /readyz, /metrics.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digitSequence, dtmf, join16, silence, wav } from "../harness/audio.ts";
import { form } from "../harness/http.ts";
import { DeepgramClient } from "../harness/live.ts";
import { useServer } from "../harness/server.ts";

const server = useServer({ models: ["tone"] });

test("/health has whoAsr's shape", async () => {
  const answer = await server().get("/health");
  assert.equal(answer.status, 200);
  const health = answer.json;
  assert.equal(health.status, "healthy");
  assert.match(health.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assert.deepEqual(Object.keys(health.services).sort(), [
    "offline_asr",
    "punctuation",
    "streaming_asr",
    "timestamp",
    "vad",
  ]);
  for (const service of Object.values<Record<string, unknown>>(health.services)) {
    assert.equal(typeof service["loaded"], "boolean");
    assert.equal(typeof service["display_name"], "string");
    assert.ok(Array.isArray(service["supported_formats"]));
    assert.ok(Array.isArray(service["api_endpoints"]));
  }
  assert.equal(health.services.streaming_asr.loaded, true);
  assert.equal(health.services.offline_asr.loaded, true);
  assert.equal(health.total_loaded, 2);
  assert.ok(health.system.memory_total_gb > 0);
  assert.ok(health.system.memory_available_gb <= health.system.memory_total_gb);
  assert.equal(health.api_info.websocket, "/ws/{client_id}");
});

test("/livez and /readyz", async () => {
  assert.deepEqual((await server().get("/livez")).json, { status: "alive" });
  const ready = await server().get("/readyz");
  assert.equal(ready.status, 200);
  assert.deepEqual(ready.json, { status: "ready" });
});

test("HEAD has the headers of GET and no body", async () => {
  const get = await server().get("/livez");
  const head = await server().get("/livez", { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(head.body.length, 0);
  assert.equal(head.headers["content-length"], String(get.body.length));
});

test("/health answers quickly while files are recognised", async () => {
  const audio = wav(join16(dtmf(digitSequence(6000)), silence(300)));
  const upload = form({ model: "tone" }, { bytes: audio });
  let isBusy = true;
  const work = Promise.all(
    Array.from({ length: 4 }, () => server().post("/v1/audio/transcriptions", upload)),
  ).finally(() => (isBusy = false));
  const times: number[] = [];
  while (isBusy || times.length < 20) {
    const began = performance.now();
    assert.equal((await server().get("/health")).status, 200);
    times.push(performance.now() - began);
  }
  for (const answer of await work) assert.equal(answer.status, 200);
  const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
  assert.ok(median < 50, `median ${median} ms`);
  assert.ok(times.at(-1)! < 1000, `slowest ${times.at(-1)} ms`);
});

test("/metrics counts requests, streams, jobs and audio", async () => {
  const before = await server().metrics();
  const client = await DeepgramClient.open(server());
  client.sendAudio(dtmf("123"));
  client.finalize();
  await client.heard("1 2 3");
  const during = await server().metrics();
  assert.equal(during.sum("tutti_websockets"), 1);
  assert.equal(during.sum("tutti_live_streams"), 1);
  assert.equal(during.sum("tutti_engine_streams"), 1);
  await client.finish();
  const upload = form({ model: "tone" }, { bytes: wav(dtmf("1")) });
  await server().post("/v1/audio/transcriptions", upload);
  await server().get("/no-such-page");
  await server().settle();
  const after = await server().metrics();
  const grown = (name: string) => after.sum(name) - before.sum(name);
  assert.equal(grown("tutti_websockets_accepted_total"), 1);
  assert.equal(grown("tutti_live_audio_samples_total"), 4800);
  assert.ok(grown("tutti_live_finals_total") >= 1);
  assert.equal(grown("tutti_jobs_done_total"), 1);
  assert.equal(grown("tutti_job_audio_samples_total"), 1600);
  assert.ok(grown("tutti_http_errors_total") >= 1);
  assert.equal(after.sum("tutti_process_restarts_total"), 0);
  assert.equal(after.sum("tutti_protocol_violations_total"), 0);
  assert.equal(after.sum("tutti_process_up"), 5);
});

test("every sample of /metrics has a type", async () => {
  const metrics = await server().metrics();
  for (const { name } of metrics.samples) assert.ok(metrics.types.has(name), name);
  const beats = metrics.samples.filter((s) => s.name === "tutti_process_beat_age_seconds");
  assert.equal(beats.length, 5);
  for (const { value, labels } of beats)
    assert.ok(value < 5, `${labels["role"]} beat ${value} s ago`);
});
