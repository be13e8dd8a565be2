// SPDX-License-Identifier: Apache-2.0
// Every verb of `tutti ctl`, once, with what is to be seen of it.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { withConfig } from "../harness/boot.ts";
import {
  ctl,
  pidsIn,
  placeIn,
  refused,
  statusIs,
  statusOf,
  told,
  withEndingServer,
  type ServerStatus,
} from "../harness/control.ts";
import { digitSequence, dtmf, silence } from "../harness/audio.ts";
import {
  isReady,
  killed,
  localPortOf,
  onEveryGateway,
  whileStopped,
  withServer,
} from "../harness/faults.ts";
import { RawConnection, request } from "../harness/http.ts";
import { DeepgramClient } from "../harness/live.ts";
import { isAlive } from "../harness/processes.ts";
import type { TuttiServer } from "../harness/server.ts";
import { Speaker } from "../harness/traffic.ts";
import { until } from "../harness/wait.ts";

const kTitles =
  /^PLACE +PID +STATE +AGE +BEAT +MEMORY +REQUESTS +CONNECTIONS +STREAMS$/m;

// The cells of a place's row.
function rowOf(table: string, place: string): string[] {
  const line = table.split("\n").find((one) => one.startsWith(`${place} `));
  assert.ok(line, `no row of ${place} in\n${table}`);
  return line.slice(place.length).trim().split(/ {2,}/);
}

function gatewayPids(status: ServerStatus): number[] {
  return pidsIn({ ...status, places: status.places.filter((one) => one.role === "gateway") });
}

test("status, as a table and as JSON", () =>
  withServer({}, async (server) => {
    const client = await DeepgramClient.open(server);
    client.sendAudio(dtmf("12"));
    const status = await statusIs(server, "a stream everywhere", (one) =>
      ["gateway", "engine"].every((role) =>
        one.places.some((place) => place.role === role && place.processes[0]!.streams === 1),
      ),
    );
    assert.equal(status.pid, server.pid);
    assert.equal(status.state, "ready");
    assert.equal(status.url, server.url);
    assert.equal(status.generation, 1);
    assert.equal(status.upgrade, null);
    assert.equal(status.last_reload, null);
    assert.deepEqual(pidsIn(status), server.lastingPids());
    assert.deepEqual(
      status.places.map((place) => [place.name, place.state, place.deaths]),
      ["engine tone 0", "scribe 0", "gateway 0", "gateway 1"].map((name) => [name, "ready", 0]),
    );
    for (const { processes } of status.places) {
      assert.ok(processes[0]!.beat_age_seconds < 5);
      assert.ok(processes[0]!.rss_bytes > 500_000);
    }

    const table = await told(server, "status");
    const head = `^ready: Tutti \\S+ at ${server.url}, pid ${server.pid}, up \\S+, generation 1\n\n`;
    assert.match(table, new RegExp(head));
    assert.match(table, kTitles);
    for (const { name, processes } of status.places) {
      const [pid, state, age, beat, memory, ...counts] = rowOf(table, name);
      assert.equal(pid, String(processes[0]!.pid));
      assert.equal(state, "ready");
      assert.match(age!, /^[\d.]+s$/);
      assert.match(beat!, /^[\d.]+s$/);
      assert.match(memory!, /^[\d.]+ MB$/);
      assert.equal(counts.length, 3);
      for (const count of counts) assert.match(count, /^(\d+|-)$/);
    }
    assert.equal(rowOf(table, "engine tone 0").at(-1), "1", "the stream");
    assert.doesNotMatch(table, /\x1b/, "colours though it is no terminal");
    await client.finish();
  }));

test("status tells why a place has no process", () =>
  withServer({ expectedErrors: /gateway 0 keeps failing/ }, async (server) => {
    const failing = /^gateway 0 +- +failing +(\d+) deaths, last: signal 9 \(Killed\)$/m;
    const table = await until(
      "a table with a failing place",
      async () => {
        const [process] = placeIn(await statusOf(server), "gateway 0").processes;
        if (process?.state === "ready") await killed(server, process.pid);
        const text = await told(server, "status");
        return failing.test(text) ? text : undefined;
      },
      { ms: 60_000, describe: () => server.stderr },
    );
    assert.ok(Number(failing.exec(table)![1]) >= 5);
    assert.equal(rowOf(table, "gateway 1")[1], "ready");
    // Its next try by itself may be half a minute away.
    await told(server, "restart", "gateway", "0");
    assert.equal(rowOf(await told(server, "status"), "gateway 0")[1], "ready");
  }));

