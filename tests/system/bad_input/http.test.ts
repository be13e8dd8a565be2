// SPDX-License-Identifier: Apache-2.0
// What is not HTTP, or not HTTP as this server serves it, byte by byte over a plain socket.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RawConnection, type Answer } from "../harness/http.ts";
import { keepsProcesses, useServer } from "../harness/server.ts";

const kRequestSeconds = 2;
const server = useServer({
  models: ["tone"],
  gateways: 1,
  flags: { "request-timeout": kRequestSeconds, "max-upload-bytes": 100_000 },
});

// The answer to raw bytes, after which the server must have hung up.
function refused(bytes: string): Promise<Answer> {
  return keepsProcesses(server(), async () => {
    const connection = await RawConnection.open(server().port);
    connection.write(bytes);
    const answer = await connection.answer();
    await connection.ended();
    return answer;
  });
}

describe("heads", () => {
  const kGet = "GET / HTTP/1.1\r\nHost: a\r\n";
  const kPost = "POST /upload-file HTTP/1.1\r\nHost: a\r\n";
  const kChunked = "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";

  for (const { name, bytes, status } of [
    { name: "garbage", bytes: "\x16\x03\x01\x02\x00 hello\r\n\r\n", status: 400 },
    { name: "HTTP/0.9", bytes: "GET /\r\n\r\n", status: 400 },
    { name: "a header without a colon", bytes: `${kGet}Colon\r\n\r\n`, status: 400 },
    { name: "a space before a colon", bytes: `${kPost}Content-Length : 1\r\n\r\na`, status: 400 },
    {
      name: "two lengths",
      bytes: `${kPost}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde`,
      status: 400,
    },
    { name: "a length that is none", bytes: `${kPost}Content-Length: +1\r\n\r\na`, status: 400 },
    { name: "a length and chunks", bytes: `${kPost}Content-Length: 5\r\n${kChunked}`, status: 400 },
    { name: "a header of 20 KiB", bytes: `${kGet}X: ${"x".repeat(20_000)}\r\n\r\n`, status: 431 },
    {
      name: "a target of 20 KiB",
      bytes: `GET /${"x".repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      status: 431,
    },
    { name: "very many headers", bytes: `${kGet}${"X: y\r\n".repeat(20_000)}\r\n`, status: 431 },
  ])
    test(`${name} is answered with ${status} and a close`, async () => {
      assert.equal((await refused(bytes)).status, status);
    });

  test("a head that drips is answered with 408", async () => {
    const began = performance.now();
    const answer = await refused("GET / HTTP/1.1\r\nHost: ");
    assert.equal(answer.status, 408);
    assert.ok(performance.now() - began < kRequestSeconds * 1000 + 3000);
  });

  test("a silent connection costs only itself", async () => {
    const idle = await Promise.all(
      Array.from({ length: 200 }, () => RawConnection.open(server().port)),
    );
    assert.equal((await server().get("/livez")).status, 200);
    for (const connection of idle) connection.reset();
  });
});

describe("bodies", () => {
  const kHead =
    "POST /upload-file HTTP/1.1\r\nHost: a\r\n" +
    "Content-Type: multipart/form-data; boundary=x\r\n";

  for (const { name, size } of [
    { name: "a chunk size that overflows", size: "FFFFFFFFFFFFFFFFF" },
    { name: "a chunk size with a sign", size: "+5" },
    { name: "a chunk size in C's notation", size: "0x5" },
  ])
    test(`${name} is answered with 400 and a close`, async () => {
      const bytes = `${kHead}Transfer-Encoding: chunked\r\n\r\n${size}\r\nabcde\r\n0\r\n\r\n`;
      assert.equal((await refused(bytes)).status, 400);
    });

  test("a body that stalls is answered with 408", async () => {
    assert.equal((await refused(`${kHead}Content-Length: 5000\r\n\r\nabc`)).status, 408);
    assert.deepEqual(server().spoolFiles(), []);
  });

  test("more than the server takes is 413, announced or not", async () => {
    assert.equal((await refused(`${kHead}Content-Length: 100001\r\n\r\n`)).status, 413);
    const chunks = `400\r\n${"x".repeat(1024)}\r\n`.repeat(100);
    const answer = await refused(`${kHead}Transfer-Encoding: chunked\r\n\r\n${chunks}`);
    assert.equal(answer.status, 413);
  });

  test("thousands of chunks of one byte are read one after the other", async () => {
    const body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n";
    const preamble = "\r\n".repeat(2000);
    const chunks = [...(preamble + body)].map((byte) => `1\r\n${byte}\r\n`).join("");
    const connection = await RawConnection.open(server().port);
    connection.write(`${kHead}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
    assert.equal((await connection.answer()).status, 422); // it has no part "file"
    connection.finish();
  });

  test("Expect: 100-continue is answered before the body is sent", async () => {
    const connection = await RawConnection.open(server().port);
    connection.write(`${kHead}Content-Length: 9\r\nExpect: 100-continue\r\n\r\n`);
    assert.equal((await connection.answer()).status, 100);
    connection.write("--x--\r\n\r\n");
    assert.equal((await connection.answer()).status, 422);
    connection.finish();
  });
});

describe("routes", () => {
  for (const { method, path, status, allow } of [
    { method: "GET", path: "/v1/audio/transcriptions", status: 405, allow: "POST" },
    { method: "DELETE", path: "/v1/models", status: 405, allow: "GET" },
    { method: "PUT", path: "/health", status: 405, allow: "GET" },
    { method: "POST", path: "/v1/no/such", status: 404, allow: undefined },
    { method: "GET", path: "/no/such", status: 404, allow: undefined },
  ])
    test(`${method} ${path} is ${status}`, async () => {
      const answer = await server().get(path, { method });
      assert.equal(answer.status, status);
      assert.equal(answer.headers["allow"], allow);
      if (path.startsWith("/v1/")) assert.ok(answer.json.error.message);
      else assert.equal(typeof answer.json.detail, "string");
    });

  test("Deepgram's path answers in Deepgram's shape", async () => {
    const answer = await server().get("/v1/listen", { method: "PUT" });
    assert.equal(answer.status, 405);
    assert.equal(answer.json.err_code, "METHOD_NOT_ALLOWED");
  });

  test("what a client puts into its request id comes back to nobody", async () => {
    const headers = { "x-request-id": "mine%0d%0aSet-Cookie: a=b" };
    const answer = await server().get("/livez", { headers });
    assert.match(String(answer.headers["x-request-id"]), /^[0-9a-f-]{36}$/);
  });

  test("requests sent without waiting are answered in order", async () => {
    const connection = await RawConnection.open(server().port);
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    connection.write(get("/livez") + get("/no/such") + get("/readyz"));
    const statuses = [];
    for (let i = 0; i < 3; ++i) statuses.push((await connection.answer()).status);
    assert.deepEqual(statuses, [200, 404, 200]);
    connection.finish();
  });
});
