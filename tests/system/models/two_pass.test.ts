// SPDX-License-Identifier: Apache-2.0
// Partials from a streaming model, finals from an offline one. Both hear the same letters; the
// first spells them small, the second in capitals, so each text tells which of them gave it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { digitSequence, join16, silence, spelt } from "../harness/audio.ts";
import { runToItsEnd, withConfig } from "../harness/boot.ts";
import { told } from "../harness/control.ts";
import { killed, metricIs, whileStopped, withServer } from "../harness/faults.ts";
import { DeepgramClient, transcriptOf, WhoasrClient } from "../harness/live.ts";
import type { TuttiServer } from "../harness/server.ts";
import { kLetterMs, letterTones, makeToneModel, toneModelTable } from "../harness/tones.ts";
import { Speaker } from "../harness/traffic.ts";
import { until } from "../harness/wait.ts";

const kRefined = "tutti_second_passes_total";
const kMissed = "tutti_second_passes_missed_total";
const kSkipped = "tutti_second_passes_skipped_total";
const kAfterWord = 300; // ms, which the first model needs to be sure of a letter
const kNever = 60_000; // ms; the limit, where only an answer is to be waited for

let models = "";

before(() => {
  models = mkdtempSync(join(tmpdir(), "tutti-two-pass-"));
  makeToneModel(join(models, "small"), "streaming");
  makeToneModel(join(models, "capitals"), "offline", "--capitals");
});
after(() => rmSync(models, { recursive: true, force: true }));

function config(limit: number, ofSecond = "", ofFirst = 'second_pass = "capitals"'): string {
  return (
    'models = ["small", "capitals"]\n' +
    toneModelTable("small", join(models, "small"), `${ofFirst}\nsecond_pass_limit = ${limit}`) +
    toneModelTable("capitals", join(models, "capitals"), ofSecond)
  );
}

function withTwoPasses(
  served: string | { toml: string; gateways: number },
  work: (server: TuttiServer, path: string) => Promise<void>,
): Promise<void> {
  const { toml, ...flags } = typeof served === "string" ? { toml: served } : served;
  return withConfig(toml, (path) =>
    withServer(
      { models: ["small", "capitals"], flags: { config: path, "close-spread": 1, ...flags } },
      (server) => work(server, path),
    ),
  );
}

function listen(server: TuttiServer, query = {}): Promise<DeepgramClient> {
  return DeepgramClient.open(server, { interim_results: true, ...query });
}

function say(client: DeepgramClient, letters: string): void {
  client.sendAudio(join16(letterTones(letters), silence(1000)));
}

const kCapitals = (letters: string): string => spelt(letters.toUpperCase());

// A partial with exactly these letters, as the first model spells them.
function partial(client: DeepgramClient, letters: string) {
  return client.messages.when(`the partial ${letters}`, () =>
    client.results().find((one) => !one.is_final && transcriptOf(one) === spelt(letters)),
  );
}

test("partials are the first model's, finals the second's, on the stream's clock and in order", () =>
  withTwoPasses(config(kNever), async (server) => {
    const client = await listen(server, { utterance_end_ms: 1000, vad_events: true });
    client.sendAudio(silence(300));
    for (const [n, letters] of ["abcd", "hgf"].entries()) {
      client.sendAudio(join16(letterTones(letters), silence(2000)));
      await client.messages.when("the end of speech", () =>
        client.messages.all.filter((one) => one.type === "UtteranceEnd").length > n,
      );
    }
    assert.equal(client.transcript(), kCapitals("abcdhgf"));
    client.sendAudio(join16(letterTones("ee"), silence(kAfterWord)));
    await partial(client, "ee");
    client.finalize();
    await client.heard(kCapitals("abcdhgfee"));
    await client.finish();

    const interims = client.results().filter((one) => !one.is_final);
    assert.ok(interims.length > 0 && interims.every((one) => !/[A-H]/.test(transcriptOf(one))));
    const spoken = client.finals().filter((one) => transcriptOf(one));
    assert.deepEqual(spoken.map((one) => one.speech_final), [true, true, false]);
    assert.deepEqual(spoken.map((one) => one.from_finalize), [false, false, true]);
    const begins = [300, 300 + 4 * kLetterMs + 2000, 300 + 7 * kLetterMs + 4000];
    spoken.forEach((one, n) => {
      const { words } = one.channel.alternatives[0]!;
      words.forEach((word, at) => {
        const begun = (begins[n]! + at * kLetterMs) / 1000;
        assert.ok(Math.abs(word.start - begun) < 0.1, `${word.word} at ${word.start}, not ${begun}`);
      });
    });
    const ends = client.messages.all.flatMap((one, at) => (one.type === "UtteranceEnd" ? [at] : []));
    const lastWords = ends.map((at) => {
      const finals = client.messages.all.slice(0, at).flatMap((one) =>
        one.type === "Results" && one.is_final ? one.channel.alternatives[0]!.words : [],
      );
      return finals.at(-1)!;
    });
    assert.deepEqual(lastWords.map((word) => word.word), ["d", "f"], "told after their finals");
    const told = client.messages.all.flatMap((one) =>
      one.type === "UtteranceEnd" ? [one.last_word_end] : [],
    );
    assert.deepEqual(told, lastWords.map((word) => word.end));
    assert.equal((await server.metrics()).sum(kRefined), 3);
    assert.equal((await server.metrics()).sum(kMissed), 0);

    const page = await WhoasrClient.open(server);
    page.start();
    page.sendAudio(join16(letterTones("cab"), silence(200)));
    page.stop();
    await page.status("Recording stopped");
    assert.equal(page.text(), kCapitals("cab"), "the text comes before the end of the recording");
    await page.close();
  }));

