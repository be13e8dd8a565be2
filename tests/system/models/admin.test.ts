// SPDX-License-Identifier: Apache-2.0
// Models changed over HTTP: /v1/admin/models and whoAsr's /model/*, and who may do so.
import assert from "node:assert/strict";
import test from "node:test";
import { digitSequence, dtmf, spelt, wav } from "../harness/audio.ts";
import { withConfig } from "../harness/boot.ts";
import { withServer } from "../harness/faults.ts";
import { form, type Answer } from "../harness/http.ts";
import type { TuttiServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const kSecond = `[[model]]\nid = "zwei"\nbackend = "tone"\nlanguages = ["de"]\naliases = ["two"]\n`;

function withTwo(work: (server: TuttiServer) => Promise<void>, more = ""): Promise<void> {
  return withConfig(more + kSecond, (path) =>
    withServer({ models: ["tone", "zwei"], flags: { config: path } }, work),
  );
}

function post(
  server: TuttiServer,
  path: string,
  json: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body = typeof json === "string" ? json : JSON.stringify(json);
  return server.post(path, { body, headers: { "content-type": "application/json", ...headers } });
}

const change = (server: TuttiServer, verb: string, model: string, headers = {}) =>
  post(server, `/v1/admin/models/${verb}`, { model }, headers);

function transcribe(server: TuttiServer, fields: Record<string, string>, digits: string) {
  return server.post("/v1/audio/transcriptions", form(fields, { bytes: wav(dtmf(digits)) }));
}

async function isGone(server: TuttiServer, model: string): Promise<void> {
  await until(`${model} is gone`, () => server.pids("engine", model).length === 0);
}

async function load(server: TuttiServer, model: string): Promise<void> {
  assert.equal((await change(server, "load", model)).status, 200);
  assert.equal(server.pids("engine", model).length, 1);
}

test("models are listed, unloaded, loaded and pinned", () =>
  withTwo(async (server) => {
    const list = (await server.get("/v1/admin/models")).json;
    assert.equal(list.object, "list");
    assert.deepEqual(
      list.data.map((one: any) => [one.id, one.kind, one.backend, one.state, one.ready]),
      [
        ["tone", "asr-streaming", "tone", "ready", 1],
        ["zwei", "asr-streaming", "tone", "ready", 1],
      ],
    );
    const unloaded = await change(server, "unload", "zwei");
    assert.equal(unloaded.status, 200, unloaded.text);
    assert.equal(unloaded.json.id, "zwei");
    assert.notEqual(unloaded.json.state, "ready");
    await isGone(server, "zwei");
    const refused = await until("it is refused", async () => {
      const answer = await transcribe(server, { model: "two" }, "12");
      return answer.status === 503 && answer;
    });
    assert.match(refused.json.error.message, /was unloaded; 'tutti ctl load zwei' loads it/);
    await load(server, "zwei");
    assert.equal((await server.get("/v1/admin/models/zwei")).json.state, "ready");
    await until("it serves again", async () => {
      const answer = await transcribe(server, { model: "two" }, "12");
      return answer.status === 200 && answer.json.text === spelt("12");
    });
    assert.equal((await change(server, "pin", "zwei")).json.pinned, true);
    assert.equal((await change(server, "unpin", "zwei")).json.pinned, false);
  }));

test("what is wrong with a change is told, and changes nothing", () =>
  withTwo(async (server) => {
    const before = server.lastingPids();
    const cases: [string, unknown, number, RegExp][] = [
      ["/v1/admin/models/load", { model: "nope" }, 404, /no model 'nope'/],
      ["/v1/admin/models/load", { model: 7 }, 400, /model/],
      ["/v1/admin/models/unload", "{", 400, /\{"model": "its id"\}/],
      ["/v1/admin/models/load", "x".repeat(70_000), 413, /larger/],
      ["/v1/admin/models/stop", { model: "tone" }, 404, /Not Found/],
    ];
    for (const [path, body, status, message] of cases) {
      const answer = await post(server, path, body);
      assert.equal(answer.status, status, `${path}: ${answer.text}`);
      assert.match(answer.json.error.message, message);
    }
    assert.equal((await server.get("/v1/admin/models/nope")).status, 404);
    assert.deepEqual(server.lastingPids(), before);
  }));

test("only who speaks from this machine, and no foreign page, may change models", () =>
  withTwo(async (server) => {
    const callers: Record<string, string>[] = [
      { origin: "https://evil.example" },
      { host: "rebound.example" },
      { "x-forwarded-for": "192.0.2.1" },
    ];
    for (const headers of callers) {
      const answer = await change(server, "unload", "zwei", headers);
      assert.equal(answer.status, 403, JSON.stringify(headers));
      const whoasr = await post(server, "/model/load", { model_type: "vad" }, headers);
      assert.equal(whoasr.status, 403);
      assert.equal(typeof whoasr.json.detail, "string");
    }
    assert.equal(server.pids("engine", "zwei").length, 1);
    const own = await change(server, "unload", "zwei", { origin: server.url });
    assert.equal(own.status, 200, own.text);
    await isGone(server, "zwei");
    await load(server, "zwei");
  }));

test("admin_access = off leaves it to tutti ctl", () =>
  withTwo(async (server) => {
    const answer = await change(server, "unload", "zwei");
    assert.equal(answer.status, 403);
    assert.match(answer.json.error.message, /tutti ctl/);
    assert.equal((await server.get("/v1/admin/models")).status, 200);
  }, 'admin_access = "off"\n'));

test("whoAsr's clients see, unload and load their five types", () =>
  withTwo(async (server) => {
    const info = (await server.get("/model/info")).json;
    assert.deepEqual(Object.keys(info.models).sort(), [
      "offline_asr",
      "punctuation",
      "streaming_asr",
      "timestamp",
      "vad",
    ]);
    assert.equal(info.total_loaded, 2);
    assert.equal(info.models.streaming_asr.loaded, true);
    assert.equal(info.available_models.streaming_asr.model_name, "tone");
    const config = (await server.get("/model/config/offline_asr")).json;
    assert.deepEqual([config.model_type, config.loaded], ["offline_asr", true]);
    assert.equal((await server.get("/model/config/zzz")).status, 400);
    assert.equal((await server.post("/model/unload/zzz", {})).status, 400);
    assert.equal((await post(server, "/model/load", { model_type: "zzz" })).status, 422);

    assert.deepEqual((await server.post("/model/unload/streaming_asr", {})).json, {
      success: true,
      model_type: "streaming_asr",
      message: "streaming_asr model unloaded",
      loaded: false,
    });
    await isGone(server, "tone");
    await until("/model/info says so", async () => {
      return !(await server.get("/model/info")).json.models.streaming_asr.loaded;
    });
    const again = (await server.post("/model/unload/streaming_asr", {})).json;
    assert.deepEqual([again.success, again.loaded], [true, false]);
    const loaded = (await post(server, "/model/load", { model_type: "streaming_asr" })).json;
    assert.deepEqual([loaded.success, loaded.loaded], [true, true], loaded.message);
    await until("it is seen everywhere", async () => {
      const kept = await post(server, "/model/load", { model_type: "streaming_asr" });
      return kept.json.message === "streaming_asr model is already loaded";
    });
    const missing = await post(server, "/model/load", { model_type: "punctuation" });
    assert.equal(missing.status, 200);
    assert.deepEqual([missing.json.success, missing.json.loaded], [false, false]);
    assert.match(missing.json.message, /no model of kind punctuation is served/);
  }));

test("the language of a request picks a model, its name another", () =>
  withTwo(async (server) => {
    const digits = digitSequence(6);
    const answer = await transcribe(server, { model: "whisper-1", language: "de", response_format: "verbose_json" }, digits);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.language, "german");
    const chinese = await transcribe(server, { model: "whisper-1", language: "zh", response_format: "verbose_json" }, digits);
    assert.equal(chinese.status, 200, "tone knows it");
    const none = await transcribe(server, { model: "whisper-1", language: "fr" }, digits);
    assert.equal(none.status, 400);
    const unknown = await transcribe(server, { model: "nope" }, digits);
    assert.equal(unknown.status, 404);
    assert.match(unknown.json.error.message, /there are: tone, zwei$/);
    const listed = (await server.get("/v1/models")).json.data;
    assert.deepEqual(
      listed.map((one: any) => [one.id, one.kind, one.state, one.languages, one.aliases]),
      [
        ["tone", "asr-streaming", "ready", ["en", "zh"], []],
        ["zwei", "asr-streaming", "ready", ["de"], ["two"]],
      ],
    );
  }));
