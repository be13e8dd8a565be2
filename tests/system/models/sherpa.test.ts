// SPDX-License-Identifier: Apache-2.0
// Models of sherpa-onnx, from a folder with a card to words on the wire. The models hear tones as
// the letters a to h; tools/make_tone_model.py makes them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { join16, silence, spelt, wav } from "../harness/audio.ts";
import { runToItsEnd, withConfig, type FailedStart } from "../harness/boot.ts";
import { refused, told } from "../harness/control.ts";
import { form } from "../harness/http.ts";
import { DeepgramClient } from "../harness/live.ts";
import { TuttiServer } from "../harness/server.ts";
import { kLetterMs, letterTones, makeToneModel, noLetter, toneModelTable } from "../harness/tones.ts";
import { until } from "../harness/wait.ts";

const kModelFailed = 66;
const kKinds = ["streaming", "offline"] as const;
// Tells the language: the letters a to d are Chinese to it, e to h English.
const kLingual = "lingual";

const kFirst = "abbacdefgh";
const kSecond = "hgfed";
const kLead = 300;
const kGap = 1500;

const kAudio = join16(silence(kLead), letterTones(kFirst), silence(kGap), letterTones(kSecond), silence(500));

let folder = "";
let server: TuttiServer;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tutti-sherpa-"));
  for (const kind of kKinds) makeToneModel(join(folder, kind), kind);
  makeToneModel(join(folder, kLingual), "offline", "--sense-voice");
  const config = join(folder, "tutti.toml");
  const models = [...kKinds, kLingual];
  writeFileSync(config, models.map((id) => toneModelTable(id, join(folder, id))).join("\n"));
  server = await TuttiServer.start({
    models,
    flags: { config },
    expectedErrors: /self-test: heard/,
  });
});
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

for (const kind of kKinds) {
  test(`a file, by a model that is ${kind}`, async () => {
    const answer = await server.post("/v1/audio/transcriptions", form(
      { model: kind, response_format: "verbose_json", "timestamp_granularities[]": "word" },
      { filename: "tones.wav", bytes: wav(kAudio) },
    ));
    assert.equal(answer.status, 200, answer.text);
    const body = JSON.parse(answer.text) as {
      text: string;
      words: { word: string; start: number; end: number }[];
    };
    assert.equal(body.text, spelt(kFirst + kSecond));
    body.words.forEach((word, index) => {
      const later = index < kFirst.length ? 0 : kGap;
      const begun = (kLead + later + index * kLetterMs) / 1000;
      assert.ok(Math.abs(word.start - begun) < 0.1, `${word.word} at ${word.start}, not ${begun}`);
    });
  });

  test(`live streams, by a model that is ${kind}`, async () => {
    const clients = await Promise.all(
      Array.from({ length: 9 }, () =>
        DeepgramClient.open(server, { model: kind, interim_results: true }),
      ),
    );
    // All at once, each a little later than the one before.
    await Promise.all(
      clients.map(async (client, index) => {
        client.sendAudio(silence(30 * index));
        client.sendAudio(kAudio);
        await client.finish();
        assert.equal(client.transcript(), spelt(kFirst + kSecond), `client ${index}`);
        const interims = client.results().filter((one) => !one.is_final);
        if (kind === "offline") assert.equal(interims.length, 0, "it decodes what has ended");
      }),
    );
  });
}

test("the language that a model tells, of files and of each utterance", async () => {
  const audio = join16(silence(kLead), letterTones("abcdabcd"), silence(kGap), letterTones("efg"), silence(kGap));
  const file = { filename: "tones.wav", bytes: wav(audio) };
  const openai = await server.post("/v1/audio/transcriptions",
    form({ model: kLingual, response_format: "verbose_json" }, file));
  assert.equal(openai.json.language, "chinese", openai.text);
  const headers = { "content-type": "audio/wav" };
  const deepgram = await server.post(`/v1/listen?model=${kLingual}&detect_language=true`,
    { headers, body: wav(audio) });
  assert.equal(deepgram.json.results.channels[0].detected_language, "zh", deepgram.text);
  const client = await DeepgramClient.open(server, { model: kLingual });
  client.sendAudio(audio);
  await client.finish();
  const told = client.finals().map((final) => final.channel.alternatives[0]!);
  assert.deepEqual(
    told.filter((one) => one.transcript).map((one) => [one.transcript, one.languages]),
    [["a b c d a b c d", ["zh"]], ["e f g", ["en"]]],
  );
});

