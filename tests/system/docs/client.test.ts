// SPDX-License-Identifier: Apache-2.0
// The program in web/client/README.md, as it stands there, against a real server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { bytesOf, dtmf, join16, silence } from "../harness/audio.ts";
import { kRepository, useServer } from "../harness/server.ts";
import { within } from "../harness/wait.ts";

const kClient = join(kRepository, "web/client");
const server = useServer();

test("the README's program prints what is said", async () => {
  const page = readFileSync(join(kClient, "README.md"), "utf8");
  const program = /^```ts\n(.*?)^```$/ms.exec(page)![1]!;
  const replaced = program
    .replace('"tutti-client"', JSON.stringify(pathToFileURL(join(kClient, "src/index.ts")).href))
    .replace("http://127.0.0.1:8000", server().url);
  assert.notEqual(replaced, program);
  const folder = mkdtempSync(join(tmpdir(), "tutti-client-"));
  try {
    writeFileSync(join(folder, "captions.ts"), replaced);
    const audio = join16(dtmf("12"), silence(1000), dtmf("34"), silence(1000));
    writeFileSync(join(folder, "speech.raw"), bytesOf(audio));
    const child = spawn(process.execPath, ["captions.ts", "speech.raw"], { cwd: folder });
    let said = "";
    child.stdout.on("data", (text) => (said += String(text)));
    let complaints = "";
    child.stderr.on("data", (text) => (complaints += String(text)));
    const [code] = await within(30_000, "its end", once(child, "close"));
    assert.equal(code, 0, complaints);
    const lines = said.trim().split("\n");
    assert.deepEqual(lines.slice(0, 2), ["0 1 2", "1 3 4"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
