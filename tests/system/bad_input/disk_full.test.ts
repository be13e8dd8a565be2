// SPDX-License-Identifier: Apache-2.0
// A spool without room: uploads are refused with 507 in each protocol's shape, small ones still
// pass, and nothing stays behind. Needs root, to mount a small tmpfs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { dtmf, wav } from "../harness/audio.ts";
import { form } from "../harness/http.ts";
import { keepsProcesses, TuttiServer } from "../harness/server.ts";

const kRoom = 1 << 20;

function mountRefusal(folder: string): string | undefined {
  if (process.getuid?.() !== 0) return "only root can mount a small file system";
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kRoom}`, "tmpfs", folder], {
      stdio: "pipe",
    });
    return undefined;
  } catch (error) {
    return `no file system can be mounted here: ${String(error)}`;
  }
}

const folder = mkdtempSync(join(tmpdir(), "tutti-small-disk-"));
const refusal = mountRefusal(folder);
if (refusal) rmdirSync(folder);

describe("a full spool", { skip: refusal ?? false }, () => {
  let server: TuttiServer;
  before(async () => {
    server = await TuttiServer.start({ models: ["tone"], spoolDir: folder });
  });
  after(async () => {
    try {
      await server?.stop();
    } finally {
      execFileSync("umount", [folder]);
      rmdirSync(folder);
    }
  });

  const kLarge = wav(new Int16Array(kRoom));
  const kSmall = wav(dtmf("12"));

  test("OpenAI's shape", async () => {
    const upload = form({ model: "tone" }, { bytes: kLarge });
    const answer = await keepsProcesses(server, () =>
      server.post("/v1/audio/transcriptions", upload),
    );
    assert.equal(answer.status, 507);
    assert.equal(answer.json.error.type, "server_error");
    assert.equal(answer.json.error.code, "no_space");
  });

  test("Deepgram's shape", async () => {
    const answer = await keepsProcesses(server, () => server.post("/v1/listen", { body: kLarge }));
    assert.equal(answer.status, 507);
    assert.equal(answer.json.err_code, "INSUFFICIENT_STORAGE");
  });

  for (const path of ["/offline/recognize", "/upload-file"])
    test(`FastAPI's shape at ${path}`, async () => {
      const upload = form({}, { bytes: kLarge });
      const answer = await keepsProcesses(server, () => server.post(path, upload));
      assert.equal(answer.status, 507);
      assert.equal(typeof answer.json.detail, "string");
    });

  test("afterwards there is room again", async () => {
    await server.settle();
    const answer = await server.post(
      "/v1/audio/transcriptions",
      form({ model: "tone" }, { bytes: kSmall }),
    );
    assert.equal(answer.json.text, "1 2");
  });
});
