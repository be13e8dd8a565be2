// SPDX-License-Identifier: Apache-2.0
// HTTP as tests need it: plain requests on connections of their own, multipart bodies written by
// hand (also wrongly), and a raw socket for what no HTTP client would send.
import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { until, within } from "./wait.ts";

export interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: Buffer | string | AsyncIterable<Buffer>; // an iterable is sent in chunks
  ms?: number;
}

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
  text: string;
  json: any; // of several protocols: the tests that read it check it
}

// One request on one connection that is closed afterwards.
export function request(url: string, options: RequestOptions = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body, ms = 30_000 } = options;
  return within(ms, `${method} ${url}`, exchange(url, method, headers, body));
}

async function exchange(
  url: string,
  method: string,
  headers: Record<string, string>,
  body: RequestOptions["body"],
): Promise<Answer> {
  const message = http.request(url, { method, headers, agent: false });
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    message.once("response", resolve);
    message.on("error", reject); // also when it comes after the answer
  });
  if (body === undefined || typeof body === "string" || Buffer.isBuffer(body)) message.end(body);
  // A server may answer and close before it has read the whole body.
  else void pipeline(Readable.from(body), message).catch(() => undefined);
  const response = await answered;
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return answerOf(response.statusCode!, response.headers, Buffer.concat(pieces));
}

function answerOf(status: number, headers: http.IncomingHttpHeaders, body: Buffer): Answer {
  const text = body.toString("utf8");
  return {
    status,
    headers,
    body,
    text,
    get json() {
      return JSON.parse(text) as unknown;
    },
  };
}

export interface FilePart {
  name?: string; // "file" unless given
  filename?: string; // "audio.wav" unless given
  type?: string;
  bytes: Buffer;
}

const kBoundary = "tutti-test-boundary";

// A complete multipart body and its Content-Type.
export function form(fields: Record<string, string>, file?: FilePart) {
  const lines = Object.entries(fields).map(
    ([name, value]) =>
      `--${kBoundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const pieces: Buffer[] = [Buffer.from(lines.join(""))];
  if (file) pieces.push(Buffer.from(filePartHead(file)), file.bytes, Buffer.from("\r\n"));
  pieces.push(Buffer.from(`--${kBoundary}--\r\n`));
  return {
    headers: { "content-type": `multipart/form-data; boundary=${kBoundary}` },
    body: Buffer.concat(pieces),
  };
}

function filePartHead({ name = "file", filename = "audio.wav", type = "audio/wav" }: FilePart) {
  return (
    `--${kBoundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\n` +
    `Content-Type: ${type}\r\n\r\n`
  );
}

// A TCP connection whose bytes the test writes itself.
export class RawConnection {
  readonly socket: net.Socket;
  received: Buffer = Buffer.alloc(0);
  isEnded = false;

  static async open(port: number): Promise<RawConnection> {
    const socket = net.connect(port, "127.0.0.1");
    const connected = new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    await within(5_000, "connect", connected);
    return new RawConnection(socket);
  }

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (piece: Buffer) => {
      this.received = Buffer.concat([this.received, piece]);
    });
    socket.on("error", () => undefined); // "close" follows
    socket.on("close", () => (this.isEnded = true));
    socket.on("end", () => (this.isEnded = true));
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  // No more from us; the server may still answer.
  finish(): void {
    this.socket.end();
  }

  // The peer's process died: a reset instead of a farewell.
  reset(): void {
    this.socket.resetAndDestroy();
  }

  // The status line and headers of the next answer; the body of a closed connection.
  async answer(ms = 15_000): Promise<Answer> {
    await until("an HTTP answer", () => this.headLength() > 0 || this.isEnded, { ms });
    const length = this.headLength();
    assert.ok(length > 0, `the connection ended with ${this.received.length} bytes and no answer`);
    const [status, ...lines] = this.received.subarray(0, length).toString("latin1").split("\r\n");
    const headers: http.IncomingHttpHeaders = {};
    for (const line of lines.filter(Boolean)) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const size = Number(headers["content-length"] ?? 0);
    await until("the answer's body", () => this.received.length >= length + size || this.isEnded, {
      ms,
    });
    const body = this.received.subarray(length, length + size);
    this.received = this.received.subarray(length + size);
    return answerOf(Number(/^HTTP\/1\.1 (\d{3})/.exec(status!)?.[1]), headers, body);
  }

  async ended(ms = 15_000): Promise<void> {
    await until("the server's close", () => this.isEnded, { ms });
  }

  private headLength(): number {
    const end = this.received.indexOf("\r\n\r\n");
    return end < 0 ? 0 : end + 4;
  }
}
