// SPDX-License-Identifier: Apache-2.0
// `tutti models` as a user meets it: pulling over a bad network, interrupting, verifying, removing,
// and serving what was pulled.
import assert from "node:assert/strict";
import { spawn, execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { runToItsEnd, type FailedStart } from "../harness/boot.ts";
import { ctl } from "../harness/control.ts";
import { kPrograms, TuttiServer } from "../harness/server.ts";
import { until, within } from "../harness/wait.ts";

const kMs = 60_000;
for (const name of ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]) delete process.env[name];

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "tutti-models-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
const freshDir = (): string => join(folder, `models-${++made}`);

// An archive of a model that the tone engine serves, of about a megabyte.
function archiveOf(id: string, version = "1"): Buffer {
  const top = join(folder, `pack-${++made}`);
  mkdirSync(join(top, "release"), { recursive: true });
  const data = randomBytes(1_000_000);
  writeFileSync(join(top, "release", "data.bin"), data);
  writeFileSync(
    join(top, "release", "model.toml"),
    `id = "${id}"\nkind = "asr-streaming"\nbackend = "tone"\nlanguages = ["de"]\n` +
      `version = "${version}"\n[[files]]\nrole = "data"\npath = "data.bin"\n` +
      `size = ${data.length}\nsha256 = "${sha256(data)}"\n`,
  );
  execFileSync("tar", ["-C", top, "-czf", join(top, "it.tar.gz"), "release"]);
  return readFileSync(join(top, "it.tar.gz"));
}

// Serves one file with an ETag and ranges; `script` says of each request what goes wrong with it.
type Fault = { cutAfter?: number; stallAfter?: number; status?: number; body?: Buffer };
class FileServer {
  readonly ranges: (string | undefined)[] = [];
  url = "";
  private readonly server: http.Server;

