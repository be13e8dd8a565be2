// SPDX-License-Identifier: Apache-2.0
// Models that break while the server runs: when they are loaded, at the first request, or on disk.
// Each has a state and a reason, its clients an answer; the others go on, and nothing is tried again
// and again.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dtmf, join16, silence, spelt, wav } from "../harness/audio.ts";
import { refused, statusOf, told, type ModelStatus } from "../harness/control.ts";
import { form, type Answer } from "../harness/http.ts";
import { DeepgramClient, refusedUpgrade } from "../harness/live.ts";
import { kPrograms, kRepository, TuttiServer } from "../harness/server.ts";
import { letterTones, makeToneModel, toneModelTable } from "../harness/tones.ts";
import { until } from "../harness/wait.ts";

const kFaults = ["load-crash", "decode-crash"];
const kFiles = ["cut", "changed"];

let folder = "";
let programs = "";
let server: TuttiServer;

// Programs of ours and one that is made for this, as docs/how-to-write-a-backend.md has it.
function makePrograms(): string {
  const place = join(folder, "programs");
  mkdirSync(place);
  for (const name of readdirSync(kPrograms))
    if (/^tutti(-decode|-engine-[a-z]+)?$/.test(name)) symlinkSync(join(kPrograms, name), join(place, name));
  const source = join(kRepository, "tests/system/harness/faulty_engine");
  const build = join(folder, "build");
  const found = `tutti_engine_DIR=${kPrograms}`;
  execFileSync("cmake", ["-S", source, "-B", build, "-D", found], { stdio: "pipe" });
  execFileSync("cmake", ["--build", build], { stdio: "pipe" });
  symlinkSync(join(build, "tutti-engine-faulty"), join(place, "tutti-engine-faulty"));
  return place;
}

function faultyModel(id: string): string {
  mkdirSync(join(folder, id));
  const directory = join(folder, id);
  return `[[model]]\nid = "${id}"\nbackend = "faulty"\nlanguages = ["en"]\ndirectory = "${directory}"\nreplicas = 0\n`;
}

function fileModel(id: string): string {
  makeToneModel(join(folder, id), "offline");
  return toneModelTable(id, join(folder, id), "replicas = 0");
}

const kExpectedErrors =
  /cannot be loaded|fatal signal|stack of|hangs: not ready|keeps failing|could not be recognised/;

function start(models: string[], name: string, settings: string): Promise<TuttiServer> {
  const config = join(folder, name);
  writeFileSync(config, `program_dir = "${programs}"\n${settings}`);
  return TuttiServer.start({
    models: ["tone", ...models],
    flags: { config },
    expectedErrors: kExpectedErrors,
  });
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tutti-broken-"));
  programs = makePrograms();
  const tables = [...kFaults.map(faultyModel), ...kFiles.map(fileModel)];
  server = await start([...kFaults, ...kFiles], "tutti.toml", `engine_wait = 6\n${tables.join("")}`);
});
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function ask(model: string, samples: Int16Array = dtmf("15"), at = server): Promise<Answer> {
  return at.post("/v1/audio/transcriptions", form({ model }, { bytes: wav(samples) }));
}

async function modelIs(id: string, at = server): Promise<ModelStatus> {
  return (await statusOf(at)).models.find((one) => one.id === id)!;
}

// Processes of the model that were started and have ended.
function ends(id: string, at = server): number {
  return (at.stderr.match(new RegExp(`engine ${id} 0 pid=\\d+ ended`, "g")) ?? []).length;
}

async function othersServe(at = server): Promise<void> {
  const answer = await ask("tone", dtmf("48"), at);
  assert.equal(answer.json.text, spelt("48"), answer.text);
}

// Work for a model that cannot be loaded is refused with the reason, after one try for all of it.
async function isRefused(id: string, reason: RegExp, at = server): Promise<void> {
  const first = await ask(id, undefined, at);
  assert.equal(first.status, 503, first.text);
  assert.ok(Number(first.headers["retry-after"]) > 0);
  assert.match(first.json.error.message, new RegExp(`'${id}' is not available: it could not be loaded: `));
  assert.match(first.json.error.message, reason);
  for (let n = 0; n < 5; ++n) assert.equal((await ask(id, undefined, at)).status, 503);
  assert.equal((await refusedUpgrade(`${at.wsUrl}/v1/listen?model=${id}`)).status, 503);
  const { state, why, ready } = await modelIs(id, at);
  assert.deepEqual([state, ready], ["failed", 0]);
  assert.match(why, reason);
  assert.equal(ends(id, at), 1, "one try for all of them");
  assert.deepEqual(at.pids("engine", id), []);
  await othersServe(at);
}

