// SPDX-License-Identifier: Apache-2.0
// kill -9 of some child every 200 ms, under load. What is answered is exact or a clear error, and
// when the storm is over the server is whole again. TUTTI_SOAK=1 makes it ten minutes.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { dtmf, spelt, wav } from "../harness/audio.ts";
import { statusIs } from "../harness/control.ts";
import { withServer } from "../harness/faults.ts";
import { form } from "../harness/http.ts";
import { descriptorsOf } from "../harness/processes.ts";
import type { TuttiServer } from "../harness/server.ts";

const kStormMs = process.env["TUTTI_SOAK"] ? 600_000 : 6_000;
const kKillEveryMs = 200;
const kClients = 4;
// A place whose processes kept dying is tried again after 30 s and its jitter.
const kRecoveryMs = 60_000;

interface Answers {
  exact: number;
  errors: number; // an error in the dialect's shape, or a connection that was reset
  wrong: string[];
}

async function askAgainAndAgain(server: TuttiServer, answers: Answers, isOver: () => boolean) {
  for (let n = 0; !isOver(); ++n) {
    const digits = String(1000 + n);
    const sent = form({ model: "tone" }, { bytes: wav(dtmf(digits)) });
    const answer = await server
      .post("/v1/audio/transcriptions", { ...sent, ms: 60_000 })
      .catch(() => undefined);
    if (answer?.status === 200) {
      if (answer.json.text === spelt(digits)) ++answers.exact;
      else answers.wrong.push(`${digits}: ${answer.text}`);
    } else if (!answer || answer.json.error.message) {
      ++answers.errors;
      await pause(20);
    }
  }
}

function zombiesOf(pid: number): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/stat`, "utf8");
      } catch {
        return ""; // it went meanwhile
      }
    })
    .filter((stat) => new RegExp(`\\) Z ${pid} `).test(stat));
}

test("a kill every 200 ms: exact answers or clear errors, and a whole server after it", async () => {
  const options = { gateways: 2, scribes: 2, expectedErrors: /keeps failing|failed|ended/ };
  await withServer(options, async (server) => {
    const descriptors = descriptorsOf(server.pid).length;
    const answers: Answers = { exact: 0, errors: 0, wrong: [] };
    let isOver = false;
    const clients = Array.from({ length: kClients }, () =>
      askAgainAndAgain(server, answers, () => isOver),
    );
    let kills = 0;
    for (const end = performance.now() + kStormMs; performance.now() < end; ++kills) {
      const children = server.processes();
      const victim = children[Math.floor(Math.random() * children.length)];
      if (victim) {
        try {
          process.kill(victim.pid, "SIGKILL");
        } catch {
          // It has just ended by itself.
        }
      }
      await pause(kKillEveryMs); // the storm's rhythm
    }
    isOver = true;
    await Promise.all(clients);
    console.log(JSON.stringify({ kills, exact: answers.exact, errors: answers.errors }));
    assert.deepEqual(answers.wrong, []);
    assert.ok(answers.exact > 0, "something was recognised in between");
    await statusIs(
      server,
      "every place is ready",
      (status) => status.places.every((place) => place.state === "ready"),
      kRecoveryMs,
    );
    assert.deepEqual(zombiesOf(server.pid), []);
    assert.ok(descriptorsOf(server.pid).length <= descriptors, "descriptors of the supervisor");
    const sent = form({ model: "tone" }, { bytes: wav(dtmf("4711")) });
    assert.equal((await server.post("/v1/audio/transcriptions", sent)).json.text, spelt("4711"));
  });
});
