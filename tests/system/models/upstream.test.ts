// SPDX-License-Identifier: Apache-2.0
// A model on another server: near hears through far, both are real, and far comes and goes.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { dtmf, join16, silence, spelt, wav } from "../harness/audio.ts";
import { withConfig } from "../harness/boot.ts";
import { withServer } from "../harness/faults.ts";
import { form, type Answer } from "../harness/http.ts";
import { DeepgramClient } from "../harness/live.ts";
import { keepsProcesses, TuttiServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const kKey = "sk-never-to-be-seen-0123456789";
const kKeptBytes = 1_000_000;
const kDigits = "15937";
const kAudio = wav(join16(silence(300), dtmf(kDigits), silence(500)));

// The address far is known by, wherever it listens at the moment; what comes for nobody is cut.
class Gate {
  port = 0;
  target = 0;
  connections = 0;
  firstBytes = ""; // of the first connection
  sent = ""; // the latest bytes of clients
  private readonly server = net.createServer((client) => this.pass(client));
  private readonly open = new Set<net.Socket>();

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }
  stop(): void {
    this.server.close();
    for (const socket of this.open) socket.destroy();
  }

  private pass(client: net.Socket): void {
    if (++this.connections === 1)
      client.once("data", (bytes: Buffer) => (this.firstBytes = bytes.toString("latin1")));
    client.on("data", (bytes: Buffer) => {
      this.sent = (this.sent + bytes.toString("latin1")).slice(-kKeptBytes);
    });
    const far = net.connect(this.target, "127.0.0.1");
    for (const [one, other] of [
      [client, far],
      [far, client],
    ] as const) {
      this.open.add(one);
      one.pipe(other);
      one.on("error", () => undefined); // "close" follows
      one.on("close", () => {
        this.open.delete(one);
        other.destroy();
      });
    }
  }
}

// Near's configuration; the key lies beside its model's card.
function modelOf(folder: string, port: number): string {
  const directory = join(folder, "far");
  mkdirSync(directory);
  writeFileSync(join(directory, "key"), `${kKey}\n`, { mode: 0o600 });
  const card = [
    'id = "far"',
    'kind = "asr-offline"',
    'backend = "upstream"',
    'languages = ["en"]',
    "[options]",
    `url = "http://127.0.0.1:${port}/v1/audio/transcriptions"`,
    'remote_model = "tone"',
    'key_file = "key"',
    "words = true",
    "retries = 1",
    "breaker_failures = 2",
    "breaker_pause = 0.05",
  ];
  writeFileSync(join(directory, "model.toml"), card.join("\n") + "\n");
  return `[[model]]\nid = "far"\nbackend = "upstream"\nlanguages = ["en"]\ndirectory = "${directory}"\n`;
}

function withNear(gate: Gate, work: (near: TuttiServer) => Promise<void>): Promise<void> {
  return withConfig("", async (config, folder) => {
    writeFileSync(config, modelOf(folder, gate.port));
    const options = { models: ["far"], flags: { config }, keptConnections: 64 };
    await withServer(options, work);
  });
}

function transcribe(near: TuttiServer, fields: Record<string, string> = {}): Promise<Answer> {
  return near.post("/v1/audio/transcriptions", form({ model: "far", ...fields }, { bytes: kAudio }));
}

async function hearsLive(near: TuttiServer): Promise<void> {
  const client = await DeepgramClient.open(near);
  client.sendAudio(join16(dtmf("42"), silence(1500), dtmf("7#"), silence(1500)));
  await client.heard(`${spelt("42")} ${spelt("7#")}`);
  await client.finish();
}

// Its connections are near's to end, so there is nothing to settle first.
async function stopFar(far: TuttiServer): Promise<void> {
  far.terminate();
  assert.equal(await far.ended(), 0);
  await far.checkNothingLeft();
}

async function checkFiles(near: TuttiServer): Promise<void> {
  const answer = await transcribe(near);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.text, spelt(kDigits));

  const kWords = { response_format: "verbose_json", "timestamp_granularities[]": "word" };
  const { words } = (await transcribe(near, kWords)).json;
  assert.equal(words.length, kDigits.length);
  words.forEach((word: { word: string; start: number }, index: number) => {
    assert.equal(word.word, kDigits[index]);
    assert.ok(Math.abs(word.start - (0.3 + index * 0.1)) < 0.05, JSON.stringify(words));
  });
}