test("scale gateways, scribes and engines, up and down, within floor and ceiling", () =>
  withServer({ flags: { "scale-limit": 4 } }, async (server) => {
    const counts = (): Record<string, number> => ({
      gateway: server.pids("gateway").length,
      scribe: server.pids("scribe").length,
      engine: server.pids("engine").length,
    });
    const become = (wanted: Record<string, number>): Promise<boolean> =>
      until(
        JSON.stringify(wanted),
        () => JSON.stringify(counts()) === JSON.stringify(wanted),
        { describe: () => `${JSON.stringify(counts())}; stderr:\n${server.stderr}` },
      );
    const before = server.pids("gateway");
    assert.equal(await told(server, "scale", "gateway", "+1"), "gateway: 3 processes\n");
    await become({ gateway: 3, scribe: 1, engine: 1 });
    assert.ok(before.every(isAlive), "those that were there stay");
    assert.equal(await told(server, "scale", "gateway", "4"), "gateway: 4 processes\n");
    await become({ gateway: 4, scribe: 1, engine: 1 });
    await refused(server, ["scale", "gateway", "+1"], /gateway can be 1 to 4/);
    await refused(server, ["scale", "tone", "5"], /tone can be 1 to 4/);
    assert.equal(await told(server, "scale", "tone", "2"), "tone: 2 processes\n");
    assert.equal(await told(server, "scale", "scribe", "+1"), "scribe: 2 processes\n");
    await become({ gateway: 4, scribe: 2, engine: 2 });
    assert.equal(await told(server, "scale", "gateway", "-3"), "gateway: 1 process\n");
    await told(server, "scale", "tone", "-1");
    await told(server, "scale", "scribe", "1");
    await become({ gateway: 1, scribe: 1, engine: 1 });
    await refused(server, ["scale", "gateway", "-1"], /gateway can be 1 to 4/);
    await refused(server, ["scale", "scribe", "0"], /scribe can be 1 to 4/);
    await refused(server, ["scale", "nonesuch", "2"], /'nonesuch' is neither gateway nor scribe/);
    assert.deepEqual(counts(), { gateway: 1, scribe: 1, engine: 1 });
    await isReady(server);
    assert.match(server.stderr, /info supervisor\[\d+\] control: uid=\d+ pid=\d+ asked for scale/);
  }));

test("scaling up while a former gateway still drains leaves no connection unread", () =>
  withServer({ gateways: 4 }, async (server) => {
    // One long utterance on each gateway: 28 s.
    const digits = digitSequence(280);
    const speakers = await onEveryGateway(server, 1, async () => {
      const speaker = await Speaker.start(server, { digits, groupSize: 280, speed: 1 });
      return { opened: speaker, port: localPortOf(speaker.client) };
    });
    await Promise.all(speakers.map((one) => one.opened.isSpeaking()));
    const before = await statusOf(server);
    const pidOf = (name: string) => placeIn(before, name).processes[0]!.pid;
    await told(server, "scale", "gateway", "2");
    await killed(server, pidOf("gateway 2"));
    await statusIs(server, "gateway 3 drains alone", ({ places }) =>
      places.some((one) => one.name === "gateway 3" && one.state === "draining") &&
      !places.some((one) => one.name === "gateway 2"),
    );
    await told(server, "scale", "gateway", "3");
    assert.ok(isAlive(pidOf("gateway 3")), "it still drains");
    for (let n = 0; n < 40; ++n)
      assert.equal((await request(`${server.url}/livez`, { ms: 5_000 })).status, 200);
    for (const { opened } of speakers) {
      opened.stop();
      opened.client.reset();
    }
  }));

