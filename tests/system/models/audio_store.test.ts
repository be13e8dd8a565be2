// SPDX-License-Identifier: Apache-2.0
// A model on another server that fetches audio by its address: Tutti lays it into a bucket of a real
// S3 server, the upstream fetches it there and has a second Tutti recognise what it got.
import assert from "node:assert/strict";
import { readFileSync, mkdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dtmf, join16, silence, spelt, wav } from "../harness/audio.ts";
import { runToItsEnd, withConfig } from "../harness/boot.ts";
import { withServer } from "../harness/faults.ts";
import { form, request, type Answer } from "../harness/http.ts";
import { DeepgramClient } from "../harness/live.ts";
import { TuttiServer } from "../harness/server.ts";
import { kKeyId, kSecret, S3 } from "../harness/s3.ts";
import { until } from "../harness/wait.ts";

const kDigits = "15937";
const kAudio = wav(join16(silence(300), dtmf(kDigits), silence(500)));
const kBucket = "audio-test";
const kPrefix = "tutti/";

// Chat completions as kn_demo's upstream takes them. `onLink` may look at the link before it is
// fetched, and say that it is not to be.
class Upstream {
  url = "";
  links: string[] = [];
  forms: string[] = []; // typeof of what held them
  onLink: (link: string) => Promise<Answer | undefined> = async () => undefined;
  private readonly far: TuttiServer;
  private readonly server = http.createServer((query, response) => {
    void this.answer(query).then(
      ({ status, body }) => response.writeHead(status).end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });

  constructor(far: TuttiServer) {
    this.far = far;
  }
  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1/chat/completions`;
  }
  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(query: http.IncomingMessage): Promise<{ status: number; body: string }> {
    const pieces: Buffer[] = [];
    for await (const piece of query) pieces.push(piece as Buffer);
    const [audio] = JSON.parse(Buffer.concat(pieces).toString()).messages[0].content;
    assert.equal(audio.type, "audio_url");
    this.forms.push(typeof audio.audio_url);
    const link: string = audio.audio_url.url ?? audio.audio_url;
    this.links.push(link);
    const fetched = (await this.onLink(link)) ?? (await request(link));
    if (fetched.status !== 200) return { status: 400, body: `no audio at ${link}: ${fetched.text}` };
    const fields = form({ model: "tone" }, { bytes: fetched.body });
    const { json } = await this.far.post("/v1/audio/transcriptions", fields);
    const content: unknown = json.text;
    return { status: 200, body: JSON.stringify({ choices: [{ message: { content } }] }) };
  }
}

let far: TuttiServer;
let upstream: Upstream;
let s3: S3;

before(async () => {
  far = await TuttiServer.start({ models: ["tone"] });
  upstream = new Upstream(far);
  await upstream.start();
  s3 = await S3.start(kBucket, kPrefix);
});
after(async () => {
  upstream.stop();
  await s3.stop();
  await far.stop();
});

interface Near {
  card?: string[]; // options of the model
  store?: Record<string, string | number | boolean | string[]>;
  key?: string; // what the key's file holds
  expectedErrors?: RegExp;
}

// The model's card beside its key, and what the server needs to serve it.
function configurationOf(folder: string, { card = [], store = {}, key }: Near): string {
  const directory = join(folder, "far");
  mkdirSync(directory);
  const options = [`url = "${upstream.url}"`, 'api = "chat"', 'remote_model = "any"', 'audio = "url"'];
  const head = ['id = "far"', 'kind = "asr-offline"', 'backend = "upstream"', 'languages = ["en"]'];
  const text = [...head, "[options]", ...options, ...card].join("\n");
  writeFileSync(join(directory, "model.toml"), `${text}\n`);
  const keyFile = join(folder, "store.key");
  writeFileSync(keyFile, key ?? `${kKeyId}\n${kSecret}\n`, { mode: 0o600 });
  const settings = {
    audio_store_url: s3.url,
    audio_store_bucket: kBucket,
    audio_store_prefix: kPrefix,
    ...("audio_store_key_env" in store ? {} : { audio_store_key_file: keyFile }),
    ...store,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return [...lines, "[[model]]", ...head, `directory = "${directory}"`].join("\n");
}

async function withNear(options: Near, work: (near: TuttiServer) => Promise<void>): Promise<void> {
  upstream.links = [];
  upstream.forms = [];
  upstream.onLink = async () => undefined;
  s3.isDown = false;
  s3.seen.length = 0;
  await withConfig("", async (config, folder) => {
    writeFileSync(config, configurationOf(folder, options));
    const { expectedErrors } = options;
    const server = { models: ["far"], flags: { config }, keptConnections: 64 };
    await withServer({ ...server, ...(expectedErrors && { expectedErrors }) }, async (near) => {
      await work(near);
      hidesSecrets(near, options.store?.["audio_store_key_env"] === undefined);
    });
  });
}

function hidesSecrets(near: TuttiServer, isInFile: boolean): void {
  const secrets = [kSecret, kSecret.slice(0, 12)];
  for (const link of upstream.links) {
    const signature = new URL(link).searchParams.get("X-Amz-Signature");
    if (signature) secrets.push(signature, "X-Amz-Signature");
  }
  for (const secret of secrets) {
    assert.ok(!near.stderr.includes(secret), near.stderr);
    assert.ok(!near.stdout.includes(secret), near.stdout);
    for (const { pid } of near.processes())
      for (const file of isInFile ? ["cmdline", "environ"] : ["cmdline"])
        assert.ok(!readFileSync(`/proc/${pid}/${file}`, "latin1").includes(secret), `${file} of ${pid}`);
  }
}

function transcribe(near: TuttiServer): Promise<Answer> {
  return near.post("/v1/audio/transcriptions", form({ model: "far" }, { bytes: kAudio }));
}

async function hears(near: TuttiServer): Promise<void> {
  const answer = await transcribe(near);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.text, spelt(kDigits));
}

async function fails(near: TuttiServer, status: number, why: RegExp): Promise<void> {
  const answer = await transcribe(near);
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.json.error.message, why);
  assert.ok(!answer.text.includes("X-Amz-"), answer.text);
  if (status === 503) assert.ok(Number(answer.headers["retry-after"]) > 0);
}

async function nothingIsLeft(): Promise<void> {
  const left = () => s3.objects().filter((name) => name.startsWith(`${kBucket}/`));
  await until("the bucket is empty", () => left().length === 0, {
    describe: () => left().join(" "),
  });
}

test("an upstream fetches what it is to hear, and nothing stays behind", async () => {
  await withNear({}, async (near) => {
    const kept: string[][] = [];
    upstream.onLink = async () => void kept.push(s3.objects());
    await hears(near);
    assert.equal(kept.length, 1);
    assert.match(kept[0]!.join(" "), /^audio-test\/tutti\/[0-9a-f-]{36}\.wav$/);
    assert.deepEqual(upstream.forms, ["string"]);
    await nothingIsLeft();
    assert.equal((await request(upstream.links[0]!)).status, 404, "the link leads nowhere now");

    const live = await DeepgramClient.open(near);
    live.sendAudio(join16(dtmf("42"), silence(1500), dtmf("7#"), silence(1500)));
    await live.heard(`${spelt("42")} ${spelt("7#")}`);
    await live.finish();
    await nothingIsLeft();
  });
});

test("a link is signed: another object, another time and another signature are refused", async () => {
  const expectedErrors = /the upstream server refused our request/;
  await withNear({ store: { audio_store_link_lifetime: 1 }, expectedErrors }, async (near) => {
    const refusals: Record<string, Answer> = {};
    upstream.onLink = async (link) => {
      const forge = async (name: string, change: (url: URL) => void) => {
        const url = new URL(link);
        change(url);
        refusals[name] = await request(url.href);
      };
      await forge("signature", ({ searchParams }) => {
        const signed = searchParams.get("X-Amz-Signature")!;
        searchParams.set("X-Amz-Signature", (signed[0] === "0" ? "1" : "0") + signed.slice(1));
      });
      await forge("expiry", ({ searchParams }) => searchParams.set("X-Amz-Expires", "600"));
      await forge("object", (url) => (url.pathname = `${url.pathname}.other`));
      // Not before it is over by the clock that the S3 server has, too.
      const kTime = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
      const stamp = new URL(link).searchParams.get("X-Amz-Date")!;
      const end = Date.parse(stamp.replace(kTime, "$1-$2-$3T$4:$5:$6Z")) + 1000;
      await until("the link's end", () => Date.now() > end);
      return (refusals["late"] = await request(link));
    };
    await fails(near, 500, /the upstream server refused our request \(status 400\)/);
    assert.deepEqual(Object.keys(refusals), ["signature", "expiry", "object", "late"]);
    for (const [name, answer] of Object.entries(refusals)) {
      assert.equal(answer.status, 403, `${name}: ${answer.text}`);
      const code = name === "late" ? /Request has expired/ : /<Code>SignatureDoesNotMatch</;
      assert.match(answer.text, code, name);
    }
    assert.match(near.stderr, /refused a request with status 400: no audio at http:\S+\?\*\*\*\n/);
    await nothingIsLeft();
  });
});

test("what the bucket lets everybody read needs no signature, and may stay", async () => {
  process.env["MINIO_ACCESS_KEY"] = kKeyId;
  process.env["MINIO_SECRET_KEY"] = kSecret;
  const names = ["MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"];
  const store = {
    audio_store_bucket: "made-by-tutti",
    audio_store_create_bucket: true,
    audio_store_region: "eu-central-1",
    audio_store_links: "plain",
    audio_store_key_env: names,
    pass_environment: names,
  };
  const card = ['audio_url_form = "object"', "keep_audio = true"];
  try {
    await withNear({ store, card }, async (near) => {
      await hears(near);
      await hears(near);
      assert.deepEqual(upstream.forms, ["object", "object"]);
      for (const link of upstream.links)
        assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/made-by-tutti\/tutti\/[0-9a-f-]{36}\.wav$/);
      assert.deepEqual(s3.seen, ["PUT 200", "PUT 200", "GET 200", "PUT 200", "GET 200"]);
      assert.equal(s3.objects().filter((name) => name.startsWith("made-by-tutti/")).length, 2);
    });
  } finally {
    for (const name of names) delete process.env[name];
  }
});

test("a store that refuses says why", async () => {
  const expectedErrors = /the audio store (refused our key|does not have its bucket)/;
  await withNear({ key: `${kKeyId}\n${kSecret}x\n`, expectedErrors }, async (near) => {
    await fails(near, 500, /the audio store refused our key \(status 403, SignatureDoesNotMatch\)/);
    assert.match(near.stderr, / warning engine\S+ stream=1 failed: the audio store refused our key/);
  });
  await withNear({ key: `nobody\n${kSecret}\n`, expectedErrors }, async (near) => {
    await fails(near, 500, /the audio store refused our key \(status 403, InvalidAccessKeyId\)/);
  });
  await withNear({ store: { audio_store_bucket: "not-there" }, expectedErrors }, async (near) => {
    await fails(near, 500, /the audio store does not have its bucket \(status 404, NoSuchBucket\)/);
  });
  assert.deepEqual(upstream.links, []);
});

test("a store that is down is told as such until it is back", async () => {
  const card = ["retries = 1", "breaker_failures = 2", "breaker_pause = 0.05"];
  await withNear({ card }, async (near) => {
    await hears(near);
    await nothingIsLeft(); // what is being removed meanwhile would stay
    s3.isDown = true;
    await fails(near, 503, /the audio store (gave no answer|keeps failing)/);
    s3.isDown = false;
    await until("near hears again", async () => (await transcribe(near)).status === 200);
    await hears(near);
    await nothingIsLeft();
  });
  await withNear({ card, store: { audio_store_url: "http://127.0.0.1:1" } }, async (near) => {
    await fails(near, 503, /the audio store (cannot be reached|keeps failing)/);
  });
});

test("--check shows the store without its secret, and says what is wrong with it", async () => {
  await withConfig("", async (config, folder) => {
    const check = async (near: Near) => {
      const own = join(folder, String(Math.random()));
      mkdirSync(own);
      writeFileSync(config, `models = ["far"]\n${configurationOf(own, near)}`);
      return runToItsEnd(["serve", "--check", "--config", config]);
    };
    const good = await check({});
    assert.equal(good.code, 0, good.stderr);
    assert.match(good.stdout, /^audio_store_bucket = "audio-test" +# file .*:3$/m);
    assert.match(good.stdout, /^audio_store_create_bucket = false +# default$/m);
    assert.ok(!(good.stdout + good.stderr).includes(kSecret));

    const bad = await check({ store: { audio_store_key_file: "/nonexistent/key" } });
    assert.equal(bad.code, 78, bad.stderr);
    assert.match(bad.stderr, /audio_store_key_file: \/nonexistent\/key cannot be read/);
    const worse = await check({ store: { audio_store_url: "s3.example" } });
    assert.equal(worse.code, 78, worse.stderr);
    assert.match(worse.stderr, /audio_store_url must be like https:\/\/host:port/);
  });
});