// What clients say to expect reaches the server that recognises.
async function checkHotwords(near: TuttiServer, gate: Gate): Promise<void> {
  const isTold = (words: string): boolean =>
    gate.sent.includes(`name="prompt"\r\n\r\n${words}\r\n`);
  const openai = await transcribe(near, { prompt: "Tutti, scribes" });
  assert.equal(openai.status, 200, openai.text);
  assert.ok(isTold("Tutti, scribes"), "of OpenAI");

  const headers = { "content-type": "audio/wav" };
  const query = "keyterm=grand%20piano&keywords=viola:2";
  const deepgram = await near.post(`/v1/listen?${query}`, { headers, body: kAudio });
  assert.equal(deepgram.status, 200, deepgram.text);
  assert.ok(isTold("grand piano, viola"), "of a file in Deepgram's dialect");

  const whoasr = form({ hotword: "oboe bassoon;flute" }, { filename: "digits.wav", bytes: kAudio });
  const recognized = await near.post("/offline/recognize", whoasr);
  assert.equal(recognized.status, 200, recognized.text);
  assert.ok(isTold("oboe, bassoon, flute"), "of a file in whoAsr's dialect");

  const live = await DeepgramClient.open(near, { keyterm: "cello" });
  live.sendAudio(join16(dtmf("42"), silence(1500)));
  await live.heard(spelt("42"));
  await live.finish();
  assert.ok(isTold("cello"), "of a live stream");

  const many = await near.post(`/v1/listen?keyterm=${"x".repeat(9000)}`, { headers, body: kAudio });
  assert.equal(many.status, 400, many.text);
  assert.match(many.json.err_msg, /^keyterm: at most 200 words/);
  const long = form({ hotword: "x".repeat(9000) }, { filename: "digits.wav", bytes: kAudio });
  assert.equal((await near.post("/offline/recognize", long)).status, 422);
}

// Every dialect says in its own way that it is not the client's fault and may be tried again.
async function checkRefusals(near: TuttiServer): Promise<void> {
  const kWhy = /the upstream server/;
  const openai = await transcribe(near);
  assert.equal(openai.status, 503, openai.text);
  assert.ok(Number(openai.headers["retry-after"]) > 0);
  assert.match(openai.json.error.message, kWhy);

  const headers = { "content-type": "audio/wav" };
  const deepgram = await near.post("/v1/listen", { headers, body: kAudio });
  assert.equal(deepgram.status, 503, deepgram.text);
  assert.ok(Number(deepgram.headers["retry-after"]) > 0);
  assert.match(deepgram.json.err_msg, kWhy);

  const knDemo = await near.post("/upload-file", form({}, { bytes: kAudio }));
  assert.equal(knDemo.status, 503, knDemo.text);
  assert.match(knDemo.json.detail, kWhy);

  const live = await DeepgramClient.open(near);
  live.sendAudio(join16(dtmf("42"), silence(1500)));
  const { code, reason } = await live.closing();
  assert.equal(code, 1011);
  assert.match(reason, kWhy);
}

function checkKeyIsHidden(near: TuttiServer): void {
  for (const { pid } of near.processes())
    for (const file of ["cmdline", "environ"])
      assert.ok(!readFileSync(`/proc/${pid}/${file}`, "latin1").includes(kKey), `${file} of ${pid}`);
  assert.ok(!near.stderr.includes(kKey), near.stderr);
}

test("a model on another server survives that server's end", async (t) => {
  const gate = new Gate();
  await gate.start();
  t.after(() => gate.stop());
  let far = await TuttiServer.start({ models: ["tone"] });
  t.after(() => far.kill());
  gate.target = far.port;

  await withNear(gate, async (near) => {
    await checkFiles(near);
    await hearsLive(near);
    await checkHotwords(near, gate);
    assert.ok(gate.firstBytes.includes(`\r\nAuthorization: Bearer ${kKey}\r\n`), gate.firstBytes);
    const connections = gate.connections;
    for (let n = 0; n < 10; ++n) assert.equal((await transcribe(near)).status, 200);
    assert.equal(gate.connections, connections, "connections are kept");

    await keepsProcesses(near, async () => {
      await stopFar(far);
      await checkRefusals(near);
      far = await TuttiServer.start({ models: ["tone"] });
      gate.target = far.port;
      await until("near hears again", async () => (await transcribe(near)).status === 200);
      await checkFiles(near);
      await hearsLive(near);
    });
    checkKeyIsHidden(near);
    assert.match(near.stderr, /upstream=far answers again/);
  });
  await stopFar(far);
});