test("an utterance ends with its words, although something still sounds", async () => {
  const client = await DeepgramClient.open(server, { model: "streaming", interim_results: false });
  client.sendAudio(join16(silence(kLead), letterTones("abc"), noLetter(2500)));
  await client.heard("a b c");
  client.sendAudio(join16(noLetter(500), letterTones("def"), noLetter(300)));
  await client.finish();
  assert.equal(client.transcript(), "a b c d e f");
});

test("a new version of a model takes over when it passes its self-test, else the old one stays", async () => {
  const place = join(folder, "streaming");
  const card = readFileSync(join(place, "model.toml"), "utf8");
  const newVersion = (text: string) =>
    writeFileSync(join(place, "model.toml"), `${card}\n[self_test]\naudio = "clip.wav"\ntext = "${text}"\n`);
  writeFileSync(join(place, "clip.wav"), wav(letterTones("abc")));
  const before = server.pids("engine", "streaming");
  const client = await DeepgramClient.open(server, { model: "streaming", interim_results: true });
  client.sendAudio(kAudio.subarray(0, kAudio.length / 4));

  newVersion("a b d");
  await refused(server, ["restart", "streaming"], /engine streaming 0 did not become ready/);
  assert.match(server.stderr, /self-test: heard 'a b c' instead of 'a b d'/);
  assert.deepEqual(server.pids("engine", "streaming").slice(0, 1), before);

  newVersion("A, b; c.");
  await told(server, "restart", "streaming");
  const next = await DeepgramClient.open(server, { model: "streaming" });
  client.sendAudio(kAudio.subarray(kAudio.length / 4));
  next.sendAudio(kAudio);
  for (const one of [client, next]) {
    await one.finish();
    assert.equal(one.transcript(), spelt(kFirst + kSecond));
  }
  await until("the old version has gone", () => {
    const present = server.pids("engine", "streaming");
    return present.length === 1 && present[0] !== before[0];
  });
});

// Serves one model, which cannot be used.
function failingServe(model: string): Promise<FailedStart> {
  return withConfig(`models = ["letters"]\n${toneModelTable("letters", model)}`, (path, own) => {
    const runtimeDir = join(own, "run");
    mkdirSync(runtimeDir);
    const folders = ["--runtime-dir", runtimeDir, "--spool-dir", own];
    return runToItsEnd(["serve", "--port", "0", "--config", path, ...folders], 60_000);
  });
}

function brokenModel(name: string, damage: (model: string) => void): string {
  const model = join(folder, name);
  makeToneModel(model, "streaming");
  damage(model);
  return model;
}

test("a model folder that cannot be used ends the start with one line that says why", async () => {
  const cases: [string, RegExp][] = [
    [brokenModel("gone", (model) => rmSync(join(model, "tokens.txt"))), /tokens\.txt: No such file/],
    [brokenModel("cut", (model) => truncateSync(join(model, "model.onnx"), 2000)), /has 2000 bytes/],
    [brokenModel("none", (model) => rmSync(join(model, "model.toml"))), /model\.toml: cannot be read/],
    [
      brokenModel("option", (model) => {
        // [options] is the table before the files; another key there is not known.
        execFileSync("sed", ["-i", "s/^\\[options\\]/[options]\\nbeams = 4/", join(model, "model.toml")]);
      }),
      /options\.beams is not known to family nemo_ctc/,
    ],
  ];
  for (const [model, expected] of cases) {
    const start = await failingServe(model);
    assert.equal(start.code, kModelFailed, start.stderr);
    assert.match(start.errors[0]!, /model=letters cannot be loaded: /);
    assert.match(start.errors[0]!, expected);
    assert.match(start.errors.at(-1)!, /engine letters 0 cannot start .exit code 66.*; the server ends/);
    assert.equal(start.errors.length, 2, start.stderr);
    assert.equal(start.stdout, "");
  }
});

// The card is right; only the library finds out, and ends the process that asked it.
test("a model that ends the process that loads it is one line too", async () => {
  const model = brokenModel("dying", (made) => {
    execFileSync("sed", ["-i", 's/"nemo_ctc"/"zipformer2_ctc"/', join(made, "model.toml")]);
  });
  const start = await failingServe(model);
  assert.equal(start.code, kModelFailed, start.stderr);
  assert.match(start.errors[0]!, /ended the process that tried it/);
  assert.equal(start.errors.length, 2, start.stderr);
});
