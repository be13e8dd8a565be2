// SPDX-License-Identifier: Apache-2.0
// The console's files over HTTP, and which pages of other origins may ask.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { RawConnection } from "../harness/http.ts";
import { kPrograms, kRepository, useServer } from "../harness/server.ts";

const kFolder = [resolve(kPrograms, "../web"), join(kRepository, "build/web")].find((folder) =>
  existsSync(join(folder, "index.html")),
);

describe("site", { skip: kFolder ? false : "the console is not built" }, () => {
  const server = useServer({ models: ["tone"], gateways: 1, flags: { "web-dir": kFolder ?? "" } });
  const script = () => {
    const names = readdirSync(join(kFolder!, "assets"));
    return `/assets/${names.find((name) => name.endsWith(".js"))}`;
  };

  test("/ is the page, asked for anew each time and guarded by a policy", async () => {
    const answer = await server().get("/");
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-type"], "text/html; charset=utf-8");
    assert.equal(answer.headers["cache-control"], "no-cache");
    assert.match(String(answer.headers["content-security-policy"]), /default-src 'self'/);
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
    assert.match(answer.text, /<!doctype html>/i);
  });

  test("assets are cached for ever", async () => {
    const answer = await server().get(script());
    assert.equal(answer.status, 200);
    assert.match(String(answer.headers["content-type"]), /^text\/javascript/);
    assert.match(String(answer.headers["cache-control"]), /max-age=31536000, immutable/);
  });

  for (const [encoding, decompress] of [
    ["br", brotliDecompressSync],
    ["gzip", gunzipSync],
  ] as const)
    test(`${encoding} is smaller and means the same`, async () => {
      const plain = await server().get(script());
      assert.equal(plain.headers["content-encoding"], undefined);
      const answer = await server().get(script(), { headers: { "accept-encoding": encoding } });
      assert.equal(answer.headers["content-encoding"], encoding);
      assert.match(String(answer.headers["vary"]), /Accept-Encoding/);
      assert.ok(answer.body.length < plain.body.length / 2);
      assert.deepEqual(decompress(answer.body), plain.body);
    });

  test("an unchanged file is 304 without a body", async () => {
    const etag = String((await server().get("/")).headers["etag"]);
    const same = await server().get("/", { headers: { "if-none-match": etag } });
    assert.equal(same.status, 304);
    assert.equal(same.body.length, 0);
    assert.equal(same.headers["etag"], etag);
    const other = await server().get("/", { headers: { "if-none-match": '"other"' } });
    assert.equal(other.status, 200);
  });

  test("an unknown path is 404, a POST to / is 405", async () => {
    const missing = await server().get("/nope");
    assert.equal(missing.status, 404);
    assert.equal(typeof missing.json.detail, "string");
    const posted = await server().post("/", { body: "x" });
    assert.equal(posted.status, 405);
    assert.equal(posted.headers["allow"], "GET");
  });

  // Written raw: an HTTP client would resolve the dots itself.
  for (const path of [
    "/../tutti",
    "/%2e%2e/tutti",
    "/assets/../index.html",
    "/assets/%2e%2e%2findex.html",
  ])
    test(`${path} leads nowhere`, async () => {
      const connection = await RawConnection.open(server().port);
      connection.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      assert.equal((await connection.answer()).status, 404);
      connection.finish();
    });
});

describe("cors", () => {
  const server = useServer({ models: ["tone"], gateways: 1 });
  const kOrigin = "http://localhost:5173";

  function preflight(origin: string) {
    return server().get("/upload-file", {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-mine",
      },
    });
  }

  test("the predecessors' pages may ask, with credentials", async () => {
    const { status, headers } = await preflight(kOrigin);
    assert.equal(status, 204);
    assert.equal(headers["access-control-allow-origin"], kOrigin);
    assert.equal(headers["access-control-allow-credentials"], "true");
    assert.match(String(headers["access-control-allow-methods"]), /\bPOST\b/);
    assert.equal(headers["access-control-allow-headers"], "content-type,x-mine");
    const answer = await server().get("/health", { headers: { origin: kOrigin } });
    assert.equal(answer.headers["access-control-allow-origin"], kOrigin);
    assert.match(String(answer.headers["vary"]), /Origin/);
  });

  for (const origin of ["http://localhost:5174", "http://localhost:5173.evil.example", "null"])
    test(`${origin} may not`, async () => {
      const { headers } = await preflight(origin);
      assert.equal(headers["access-control-allow-origin"], undefined);
      const answer = await server().get("/health", { headers: { origin } });
      assert.equal(answer.headers["access-control-allow-origin"], undefined);
    });
});
