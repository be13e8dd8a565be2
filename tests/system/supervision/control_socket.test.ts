// SPDX-License-Identifier: Apache-2.0
// The control socket itself: whose it is, who may use it, and what it bears.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "node:test";
import { runToItsEnd, withConfig } from "../harness/boot.ts";
import { controlSocketOf, ctl, RawControl, refused, statusOf, told, withEndingServer } from "../harness/control.ts";
import { isReady, withServer } from "../harness/faults.ts";
import { keepsProcesses, kPrograms, TuttiServer } from "../harness/server.ts";
import { until, within } from "../harness/wait.ts";

const kNobody = 65534;
const kUsage = 64;
const kUnavailable = 69;
const kCannotCreate = 73;
const kBadConfig = 78;

function modeOf(path: string): number {
  return lstatSync(path).mode & 0o777;
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tutti-control-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// A start on the given control socket that is expected to fail.
function failingServe(controlSocket: string) {
  return withConfig("", (_, folder) => {
    const settings = { port: 0, models: "tone", "runtime-dir": folder, "spool-dir": folder };
    const flags = Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)]);
    return runToItsEnd(["serve", ...flags, "--control-socket", controlSocket]);
  });
}

test("the socket is its user's alone, and goes with the server", () =>
  withEndingServer(async (server) => {
    const path = controlSocketOf(server);
    assert.ok(lstatSync(path).isSocket());
    assert.equal(modeOf(path), 0o600);
    assert.equal(modeOf(`${path}.lock`), 0o600);
    server.terminate();
    assert.equal(await server.ended(), 0);
    assert.ok(!existsSync(path) && !existsSync(`${path}.lock`));
  }));

test("a second server with the same socket does not start, and the first goes on", () =>
  withServer({}, async (server) => {
    const path = controlSocketOf(server);
    const { code, errors, stderr } = await keepsProcesses(server, () => failingServe(path));
    assert.equal(code, kCannotCreate, stderr);
    assert.equal(errors.length, 1, stderr);
    assert.match(errors[0]!, new RegExp(`another server holds ${path}`));
    assert.equal((await statusOf(server)).pid, server.pid);
    await isReady(server);
  }));

test("the socket of a server that was killed is replaced", () =>
  withFolder(async (folder) => {
    const path = join(folder, "ctl.sock");
    const flags = { "control-socket": path };
    const first = await TuttiServer.start({ flags });
    process.kill(first.pid, "SIGKILL");
    await first.ended();
    assert.ok(lstatSync(path).isSocket(), "it was left behind");
    const asked = await runToItsEnd(["ctl", "--socket", path, "status"]);
    assert.equal(asked.code, kUnavailable);
    assert.match(asked.stderr, /Connection refused/);
    await first.kill();
    await withServer({ flags }, async (second) => {
      const { code, stdout } = await runToItsEnd(["ctl", "--socket", path, "status"]);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`pid ${second.pid},`));
    });
  }));

test("a file that is no socket is nobody's to replace", () =>
  withFolder(async (folder) => {
    const path = join(folder, "precious");
    writeFileSync(path, "text");
    const { code, errors, stderr } = await failingServe(path);
    assert.equal(code, kBadConfig, stderr);
    assert.equal(errors.length, 1, stderr);
    assert.match(errors[0]!, new RegExp(`${path} exists and is no socket`));
    assert.equal(readFileSync(path, "utf8"), "text");
  }));

test("a server is found by its port or its configuration", () =>
  withFolder(async (folder) => {
    const before = process.env["XDG_RUNTIME_DIR"];
    process.env["XDG_RUNTIME_DIR"] = folder;
    try {
      await withServer({ flags: { "control-socket": "" } }, async (server) => {
        const port = String(server.port);
        assert.ok(lstatSync(join(folder, `tutti-ctl-${port}.sock`)).isSocket());
        for (const words of [["--port", port, "status"], ["status", "--port", port]])
          assert.equal((await runToItsEnd(["ctl", ...words])).code, 0);
        await withConfig(`port = ${port}\n`, async (path) => {
          assert.equal((await runToItsEnd(["ctl", "-c", path, "status"])).code, 0);
        });
        const named = join(folder, "elsewhere.sock");
        await withConfig(`control_socket = "${named}"\n`, async (path) => {
          const { code, stderr } = await runToItsEnd(["ctl", "--config", path, "status"]);
          assert.equal(code, kUnavailable);
          assert.match(stderr, new RegExp(`no server at ${named} .*--socket, --port or --config`));
        });
        await withConfig("prot = 1\n", async (path) => {
          const { code, stderr } = await runToItsEnd(["ctl", "--config", path, "status"]);
          assert.equal(code, kBadConfig);
          assert.match(stderr, /prot/);
        });
      });
    } finally {
      if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
      else process.env["XDG_RUNTIME_DIR"] = before;
    }
  }));

