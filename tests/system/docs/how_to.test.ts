// SPDX-License-Identifier: Apache-2.0
// The pages docs/how-to-*.md, followed literally: their files are written, their commands run in
// order by bash, the server started as they say, and what they promise compared with what comes.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { kPrograms, kRepository, TuttiServer } from "../harness/server.ts";

interface Block {
  kind: string; // "sh", "sh serve", "text"; of a file its language
  file?: string; // named on the line before
  text: string;
}

const kBlock = /(?:^`([^`\n]+)`:\n\n)?^```([^\n]+)\n(.*?)^```$/gms;

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(kRepository, "docs", page), "utf8");
  return [...text.matchAll(kBlock)].map(([, file, kind, body]) => ({
    kind: kind!,
    text: body!,
    ...(file === undefined ? {} : { file }),
  }));
}

const folders: string[] = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function run(folder: string, script: string): string {
  return execFileSync("bash", ["-euo", "pipefail", "-c", script], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, TUTTI: kRepository, TUTTI_BUILD: kPrograms },
  });
}

// The words behind "tutti serve" as bash would pass them: "--config", "tutti.toml".
function flagsIn(folder: string, command: string): Record<string, string> {
  const found = /tutti serve --config (\S+)\s*$/.exec(command);
  assert.ok(found, `the page starts the server otherwise: ${command}`);
  return { config: join(folder, found[1]!) };
}

async function follow(page: string, model: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tutti-how-to-"));
  folders.push(folder);
  let server: TuttiServer | undefined;
  let said = "";
  let answers = 0;
  try {
    for (const { kind, file, text } of blocksOf(page)) {
      if (file !== undefined) {
        writeFileSync(join(folder, file), text);
      } else if (kind === "sh serve") {
        server = await TuttiServer.start({ models: [model], flags: flagsIn(folder, text) });
      } else if (kind === "sh") {
        said = run(folder, text.replaceAll("http://127.0.0.1:8000", server?.url ?? "no-server"));
      } else {
        assert.equal(kind, "text", "a block of a kind that nobody follows");
        assert.equal(said.trim(), text.trim());
        answers += 1;
      }
    }
    assert.ok(server, "the page starts no server");
    assert.ok(answers > 0, "the page promises nothing");
    assert.match((await server.get("/v1/models")).text, new RegExp(`"id": ?"${model}"`));
    await server.stop();
  } finally {
    await server?.kill();
  }
}

// The harness hides the models of whoever runs the tests; the pages bring their own.
delete process.env["TUTTI_MODELS_DIR"];

test("how to add a model", () => follow("how-to-add-a-model.md", "tones"));
test("how to write a backend", () => follow("how-to-write-a-backend.md", "beeps"));
