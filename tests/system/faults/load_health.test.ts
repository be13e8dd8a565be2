// SPDX-License-Identifier: Apache-2.0
// More files than the engines can carry: the server answers at once all the same, and a speaker
// keeps getting text. bench/health_under_load.ts is the measurement; the bounds here are wide,
// because machines of other people run tests too.
import assert from "node:assert/strict";
import test from "node:test";
import { measureUnderLoad } from "../../../bench/health_load.ts";
import { useServer } from "../harness/server.ts";

const kSeconds = 10;

const server = useServer({ models: ["en-us"] });

test("/health and a microphone under twice the load that can be carried", async (t) => {
  const { kept, fresh, live, files } = await measureUnderLoad(server(), kSeconds);
  t.diagnostic(JSON.stringify({ kept, fresh, live, files }));
  assert.ok(kept.p99 < 100, `p99 over one connection: ${kept.p99} ms`);
  assert.ok(fresh.p99 < 100, `p99 over new connections: ${fresh.p99} ms`);
  assert.ok(live.partials >= 5, `${live.partials} partials in ${kSeconds} s of speech`);
  assert.match(live.text, /\bmarket\b/);
  assert.ok(files > 0, "files were recognised meanwhile");
});