test("partials go on while a final waits; the end waits with it", () =>
  withTwoPasses(config(kNever), async (server) => {
    const client = await listen(server);
    const finished = await whileStopped(server, server.pids("engine", "capitals"), async () => {
      say(client, "abc");
      client.sendAudio(join16(letterTones("defg"), silence(kAfterWord)));
      const early = await partial(client, "defg");
      assert.deepEqual(client.finals(), []);
      assert.ok(early.start > (3 * kLetterMs) / 1000, "it begins after the final that waits");
      return [client.finish()]; // which waits for the engine to go on
    });
    assert.equal((await finished[0]!).closing.code, 1000);
    assert.equal(client.transcript(), kCapitals("abcdefg"));
  }));

test("who takes longer than the limit is not waited for, and heard again when it is back", () =>
  withTwoPasses(config(500), async (server) => {
    const client = await listen(server);
    await whileStopped(server, server.pids("engine", "capitals"), async () => {
      say(client, "abc");
      await client.heard(spelt("abc"));
      say(client, "de");
      await client.heard(spelt("abcde"));
    });
    assert.equal((await server.metrics()).sum(kMissed), 2);
    // On a slow machine an answer may miss the limit once more.
    await until("an answer in time", async () => {
      const before = client.finals().filter((one) => transcriptOf(one)).length;
      say(client, "fgh");
      await client.messages.when("one more final", () =>
        client.finals().filter((one) => transcriptOf(one)).length > before,
      );
      return /F G H$/.test(client.transcript());
    }, { ms: 90_000 });
    await client.finish();
    assert.match(client.transcript(), /^a b c d e (f g h )*F G H$/);
  }));

test("a model that hangs is not asked for a while, by no stream; then one final asks it again", () =>
  withTwoPasses({ toml: config(800), gateways: 1 }, async (server) => {
    const [one, other] = [await listen(server), await listen(server)];
    const count = async (name: string) => (await server.metrics()).sum(name);
    const hears = async (client: DeepgramClient, letters: string) => {
      const before = client.finals().filter(transcriptOf).length;
      say(client, letters);
      const told = () => client.finals().filter(transcriptOf)[before];
      return transcriptOf(await client.messages.when(`the final ${letters}`, told));
    };
    await whileStopped(server, server.pids("engine", "capitals"), async () => {
      for (let missed = 0; missed < 3; ++missed) assert.equal(await hears(one, "abc"), spelt("abc"));
      await one.finish();
      // On a machine so slow that a pause goes by meanwhile, it is one of the next.
      await until("a final that was not held back", async () => {
        assert.equal(await hears(other, "de"), spelt("de"));
        return (await count(kSkipped)) > 0;
      });
    });
    assert.equal(await count(kRefined), 0);
    const lines = (text: string) => server.stderr.split(text).length - 1;
    assert.equal(lines("'capitals' keeps failing or missing its limit"), 1, server.stderr);
    // The next final that asks it may miss the limit on a slow machine, too.
    const isHeardAgain = async () => (await hears(other, "fgh")) === kCapitals("fgh");
    await until("the second model is asked again", isHeardAgain, { ms: 90_000 });
    await until("the log says so", () => lines("'capitals' gives finals again") === 1);
    await other.finish();
    assert.ok((await count(kMissed)) >= (await count(kSkipped)) + 3);
  }));

test("its engine dies with an utterance: the next engine gives the final", () =>
  withTwoPasses(config(kNever), async (server) => {
    const client = await listen(server);
    const [engine] = server.pids("engine", "capitals");
    await whileStopped(server, [engine!], async () => {
      say(client, "abc");
      client.sendAudio(join16(letterTones("d"), silence(kAfterWord)));
      await partial(client, "d");
      await killed(server, engine!);
    });
    await client.heard(kCapitals("abc"));
    await client.finish();
    assert.equal(client.transcript(), kCapitals("abcd"));
    assert.equal((await server.metrics()).sum(kMissed), 0);
  }));