test("a reload renews every process; one that fails changes nothing and is not forgotten", () =>
  withConfig("max_frame_bytes = 111111\n", (path) =>
    withServer({ flags: { config: path }, expectedErrors: /reload failed/ }, async (server) => {
      const first = server.lastingPids();
      writeFileSync(path, "max_frame_bytes = 222222\n");
      assert.equal(await told(server, "reload"), "reloaded: generation 2\n");
      await until("the end of the first", () => !first.some(isAlive));
      assert.match(await told(server, "config"), /^max_frame_bytes = '?222222'?$/m);
      const status = await statusOf(server);
      assert.equal(status.generation, 2);
      assert.equal(status.last_reload?.ok, true);
      const second = server.lastingPids();
      assert.equal(second.length, first.length);

      const broken: [toml: string, why: RegExp][] = [
        ["max_frame_bytes = 'many'\n", /max_frame_bytes/],
        ["prot = 1\n", /prot/],
        ["max_frame_bytes = \n", /tutti\.toml/],
        ["backlog = 17\n", /backlog cannot change while the server runs/],
        ['[[model]]\nid = "tone"\nbackend = "hovercraft"\n', /tutti-engine-hovercraft/],
      ];
      for (const [toml, why] of broken) {
        writeFileSync(path, toml);
        await refused(server, ["reload"], why);
        assert.match(
          await told(server, "status"),
          /^ready: .*\nthe last reload failed at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, nothing was/,
        );
        const { last_reload } = await statusOf(server);
        assert.equal(last_reload?.ok, false);
        assert.match(last_reload.error, why);
        await until("the second alone", () => String(server.lastingPids()) === String(second));
        assert.match(await told(server, "config"), /^max_frame_bytes = '?222222'?$/m);
      }

      writeFileSync(path, "max_frame_bytes = 333333\n");
      assert.equal(await told(server, "reload"), "reloaded: generation 3\n");
      assert.doesNotMatch(await told(server, "status"), /failed/);
      await isReady(server);
    }),
  ));