  private constructor(content: Buffer, faults: Fault[]) {
    this.server = http.createServer((request, response) => {
      const fault = faults.shift() ?? {};
      const range = request.headers.range;
      this.ranges.push(range);
      if (fault.status !== undefined) {
        response.writeHead(fault.status).end("no");
        return;
      }
      const whole = fault.body ?? content;
      const etag = '"' + sha256(content).slice(0, 16) + '"';
      const first =
        range && request.headers["if-range"] === etag ? Number(/=(\d+)-/.exec(range)![1]) : 0;
      const rest = whole.subarray(first);
      response.writeHead(first > 0 ? 206 : 200, {
        ETag: etag,
        "Content-Length": rest.length,
        ...(first > 0 && { "Content-Range": `bytes ${first}-${whole.length - 1}/${whole.length}` }),
      });
      if (fault.stallAfter !== undefined) response.write(rest.subarray(0, fault.stallAfter));
      else if (fault.cutAfter !== undefined)
        response.write(rest.subarray(0, fault.cutAfter), () => response.destroy());
      else response.end(rest);
    });
  }
  static async start(content: Buffer, faults: Fault[] = []): Promise<FileServer> {
    const one = new FileServer(content, faults);
    await new Promise<void>((ready) => one.server.listen(0, "127.0.0.1", ready));
    one.url = `http://127.0.0.1:${(one.server.address() as AddressInfo).port}/model.tar.gz`;
    return one;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}

async function withFiles<T>(
  content: Buffer,
  faults: Fault[],
  work: (server: FileServer) => Promise<T>,
): Promise<T> {
  const server = await FileServer.start(content, faults);
  try {
    return await work(server);
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

const models = (dir: string, ...args: string[]): Promise<FailedStart> =>
  runToItsEnd(["models", "--models-dir", dir, ...args], kMs);

interface Listed {
  id: string;
  version: string;
  state: string;
  fault?: string;
}
async function listed(dir: string): Promise<Listed[]> {
  const result = await models(dir, "list", "--json");
  assert.equal(result.code, 0, result.stderr);
  return JSON.parse(result.stdout) as Listed[];
}

function assertEnded(result: FailedStart, code: number, what: RegExp): void {
  assert.equal(result.code, code, result.stdout + result.stderr);
  assert.match(result.stdout + result.stderr, what);
}

test("a pull survives cuts and a busy server, and what it brought is verified", async () => {
  const dir = freshDir();
  const archive = archiveOf("beeps");
  const faults = [{ cutAfter: 300_000 }, { status: 503 }];
  await withFiles(archive, faults, async (server) => {
    const result = await models(dir, "pull", server.url, "--sha256", sha256(archive));
    assertEnded(result, 0, /^beeps: 1\.0 MB in .*\/beeps$/m);
    assert.doesNotMatch(result.stderr, /note:/);
    assert.equal(server.ranges.length, 3);
    assert.match(server.ranges[2]!, /^bytes=\d+-$/);
  });
  assertEnded(await models(dir, "verify"), 0, /^beeps: ok, 1 files, 1\.0 MB$/m);
  assertEnded(await models(dir, "list"), 0, /^beeps +asr-streaming +tone +de +1\.0 MB .* ok$/m);
});

test("^C keeps what was downloaded, and the same command goes on from there", async () => {
  const dir = freshDir();
  const kSent = 400_000;
  await withFiles(archiveOf("beeps"), [{ stallAfter: kSent }], async (server) => {
    const child = spawn(join(kPrograms, "tutti"), [
      "models",
      "--models-dir",
      dir,
      "pull",
      server.url,
    ]);
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const ended = new Promise((settle) => child.once("close", (code, name) => settle(code ?? name)));
    try {
      const partials = join(dir, ".partial");
      const sizeOfPart = (): number => {
        if (!existsSync(partials)) return 0;
        const part = readdirSync(partials).find((name) => name.endsWith(".part"));
        return part ? statSync(join(partials, part)).size : 0;
      };
      await until("the first part", () => sizeOfPart() === kSent, { ms: kMs });
      child.kill("SIGINT");
      assert.equal(await within(kMs, "the end of the pull", ended), 128 + 2, stderr);
    } finally {
      child.kill("SIGKILL");
    }
    assert.match(stderr, /interrupted; what was downloaded is kept/);
    assert.deepEqual(await listed(dir), [], "nothing half of it can be seen");

    assertEnded(await models(dir, "pull", server.url), 0, /^beeps: /m);
    assert.deepEqual(server.ranges, [undefined, `bytes=${kSent}-`]);
  });
  assertEnded(await models(dir, "verify", "beeps"), 0, /beeps: ok/);
  assert.deepEqual(readdirSync(join(dir, ".partial")), []);
});

test("a pull that fails leaves the model that was there", async () => {
  const dir = freshDir();
  const old = archiveOf("beeps", "old");
  await withFiles(old, [], async (server) => {
    assertEnded(await models(dir, "pull", server.url), 0, /note: no digest was given/);
  });
  const next = archiveOf("beeps", "new");
  const spoilt = Buffer.from(next);
  spoilt[500_000]! ^= 0xff;
  await withFiles(next, [{ body: spoilt }, { status: 404 }], async (server) => {
    const digest = sha256(next);
    assertEnded(await models(dir, "pull", server.url, "--sha256", digest), 1, /it is not used/);
    assertEnded(await models(dir, "pull", server.url, "--sha256", digest), 1, /404 Not Found/);
    assert.equal((await listed(dir))[0]!.version, "old");
    assertEnded(await models(dir, "verify"), 0, /beeps: ok/);
    assertEnded(await models(dir, "pull", server.url, "--sha256", digest), 0, /^beeps: /m);
    assert.equal((await listed(dir))[0]!.version, "new");
  });
  assertEnded(await models(dir, "pull", "nonsense"), 64, /neither in the catalogue/);
  assertEnded(await models("/proc/nonexistent", "pull", "whisper-tiny"), 73, /nonexistent/);
});

test("an entry of a catalogue is pulled by its name", async () => {
  const dir = freshDir();
  await withFiles(archiveOf("whatever"), [], async (server) => {
    const list = join(folder, "catalogue.toml");
    writeFileSync(
      list,
      `[[model]]\nid = "named"\nkind = "vad"\nbackend = "tone"\n` +
        `[[model.downloads]]\nurl = "${server.url}"\n` +
        `[[model.files]]\nrole = "data"\npath = "data.bin"\n`,
    );
    const available = await models(dir, "list", "--available", "--catalogue", list);
    assertEnded(available, 0, /^named +vad +tone .* untested/m);
    const result = await models(dir, "pull", "named", "--catalogue", list);
    assertEnded(result, 0, /note: the catalogue knows no digests.*could not be compared/s);
  });
  assertEnded(await models(dir, "verify", "named"), 0, /named: ok, 1 files/);
  assertEnded(await models(dir, "list", "--available"), 0, /^whisper-tiny /m);
});

test("verify names what changed, and remove deletes", async () => {
  const dir = freshDir();
  await withFiles(archiveOf("beeps"), [], async (server) => {
    await models(dir, "pull", server.url);
  });
  const data = join(dir, "beeps", "data.bin");
  const bytes = readFileSync(data);
  bytes[7]! ^= 1;
  writeFileSync(data, bytes);
  assertEnded(await models(dir, "verify"), 1, /beeps: .*data\.bin has the SHA-256/);
  writeFileSync(data, "short");
  assertEnded(await models(dir, "verify"), 1, /data\.bin has 5 bytes, not the 1000000/);
  assertEnded(await models(dir, "verify", "other"), 1, /there is no model 'other'/);
  assert.equal((await listed(dir))[0]!.state, "broken");

  assertEnded(await models(dir, "remove", "beeps"), 64, /say --yes/);
  assert.ok(existsSync(data));
  assertEnded(await models(dir, "remove", "../beeps", "--yes"), 1, /there is no model/);
  assertEnded(await models(dir, "remove", "beeps", "--yes"), 0, /beeps: removed/);
  assert.ok(!existsSync(join(dir, "beeps")));
  assert.deepEqual(await listed(dir), []);
});

test("a server serves what was pulled, and a reload reads the folders again", async () => {
  const dir = freshDir();
  await withFiles(archiveOf("beeps"), [], async (source) => {
    assertEnded(await models(dir, "pull", source.url), 0, /beeps/);
  });
  const flags = { "models-dir": dir };
  const check = ["serve", "--check", "--models", "beeps", "--models-dir", dir];
  assertEnded(await runToItsEnd(check), 0, /^languages = \["de"\] +# model folder .*\/beeps\/model\.toml$/m);

  const card = join(dir, "beeps", "model.toml");
  const good = readFileSync(card, "utf8");
  const server = await TuttiServer.start({ models: ["beeps"], flags, expectedErrors: /model\.toml/ });
  try {
    const { data } = JSON.parse((await server.get("/v1/models")).text) as { data: { id: string }[] };
    assert.deepEqual(data.map((one) => one.id), ["beeps"]);
    writeFileSync(card, "id = ");
    const refused = await ctl(server, "reload");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /model 'beeps' cannot be served: .*model\.toml:1/);
    assert.equal((await server.get("/readyz")).status, 200, "it goes on as it was");
    assertEnded(await runToItsEnd(check), 78, /model 'beeps' cannot be served/);
    writeFileSync(card, good);
    assert.equal((await ctl(server, "reload")).code, 0);
  } finally {
    await server.stop();
  }

  rmSync(join(dir, "beeps", "data.bin"));
  assertEnded(await runToItsEnd(check), 78, /model\.beeps\.directory: .*data\.bin: No such file/);
});
