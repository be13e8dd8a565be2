// SPDX-License-Identifier: Apache-2.0
// ^C at the terminal: a graceful stop without the pauses that are for load balancers.
import assert from "node:assert/strict";
import test from "node:test";
import { TuttiServer } from "../harness/server.ts";

// More than one try: processes that end while they are told to end again are a matter of luck.
for (const run of [1, 2, 3, 4])
  test(`an idle server ends at once, gateways first (run ${run})`, async () => {
    const server = await TuttiServer.start({ gateways: 3, flags: { "pre-stop": 30 } });
    try {
      process.kill(server.pid, "SIGINT");
      assert.equal(await server.ended(10_000), 0);
      await server.checkNothingLeft();
      const ends = [...server.stderr.matchAll(/ (gateway|scribe|engine)[a-z0-9 ]* pid=\d+ ended/g)];
      const order = ends.map((one) => one[1]);
      assert.deepEqual(order, ["gateway", "gateway", "gateway", "scribe", "engine"]);
      assert.doesNotMatch(server.stderr, /killing/);
    } finally {
      await server.kill();
    }
  });