test("reopen after the log was renamed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tutti-log-"));
  const log = join(folder, "tutti.log");
  try {
    await withServer({ flags: { "log-file": log, "log-level": "debug" } }, async (server) => {
      renameSync(log, `${log}.1`);
      assert.equal(await told(server, "reopen"), "the log files are open anew\n");
      await until("the new file", () => readFileSync(log, "utf8").includes("supervisor["));
      const client = await DeepgramClient.open(server);
      client.socket.terminate();
      await until("a gateway's line in the new file", () =>
        / debug gateway\[\d+\] session=/.test(readFileSync(log, "utf8")),
      );
      assert.doesNotMatch(readFileSync(`${log}.1`, "utf8"), / session=\d+ read/);
      assert.match(readFileSync(`${log}.1`, "utf8"), /Tutti|ready/);
      await killed(server, server.pids("gateway")[0]!);
      await until("a successor's line there", () =>
        /gateway \d is ready/.test(readFileSync(log, "utf8")),
      );
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a drained server takes no clients; those that wait get in when it is undrained", () =>
  withServer({}, async (server) => {
    await refused(server, ["undrain"], /the server is not drained/);
    const first = server.pids("gateway");
    assert.match(await told(server, "drain"), /^draining: /);
    assert.equal((await statusOf(server)).state, "draining");
    await until("the end of the gateways", () => server.pids("gateway").length === 0);
    const drained = await told(server, "status");
    assert.match(drained, /^draining: Tutti/);
    assert.equal(rowOf(drained, "gateway 0").join(" "), "- stopped");
    await refused(server, ["scale", "gateway", "3"], /undrain it first/);

    const waiting = await RawConnection.open(server.port);
    waiting.write("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert.match(await told(server, "undrain"), /^gateways take clients again\n$/);
    assert.equal((await waiting.answer()).status, 200);
    await waiting.ended();
    await isReady(server);
    const status = await statusOf(server);
    assert.equal(status.state, "ready");
    assert.equal(gatewayPids(status).length, 2);
    assert.ok(gatewayPids(status).every((pid) => !first.includes(pid)));
  }));

test("a server that drains accepts for pre_stop more, and tells balancers to go", () =>
  withServer({ flags: { "pre-stop": 3 } }, async (server) => {
    assert.equal((await server.get("/readyz")).status, 200);
    await told(server, "drain");
    await until("/readyz fails", async () => (await server.get("/readyz")).status === 503);
    await until("the end of the gateways", () => server.pids("gateway").length === 0);
    await told(server, "undrain");
    await isReady(server);
  }));

test("log-level shows and hides debug lines", () =>
  withServer({}, async (server) => {
    const debugLines = (): number => server.stderr.match(/ debug gateway\[/g)?.length ?? 0;
    const vanish = async (): Promise<void> => {
      (await DeepgramClient.open(server)).socket.terminate();
      await server.settle();
    };
    await vanish();
    assert.equal(debugLines(), 0);
    assert.equal(await told(server, "log-level", "debug"), "the log level is debug\n");
    await vanish();
    await until("a debug line", () => debugLines() > 0);
    await told(server, "log-level", "info");
    // Lines that were written before may come late, and so may the word to the gateways.
    await until("a client that vanishes without a line", async () => {
      const before = debugLines();
      await vanish();
      return debugLines() === before;
    });
  }));

test("restart replaces one process and no other", () =>
  withServer({}, async (server) => {
    for (const name of ["gateway 0", "engine tone 0", "scribe 0"]) {
      const before = await statusOf(server);
      const old = placeIn(before, name).processes[0]!.pid;
      assert.equal(await told(server, "restart", ...name.split(" ")), `restarted ${name}\n`);
      await until(`the end of ${name}`, () => !isAlive(old));
      const now = await statusIs(server, "one process a place", (status) =>
        status.places.every((place) => place.processes.length === 1),
      );
      assert.notEqual(placeIn(now, name).processes[0]!.pid, old);
      assert.equal(placeIn(now, name).processes[0]!.state, "ready");
      const others = (status: ServerStatus): unknown[] =>
        status.places
          .filter((place) => place.name !== name)
          .map((place) => [place.name, place.processes[0]!.pid, place.deaths]);
      assert.deepEqual(others(now), others(before));
      assert.equal(placeIn(now, name).deaths, 0, "being replaced is no death");
    }
    await refused(server, ["restart", "gateway", "9"], /there is no 'gateway 9'/);
  }));

test("config prints what serve --config accepts", () =>
  withServer({ flags: { "max-frame-bytes": 123456, "engine-wait": 7 } }, async (server) => {
    const printed = await told(server, "config");
    assert.match(printed, /^max_frame_bytes = '?123456'?$/m);
    await withConfig(printed, (path) =>
      withServer({ flags: { config: path } }, async (second) => {
        const isOwn = (line: string): boolean =>
          /^(runtime_dir|spool_dir|state_dir|control_socket) =/.test(line);
        const shared = (text: string): string[] => text.split("\n").filter((one) => !isOwn(one));
        assert.deepEqual(shared(await told(second, "config")), shared(printed));
      }),
    );
  }));

async function endedBy(
  server: TuttiServer,
  ms: number,
  how = "graceful",
  meanwhile = (): void => undefined,
): Promise<void> {
  const pids = server.lastingPids();
  const { code, stdout, stderr } = await ctl(server, "stop", how);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^stopping.*\n$/);
  meanwhile();
  assert.equal(await server.ended(ms), 0, server.stderr);
  await until("the end of every process", () => !pids.some(isAlive));
  await server.checkNothingLeft();
  assert.equal((await ctl(server, "status")).code, 69);
}

test("stop lets clients finish what they are saying", () =>
  withEndingServer(
    async (server) => {
      const client = await DeepgramClient.open(server, { interim_results: true });
      client.sendAudio(dtmf("159"));
      await until("words", () => client.results().length > 0);
      const fallSilent = (): void => client.sendAudio(silence(1500));
      await endedBy(server, 10_000, "graceful", fallSilent);
      assert.equal((await client.closing()).code, 1012);
      assert.equal(client.transcript(), "1 5 9");
    },
    { flags: { "close-spread": 0 } },
  ));

test("stop quick gives what hangs 2 s, and 5 s more to be killed", () =>
  withEndingServer((server) =>
    whileStopped(server, server.pids("gateway"), () => endedBy(server, 15_000, "quick")),
  ));

test("stop now waits for nobody", () =>
  withEndingServer((server) =>
    whileStopped(server, [...server.pids("engine"), ...server.pids("gateway")], () =>
      endedBy(server, 5_000, "now"),
    ),
  ));

test("upgrade puts a new server in the old one's place", () =>
  withEndingServer(async (server) => {
    const before = await statusOf(server);
    const said = await told(server, "upgrade");
    const successor = Number(/^upgraded: the server with pid (\d+) serves\n$/.exec(said)?.[1]);
    try {
      assert.ok(isAlive(successor), said);
      assert.equal(await server.ended(30_000), 0, server.stderr);
      const now = await statusOf(server);
      assert.equal(now.pid, successor);
      assert.equal(now.url, before.url);
      assert.equal(now.state, "ready");
      await isReady(server);
      await told(server, "stop");
      await until("the successor's end", () => !isAlive(successor));
    } finally {
      if (isAlive(successor)) process.kill(successor, "SIGKILL");
    }
  }));