test("a gateway that is replaced waits for the finals of its streams", () =>
  withTwoPasses(config(kNever), async (server) => {
    const client = await listen(server);
    await whileStopped(server, server.pids("engine", "capitals"), async () => {
      say(client, "abc");
      client.sendAudio(join16(letterTones("d"), silence(kAfterWord)));
      await partial(client, "d");
      for (const gateway of ["0", "1"]) await told(server, "restart", "gateway", gateway);
      client.sendAudio(silence(1000));
      // The first model has said all; the second is still owed.
      await metricIs(server, "tutti_live_streams", 0);
      assert.deepEqual(client.finals(), []);
      assert.equal(client.socket.readyState, client.socket.OPEN);
    });
    assert.equal((await client.closing()).code, 1012);
    assert.equal(client.transcript(), kCapitals("abcd"));
  }));

test("unloaded it is not waited for at all; on demand it is loaded", () =>
  withTwoPasses(config(kNever), async (server, path) => {
    const client = await listen(server);
    await told(server, "unload", "capitals");
    await until("it is gone", () => server.pids("engine", "capitals").length === 0);
    say(client, "abc");
    await client.heard(spelt("abc"));
    await told(server, "load", "capitals");
    say(client, "de");
    await client.heard(`${spelt("abc")} ${kCapitals("de")}`);
    await client.finish();

    // A gateway that was replaced may accept for a moment yet.
    const spoken = (letters: string, expected: string) =>
      until(`a stream hears "${expected}"`, async () => {
        const next = await listen(server);
        say(next, letters);
        await next.finish();
        assert.equal(next.transcript().toLowerCase(), spelt(letters));
        return next.transcript() === expected;
      });
    writeFileSync(path, config(kNever, "", ""));
    await told(server, "reload");
    await spoken("fg", spelt("fg"));
    writeFileSync(path, config(kNever, "replicas = 0"));
    await told(server, "reload");
    await told(server, "unload", "capitals");
    await until("it is gone", () => server.pids("engine", "capitals").length === 0);
    await spoken("fg", kCapitals("fg"));
    await told(server, "unload", "capitals");
    await until("it is gone again", () => server.pids("engine", "capitals").length === 0);
  }));

test("two hundred utterances and deaths of both engines: every word once and in order", () =>
  withTwoPasses(config(20_000), async (server) => {
    const kEach = 50;
    const toLetters = (digits: string) => digits.replace(/\d/g, (d) => "abcdefgh"[Number(d) % 8]!);
    const crowd: Speaker[] = [];
    for (let n = 0; n < 4; ++n)
      crowd.push(
        await Speaker.start(server, {
          digits: toLetters(digitSequence(4 * kEach * (n + 1)).slice(4 * kEach * n)),
          groupSize: 4,
          speed: 6,
          sound: letterTones,
          heardAs: (transcript) => transcript.toLowerCase(),
        }),
      );
    for (const [finals, models] of [
      [8, ["small"]],
      [18, ["capitals"]],
      [28, ["capitals", "small"]],
    ] as const) {
      await Promise.all(crowd.map((speaker) => speaker.hasFinals(finals)));
      const engines = models.flatMap((model) => server.pids("engine", model));
      for (const engine of engines) await killed(server, engine);
      for (const model of models)
        await until(`a new engine of ${model}`, () =>
          server.pids("engine", model).some((pid) => !engines.includes(pid)),
        );
    }
    for (const speaker of crowd) await speaker.finishExactly();
    const metrics = await server.metrics();
    const [refined, missed] = [metrics.sum(kRefined), metrics.sum(kMissed)];
    assert.equal(refined + missed, 4 * kEach);
    const texts = crowd.flatMap((one) => one.client.finals().map(transcriptOf)).filter(Boolean);
    assert.equal(texts.filter((text) => /^[A-H ]+$/.test(text)).length, refined);
    assert.equal(texts.filter((text) => /^[a-h ]+$/.test(text)).length, missed);
    console.log(JSON.stringify({ refined, missed }));
    assert.ok(refined > 2 * kEach, `${missed} second passes were missed`);
    await metricIs(server, "tutti_engine_streams", 0);
  }));

test("--check prints the setting, and says what is wrong with one", () =>
  withConfig(config(800), async (path) => {
    const good = await runToItsEnd(["serve", "--check", "--config", path]);
    assert.equal(good.code, 0, good.stderr);
    assert.match(good.stdout, /second_pass = "capitals" +# file .*tutti\.toml:\d+/);
    assert.match(good.stdout, /second_pass_limit = 800 +# file/);
    writeFileSync(path, config(800, "", 'second_pass = "other"'));
    const bad = await runToItsEnd(["serve", "--check", "--config", path]);
    assert.equal(bad.code, 78);
    assert.match(bad.stderr, /model 'small': second_pass: 'other' is not served/);
  }));
