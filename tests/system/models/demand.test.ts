// SPDX-License-Identifier: Apache-2.0
// Models that are loaded when somebody asks for them: by requests, by operators, within a budget
// of memory, and what happens when one cannot be loaded.
import assert from "node:assert/strict";
import test from "node:test";
import { digitSequence, dtmf, join16, silence, spelt, wav } from "../harness/audio.ts";
import { withConfig } from "../harness/boot.ts";
import { ctl, refused, statusIs, statusOf, told } from "../harness/control.ts";
import { withServer } from "../harness/faults.ts";
import { form, type Answer } from "../harness/http.ts";
import { DeepgramClient, refusedUpgrade } from "../harness/live.ts";
import type { ServerOptions, TuttiServer } from "../harness/server.ts";
import { finishAll, startCrowd } from "../harness/traffic.ts";
import { until } from "../harness/wait.ts";

const kMegabyte = 1_000_000;

// A server with the tone model and, loaded on demand, the models of the tables.
async function withModels(
  ids: string[],
  toml: string,
  work: (server: TuttiServer) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  await withConfig(toml, (path) =>
    withServer({ models: ["tone", ...ids], flags: { config: path }, ...options }, async (server) => {
      await work(server);
      // The server must end with the connections that it began with.
      for (const id of ids) if ((await stateOf(server, id)) === "ready") await told(server, "unload", id);
      await until("all are gone", () => ids.every((id) => server.pids("engine", id).length === 0));
    }),
  );
}

function onDemand(id: string, more = ""): string {
  return `[[model]]\nid = "${id}"\nbackend = "tone"\nlanguages = ["en"]\nreplicas = 0\n${more}\n`;
}

function ask(server: TuttiServer, model: string, digits: string): Promise<Answer> {
  return server.post("/v1/audio/transcriptions", form({ model }, { bytes: wav(dtmf(digits)) }));
}

async function stateOf(server: TuttiServer, id: string): Promise<string> {
  return (await statusOf(server)).models.find((one) => one.id === id)!.state;
}

async function isUnloaded(server: TuttiServer, id: string): Promise<void> {
  await until(`${id} is gone`, () => server.pids("engine", id).length === 0);
  await until(`${id} is unloaded`, async () => (await stateOf(server, id)) === "unloaded");
}

test("a request loads its model, which goes when it is not used", () =>
  withModels(["far"], onDemand("far", "idle_unload = 1"), async (server) => {
    assert.equal((await server.get("/readyz")).status, 200);
    assert.deepEqual(server.pids("engine", "far"), []);
    const answers = await Promise.all([1, 2, 3, 4].map((n) => ask(server, "far", `12${n}`)));
    assert.deepEqual(
      answers.map(({ json }) => json.text),
      [1, 2, 3, 4].map((n) => spelt(`12${n}`)),
    );
    assert.equal(server.pids("engine", "far").length, 1, "they share one process");
    await isUnloaded(server, "far");
    const client = await DeepgramClient.open(server, { model: "far" });
    client.sendAudio(join16(dtmf("59"), silence(1000)));
    await client.heard("5 9");
    assert.equal(await stateOf(server, "far"), "ready");
    await client.finish();
    await isUnloaded(server, "far");
  }));

test("three models of which two fit: the one that was used longest ago makes room", () => {
  const memory = `memory_bytes = ${100 * kMegabyte}`;
  const ids = ["a", "b", "c"];
  const toml =
    `memory_budget_bytes = ${320 * kMegabyte}\n[[model]]\nid = "tone"\n${memory}\n` +
    ids.map((id) => onDemand(id, memory)).join("");
  return withModels(ids, toml, async (server) => {
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, server.pids("engine").length);
    }, 20);
    for (let n = 0; n < 9; ++n) {
      const { json } = await ask(server, ids[n % 3]!, `7${n}`);
      assert.equal(json.text, spelt(`7${n}`));
    }
    clearInterval(watch);
    assert.equal(most, 3, "tone and two more");
    const { models } = await statusOf(server);
    const evictions = models.reduce((sum, one) => sum + one.evictions, 0);
    assert.equal(evictions, 7, "each but the first two had to wait for another to go");
    assert.equal(await stateOf(server, "tone"), "ready");
  });
});

