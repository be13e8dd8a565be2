// SPDX-License-Identifier: Apache-2.0
// Deaths below the PocketSphinx engine: of decode workers, of the nursery they are forked from, and
// of the engine above them. Every word said before, during and after is recognised once.
import assert from "node:assert/strict";
import test from "node:test";
import { join16, samplesOf, silence, speak, wav } from "../harness/audio.ts";
import { isReady, killed, signal, successor, withServer } from "../harness/faults.ts";
import { form } from "../harness/http.ts";
import { DeepgramClient } from "../harness/live.ts";
import { descriptorsOf, isAlive, isSame } from "../harness/processes.ts";
import type { TuttiServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const kModels = { models: ["en-us"] };
const kFirst = "she had a good day at the office";
const kSecond = "please open the door and come inside";
const kThird = "the children are playing in the garden";

async function sentence(text: string): Promise<Int16Array> {
  return join16(samplesOf(await speak(text)), silence(1200));
}

// A live client in mid-sentence: partial text was told, the end was not yet said. It says that it is
// still there, so that the idle limit does not count while a test prepares the next thing.
class Talker {
  readonly client: DeepgramClient;
  private readonly rest: Int16Array;
  private readonly pulse: NodeJS.Timeout;

  static async inMidSentence(server: TuttiServer, text: string): Promise<Talker> {
    const samples = await sentence(text);
    const half = Math.round(samples.length / 2);
    const client = await DeepgramClient.open(server, { interim_results: true });
    client.sendAudio(samples.subarray(0, half));
    const isHeard = () => client.results().at(-1)?.channel.alternatives[0]?.transcript !== "";
    await client.messages.when("partial text", () => client.results().length > 0 && isHeard(), 30_000);
    return new Talker(client, samples.subarray(half));
  }
  private constructor(client: DeepgramClient, rest: Int16Array) {
    this.client = client;
    this.rest = rest;
    this.pulse = setInterval(() => client.keepAlive(), 1000).unref();
    void client.closed.then(() => clearInterval(this.pulse));
  }
  async finishExactly(text: string): Promise<void> {
    clearInterval(this.pulse);
    this.client.sendAudio(this.rest);
    const { closing } = await this.client.finish(60_000);
    assert.equal(closing.code, 1000, closing.reason);
    assert.equal(this.client.transcript(), text);
  }
}

function transcribe(server: TuttiServer, samples: Int16Array) {
  const body = form({ model: "en-us" }, { bytes: wav(samples) });
  return server.post("/v1/audio/transcriptions", { ...body, ms: 120_000 });
}

test("kill -9 of every worker in mid-decode: microphones and a file lose no word", async () => {
  await withServer(kModels, async (server) => {
    const [engine] = server.pids("engine");
    const talkers = [
      await Talker.inMidSentence(server, kFirst),
      await Talker.inMidSentence(server, kSecond),
    ];
    const answer = transcribe(server, await sentence(kThird));
    // The third is forked for the file, and decodes at once.
    const workers = await until("a worker for each", () => {
      const pids = server.pids("worker");
      return pids.length === 3 ? pids : undefined;
    });
    for (const pid of workers) await killed(server, pid);

    await Promise.all([talkers[0]!.finishExactly(kFirst), talkers[1]!.finishExactly(kSecond)]);
    assert.equal((await answer).json.text, kThird);
    assert.deepEqual(server.pids("engine"), [engine], "the engine itself went on");
    for (const pid of workers)
      assert.match(server.stderr, new RegExp(`decode worker pid=${pid} ended: signal 9`));
    assert.equal((await server.metrics()).sum("tutti_live_replays_total"), 0);
  });
});

test("workers die again and again: no zombie, no descriptor is left", async () => {
  await withServer(kModels, async (server) => {
    const [engine] = server.pids("engine");
    const counts: number[] = [];
    for (let round = 0; round < 4; ++round) {
      const talker = await Talker.inMidSentence(server, kSecond);
      for (const pid of server.pids("worker")) await killed(server, pid);
      await talker.finishExactly(kSecond);
      await server.settle();
      counts.push(descriptorsOf(engine!).length);
      assert.equal(server.pids("worker").length, 1);
    }
    assert.deepEqual(counts, counts.map(() => counts[0]), "descriptors of the engine");
    assert.ok(isAlive(engine!));
  });
});

test("kill -9 of the engine: nothing of it is left a second later", async () => {
  await withServer(kModels, async (server) => {
    const talker = await Talker.inMidSentence(server, kFirst);
    const [engine] = server.pids("engine");
    const below = server.processes().filter(({ role }) => role === "nursery" || role === "worker");
    assert.ok(below.length >= 2, JSON.stringify(below));
    signal(server, engine!, "SIGKILL");
    await until("the end of all below the engine", () => !below.some(isSame), { ms: 1000 });

    await successor(server, "engine", [engine!]);
    await isReady(server);
    await talker.finishExactly(kFirst);
  });
});

test("kill -9 of the nursery: the engine ends with 70, its successor hears all again", async () => {
  const expectedErrors = /nursery of decode workers|engine/;
  await withServer({ ...kModels, expectedErrors }, async (server) => {
    const talker = await Talker.inMidSentence(server, kFirst);
    const [engine] = server.pids("engine");
    const [nursery] = server.pids("nursery");
    await killed(server, nursery!);
    await successor(server, "engine", [engine!]);
    assert.match(server.stderr, new RegExp(`pid=${engine}[^\\n]* exit code 70`));
    await isReady(server);
    await talker.finishExactly(kFirst);
  });
});

test("stray signals to nursery and workers end nothing", async () => {
  await withServer(kModels, async (server) => {
    const talker = await Talker.inMidSentence(server, kThird);
    const below = [...server.pids("nursery"), ...server.pids("worker")];
    for (const name of ["SIGHUP", "SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const)
      for (const pid of below) signal(server, pid, name);
    await talker.finishExactly(kThird);
    assert.deepEqual([...server.pids("nursery"), ...server.pids("worker")], below);
  });
});
