// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { ListenClient } from "./listen_client.ts";

// A WebSocket whose network is the test itself.
class FakeSocket {
  static readonly OPEN = 1;
  static last: FakeSocket;
  readonly url: string;
  readonly sent: unknown[] = [];
  readyState = 0;
  bufferedAmount = 0;
  isClosed = false;
  onopen = () => {};
  onmessage = (_event: { data: unknown }) => {};
  onclose = (_event: { code: number; reason: string }) => {};

  constructor(url: string) {
    this.url = url;
    FakeSocket.last = this;
  }

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(): void {
    this.isClosed = true;
  }

  open(): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen();
  }

  say(message: object): void {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

const kRate = 16_000;
const kSecond = new ArrayBuffer(2 * kRate);
const kCloseStream = '{"type":"CloseStream"}';
const kKeepAlive = '{"type":"KeepAlive"}';

function connect(page = "http://host:8080/", model = "") {
  const log: string[] = [];
  const client = new ListenClient(
    page,
    { model, sampleRate: kRate },
    {
      opened: () => log.push("opened"),
      result: (result) => log.push(`result ${result.text}`),
      speechStarted: (at) => log.push(`speech ${at}`),
      congested: (isCongested) => log.push(`congested ${isCongested}`),
      finished: () => log.push("finished"),
      dropped: (cause, detail) => log.push(`dropped ${cause} ${detail}`.trim()),
    },
  );
  return { client, log, socket: FakeSocket.last };
}

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  globalThis.WebSocket = FakeSocket as unknown as typeof WebSocket;
});
afterEach(() => mock.timers.reset());

test("the address carries the settings, and a model only when one is chosen", () => {
  assert.equal(
    connect().socket.url,
    "ws://host:8080/v1/listen?encoding=linear16&sample_rate=16000&interim_results=true" +
      "&endpointing=700&vad_events=true",
  );
  const secure = new URL(connect("https://host/", "a/b").socket.url);
  assert.equal(secure.protocol, "wss:");
  assert.equal(secure.searchParams.get("model"), "a/b");
});

test("audio from before the socket opened is sent first", () => {
  const { client, log, socket } = connect();
  const early = new ArrayBuffer(320);
  client.push(early);
  assert.deepEqual(socket.sent, []);
  socket.open();
  client.push(kSecond);
  assert.deepEqual(socket.sent, [early, kSecond]);
  assert.deepEqual(log, ["opened"]);
  assert.equal(client.position, 1.01);
});

test("a finished stream ends with Metadata, and nothing after it counts", () => {
  const { client, log, socket } = connect();
  socket.open();
  client.finish();
  client.push(kSecond);
  assert.deepEqual(socket.sent, [kCloseStream]);
  socket.say({ type: "Results", is_final: true, channel: { alternatives: [{ transcript: "x" }] } });
  socket.say({ type: "Metadata" });
  socket.onclose({ code: 1006, reason: "" });
  assert.deepEqual(log, ["opened", "result x", "finished"]);
  assert.ok(socket.isClosed);
});

test("finishing before the socket is open still sends everything", () => {
  const { client, log, socket } = connect();
  client.push(kSecond);
  client.finish();
  socket.open();
  assert.deepEqual(socket.sent, [kSecond, kCloseStream]);
  socket.onclose({ code: 1000, reason: "" });
  assert.deepEqual(log, ["opened", "finished"]);
});

test("silence of the microphone is bridged by KeepAlive, audio is not", () => {
  const { client, socket } = connect();
  socket.open();
  client.push(kSecond);
  mock.timers.tick(4_000);
  assert.deepEqual(socket.sent, [kSecond]);
  mock.timers.tick(8_000);
  assert.deepEqual(socket.sent, [kSecond, kKeepAlive, kKeepAlive]);
});

test("a slow network is reported once, and once when it has caught up", () => {
  const { client, log, socket } = connect();
  socket.open();
  for (const seconds of [1, 2, 1, 2, 0.1]) {
    socket.bufferedAmount = seconds * 2 * kRate;
    client.push(kSecond);
  }
  assert.deepEqual(log, ["opened", "congested true", "congested false"]);
});

test("a network that falls too far behind ends the stream", () => {
  const { client, log, socket } = connect();
  socket.open();
  socket.bufferedAmount = 31 * 2 * kRate;
  client.push(kSecond);
  assert.deepEqual(log, ["opened", "dropped too_slow"]);
});

test("a socket that never opens is told apart from one that breaks", () => {
  const refused = connect();
  refused.socket.onclose({ code: 1006, reason: "" });
  assert.deepEqual(refused.log, ["dropped not_connected"]);

  const broken = connect();
  broken.socket.open();
  broken.socket.onclose({ code: 1011, reason: "NET-0000 gone" });
  assert.deepEqual(broken.log, ["opened", "dropped lost 1011 NET-0000 gone"]);

  const early = connect();
  early.socket.open();
  early.socket.onclose({ code: 1000, reason: "" });
  assert.deepEqual(early.log, ["opened", "dropped lost 1000"]);
});

test("no answer is waited for without end", () => {
  const silent = connect();
  mock.timers.tick(10_000);
  assert.deepEqual(silent.log, ["dropped not_connected"]);

  const stuck = connect();
  stuck.socket.open();
  stuck.client.finish();
  mock.timers.tick(15_000);
  assert.deepEqual(stuck.log, ["opened", "dropped lost"]);
});