test("a model in use is not thrown out; who finds no room is told so", () => {
  const memory = `memory_bytes = ${100 * kMegabyte}`;
  const toml =
    `engine_wait = 5\nmemory_budget_bytes = ${220 * kMegabyte}\n[[model]]\nid = "tone"\n${memory}\n` +
    onDemand("a", memory) + onDemand("b", memory);
  return withModels(["a", "b"], toml, async (server) => {
    const client = await DeepgramClient.open(server, { model: "a" });
    client.sendAudio(join16(dtmf("3"), silence(1000)));
    await client.heard("3");
    const keep = setInterval(() => client.sendJson({ type: "KeepAlive" }), 500);
    const answer = await ask(server, "b", "1");
    assert.equal(answer.status, 503);
    assert.ok(answer.headers["retry-after"]);
    client.sendAudio(join16(dtmf("4"), silence(1000)));
    await client.heard("3 4");
    clearInterval(keep);
    await client.finish();
    assert.equal((await ask(server, "b", "1")).json.text, spelt("1"), "now there is room");
  });
});

test("a model that cannot be loaded is refused in words, and not tried again and again", () => {
  const toml =
    '[[model]]\nid = "broken"\nbackend = "pocketsphinx"\nlanguages = ["en"]\n' +
    'directory = "/nonexistent"\nreplicas = 0\n';
  const options = { expectedErrors: /cannot be loaded/ };
  return withModels(["broken"], toml, async (server) => {
    const first = await ask(server, "broken", "1");
    assert.equal(first.status, 503, first.text);
    assert.match(first.json.error.message, /'broken' is not available: .*exit code 66/);
    for (let n = 0; n < 5; ++n) assert.equal((await ask(server, "broken", "1")).status, 503);
    const upgrade = await refusedUpgrade(`${server.wsUrl}/v1/listen?model=broken`);
    assert.equal(upgrade.status, 503);
    const tries = server.stderr.match(/engine broken 0 pid=\d+ ended/g) ?? [];
    assert.equal(tries.length, 1, "one try for all of them");
    await refused(server, ["load", "broken"], /broken cannot be loaded: exit code 66/);
    assert.match(await told(server, "status"), /model broken: failed, on demand: .*exit code 66/);
    assert.equal((await ask(server, "tone", "8")).json.text, spelt("8"));
  }, options);
});

test("operators load, unload and pin", () =>
  withModels(["far"], onDemand("far", "idle_unload = 1"), async (server) => {
    assert.equal(await told(server, "pin", "far"), "far: pinned\n");
    await statusIs(server, "far is there", ({ models }) =>
      models.some((one) => one.id === "far" && one.state === "ready" && one.pinned),
    );
    assert.equal(await told(server, "unpin", "far"), "far: unpinned\n");
    await isUnloaded(server, "far");
    assert.equal(await told(server, "load", "far"), "far: loaded\n");
    assert.equal(await told(server, "unload", "far"), "far: unloaded\n");
    await isUnloaded(server, "far");
    // One that is always kept stays away until somebody wants it back.
    await told(server, "unload", "tone");
    const gone = await ask(server, "tone", "1");
    assert.equal(gone.status, 503);
    assert.match(gone.json.error.message, /tutti ctl load tone/);
    await told(server, "load", "tone");
    assert.equal((await ask(server, "tone", "1")).json.text, spelt("1"));
    await refused(server, ["load", "nonesuch"], /there is no model 'nonesuch' here/);
  }));

test("loading and unloading under live traffic disturbs nobody and leaves nothing", () =>
  withModels(["far"], onDemand("far"), async (server) => {
    const rounds = process.env["TUTTI_SOAK"] ? 200 : 15;
    const before = (await statusOf(server)).places.length;
    // Who has said everything waits for nobody.
    const spoken = finishAll(await startCrowd(server, 10, { digitsEach: Math.min(4 * rounds, 240) }));
    spoken.catch(() => undefined); // told where it is waited for
    for (let n = 0; n < rounds; ++n) {
      await told(server, "load", "far");
      const digits = digitSequence(5);
      assert.equal((await ask(server, "far", digits)).json.text, spelt(digits));
      await told(server, "unload", "far");
    }
    await spoken;
    await isUnloaded(server, "far");
    const { places } = await statusOf(server);
    assert.equal(places.length, before, JSON.stringify(places.map((one) => one.name)));
    const { code } = await ctl(server, "status");
    assert.equal(code, 0);
  }));