test("words that make no sense never reach a server", async () => {
  for (const words of [[], ["dance"], ["scale", "gateway"], ["--socket", "a", "--port", "1", "status"]]) {
    const { code, stdout, stderr } = await runToItsEnd(["ctl", ...words]);
    assert.equal(code, kUsage, words.join(" "));
    assert.equal(stdout, "");
    assert.notEqual(stderr, "");
  }
  const help = await runToItsEnd(["ctl", "--help"]);
  assert.equal(help.code, 0);
  const verbs = help.stdout.match(/^ {2}([a-z-]+) {3,}\S/gm)?.map((line) => line.trim().split(" ")[0]!);
  assert.equal(verbs?.length, 15, help.stdout);
  for (const verb of verbs) {
    const { code, stdout } = await runToItsEnd(["ctl", verb, "--help"]);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^Usage: \\S+ ctl ${verb}`, "m"));
  }
});

test("--timeout ends the wait for a server that hangs", () =>
  withServer({}, async (server) => {
    process.kill(server.pid, "SIGSTOP");
    try {
      await refused(server, ["--timeout", "0.3", "status"], /no answer within 0\.3 s/);
    } finally {
      process.kill(server.pid, "SIGCONT");
    }
    await isReady(server);
    assert.match(await told(server, "status"), /^ready/);
  }));

test("garbage and half lines do no harm", () =>
  withServer({}, async (server) => {
    const reply = async (bytes: string | Buffer): Promise<string> => {
      const raw = await RawControl.open(server);
      raw.socket.write(bytes);
      return raw.answer();
    };
    await keepsProcesses(server, async () => {
      const noJson = '{"ok":false,"error":"the request is not a line of JSON"}\n';
      for (const line of ["hello\n", "\n", "[]\n", "7\n", '{"command"\n', "\xff\xfe\0\n"])
        assert.equal(await reply(line), noJson, JSON.stringify(line));
      assert.equal(await reply("x".repeat(70_000)), noJson);
      const deep = `${"[".repeat(60_000)}\n`;
      assert.equal(await reply(deep), noJson);
      for (const line of [
        "{}\n",
        '{"command":7}\n',
        '{"command":"dance"}\n',
        '{"command":"scale"}\n',
        '{"command":"scale","what":"gateway","to":"many"}\n',
        '{"command":"scale","what":"gateway","to":1e99}\n',
        '{"command":"scale","what":"gateway","by":9223372036854775807}\n',
        '{"command":"restart"}\n',
        '{"command":"log-level","level":"loud"}\n',
        '{"command":"stop","how":"softly"}\n',
      ])
        assert.equal(JSON.parse(await reply(line)).ok, false, line);

      const half = await RawControl.open(server);
      half.socket.write('{"command":"st');
      const closing = await RawControl.open(server);
      closing.socket.end('{"command":"stop"');
      assert.equal(await closing.answer(), "");
      const rude = await RawControl.open(server);
      rude.socket.write('{"command":"status"}\n');
      rude.socket.destroy();
      const silent = await Promise.all(Array.from({ length: 200 }, () => RawControl.open(server)));
      assert.equal((await statusOf(server)).state, "ready", "others are answered meanwhile");
      const last = '{"command":"dance"}\n{"command":"stop"}\n';
      assert.equal(JSON.parse(await reply(last)).ok, false, "one connection, one request");
      assert.equal(await half.answer(), "", "nobody waits for ever for the rest of a line");
      for (const one of silent) assert.equal(await one.answer(), "");
    });
    await isReady(server);
  }));

// `tutti ctl status` as another user.
async function asNobody(server: TuttiServer): Promise<{ code: number | null; stderr: string }> {
  const words = ["ctl", "--socket", controlSocketOf(server), "status"];
  const child = spawn(join(kPrograms, "tutti"), words, {
    uid: kNobody,
    gid: kNobody,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = await within(10_000, "ctl as nobody", once(child, "close"));
  return { code: code as number | null, stderr };
}

const onlyRoot = process.getuid?.() === 0 ? false : "only root can be another user";

test("another user is refused, by the file's mode and by the server", { skip: onlyRoot }, () =>
  withServer({}, async (server) => {
    const path = controlSocketOf(server);
    chmodSync(dirname(path), 0o711);
    const byMode = await asNobody(server);
    assert.equal(byMode.code, 1);
    assert.match(byMode.stderr, /you may not use .* \(Permission denied\); ask as root/);

    chmodSync(path, 0o666);
    const byServer = await asNobody(server);
    assert.equal(byServer.code, 1);
    assert.match(byServer.stderr, /closed the connection without an answer/);
    await until("the refusal in the log", () =>
      server.stderr.includes(`control socket: refused uid=${kNobody} `),
    );
    assert.equal((await ctl(server, "status")).code, 0);
  }));