test("a model that crashes when it is loaded", async () => {
  await isRefused("load-crash", /signal 11 \(Segmentation fault\)/);
  await refused(server, ["load", "load-crash"], /load-crash cannot be loaded: signal 11/);
  assert.equal(ends("load-crash"), 2, "an operator may have it tried at once");
});

test("a model that hangs when it is loaded is ended after boot_limit", async () => {
  const own = await start(["load-hang"], "hang.toml", `boot_limit = 4\n${faultyModel("load-hang")}`);
  try {
    const asked = isRefused("load-hang", /not ready in time, signal 6 \(Aborted\)/, own);
    asked.catch(() => undefined); // told where it is waited for
    await until("it is being loaded", () => own.pids("engine", "load-hang").length === 1);
    await othersServe(own);
    await asked;
    await own.stop();
  } finally {
    await own.kill();
  }
});

test("a model that crashes at each request: clients are answered, its starts grow rare", async () => {
  const other = await DeepgramClient.open(server, { model: "tone" });
  const keep = setInterval(() => other.keepAlive(), 500).unref();
  const file = await ask("decode-crash");
  assert.equal(file.status, 500, file.text);
  assert.match(file.json.error.message, /a part of the audio could not be recognised/);
  // As often as a piece of audio is tried.
  await until("three deaths are noticed", () => ends("decode-crash") === 3);
  const live = await DeepgramClient.open(server, { model: "decode-crash" });
  live.sendAudio(join16(letterTones("abc"), silence(1000)));
  const findFailed = async () => {
    const model = await modelIs("decode-crash");
    return model.state === "failed" && model;
  };
  const failed = await until("its state says so", findFailed, { ms: 40_000 });
  assert.match(failed.why, /its process ended \(signal 11 \(Segmentation fault\).*the next one is not there yet/);
  other.sendAudio(join16(dtmf("93"), silence(1000)));
  await other.heard(spelt("93"));
  clearInterval(keep);
  await other.finish();
  await othersServe();
  const { places } = await statusOf(server);
  const { last_death } = places.find((one) => one.model === "decode-crash")!;
  assert.match(last_death, /^signal 11 \(Segmentation fault\)/);
  assert.ok(ends("decode-crash") <= 6, `${ends("decode-crash")} starts`);
  const { code, reason } = await live.closing();
  assert.equal(code, 1011);
  assert.match(reason, /^NET-0000/);
  assert.ok(ends("decode-crash") <= 6, `${ends("decode-crash")} starts`);
  await told(server, "unload", "decode-crash");
});

// The first load is of good files, so that it is their change that is told of.
async function breaks(id: string, damage: (file: string) => void, reason: RegExp): Promise<void> {
  const heard = await ask(id, letterTones("abc"));
  assert.equal(heard.json.text, spelt("abc"), heard.text);
  await told(server, "unload", id);
  await until("it is gone", () => ends(id) === 1);
  damage(join(folder, id, "model.onnx"));
  const refusal = await ask(id);
  assert.equal(refusal.status, 503, refusal.text);
  assert.match(refusal.json.error.message, /could not be loaded: exit code 66 \(model_failed\)/);
  assert.match(server.stderr, reason);
  for (let n = 0; n < 5; ++n) assert.equal((await ask(id)).status, 503);
  const { state, why } = await modelIs(id);
  assert.equal(state, "failed");
  assert.match(why, /exit code 66 \(model_failed\)/);
  assert.equal(ends(id), 2, "one try for all of them");
  await othersServe();
}

test("a model whose file is cut", () =>
  breaks("cut", (file) => truncateSync(file, 2000), /model=cut cannot be loaded: .*model\.onnx.* 2000 bytes/));

test("a model of whose file one byte has changed", () => {
  const change = (file: string) => {
    const bytes = readFileSync(file);
    const at = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(file, bytes);
  };
  return breaks("changed", change, /model=changed cannot be loaded: .*model\.onnx/);
});
