// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { beforeEach, test, type TestContext } from "node:test";
import { FakeSocket } from "./fake_socket.ts";
import { LiveStream, type LiveEvents, type LiveOptions } from "./live_stream.ts";

// One sample a byte: positions are offsets.
function start(t: TestContext, more: Partial<LiveOptions> = {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const stream = new LiveStream({
    url: "http://server:8000",
    sampleRate: 100,
    encoding: "mulaw",
    random: () => 0.5,
    WebSocket: FakeSocket as unknown as typeof WebSocket,
    ...more,
  });
  const told: [keyof LiveEvents, unknown][] = [];
  const names = ["opened", "partial", "final", "speech", "reconnecting", "resumed", "closed", "error"] as const;
  for (const name of names) stream.on(name, (event) => told.push([name, event]));
  return {
    stream,
    told,
    names: () => told.map(([name]) => name),
    socket: () => FakeSocket.last,
    pass: (ms: number) => t.mock.timers.tick(ms),
  };
}

function bytes(from: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => from + index);
}

function range(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, index) => from + index);
}

beforeEach(() => {
  FakeSocket.made = [];
});

test("asks for resuming, with the stream's format and what else is wanted", (t) => {
  const { socket, stream } = start(t, { apiKey: "key", channels: 2, query: { model: "tone" } });
  const url = new URL(socket().url);
  assert.equal(url.origin, "ws://server:8000");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    encoding: "mulaw",
    sample_rate: "100",
    interim_results: "true",
    model: "tone",
    resume: "true",
    channels: "2",
  });
  assert.deepEqual(socket().protocols, ["token", "key"]);
  stream.close();
});

test("what is spoken before the connection opens is sent when it does", (t) => {
  const { stream, socket } = start(t);
  stream.send(bytes(0, 3));
  stream.send(bytes(3, 3).buffer as ArrayBuffer);
  socket().open();
  stream.send(bytes(6, 3));
  assert.deepEqual(socket().audio(), range(0, 9));
  assert.equal(stream.position, 0.09);
  stream.close();
});

test("after a break the audio that was not told is sent again, with the last token", (t) => {
  const { stream, socket, pass, names, told } = start(t, { apiKey: "key" });
  socket().open();
  const { url } = socket();
  socket().point(0, 0);
  stream.send(bytes(0, 10));
  socket().final(0, 4);
  stream.send(bytes(10, 10));
  socket().drop();
  stream.send(bytes(20, 5)); // while there is no connection
  assert.equal(FakeSocket.made.length, 1);
  pass(125);
  assert.equal(FakeSocket.made.length, 2);
  assert.equal(socket().url, url);
  assert.deepEqual(socket().protocols, ["token", "key", "tutti.resume", "token-1-4"]);
  socket().open();
  socket().point(1, 4);
  assert.deepEqual(socket().audio(), range(4, 25));
  socket().final(1, 25);
  assert.deepEqual(names(), ["opened", "final", "reconnecting", "resumed", "final"]);
  assert.deepEqual(told[2]![1], { attempt: 1, delayMs: 125, cause: "1006" });
  assert.deepEqual(told[3]![1], { attempts: 1, from: 0.04 });
  assert.equal(stream.streamId, "stream-1");
  stream.close();
});

test("points in silence let go of audio, so little is sent again", (t) => {
  const { stream, socket, pass } = start(t);
  socket().open();
  socket().point(0, 0);
  stream.send(bytes(0, 200));
  socket().point(0, 180);
  socket().drop(1012, "NET-0000 the server restarts");
  pass(125);
  assert.deepEqual(socket().protocols, ["tutti.resume", "token-0-180"]);
  socket().open();
  assert.deepEqual(socket().audio(), range(180, 200));
  stream.close();
});

test("a connection that broke before anything was told begins anew", (t) => {
  const { stream, socket, pass, names } = start(t);
  stream.send(bytes(0, 5));
  socket().open();
  socket().drop();
  pass(125);
  assert.deepEqual(socket().protocols, []);
  socket().open();
  assert.deepEqual(socket().audio(), range(0, 5));
  assert.deepEqual(names(), ["opened", "reconnecting"]);
  socket().point(0, 0);
  assert.deepEqual(names(), ["opened", "reconnecting", "resumed"]);
  stream.close();
});

test("tries come later and later, until the server's window is over", (t) => {
  const { socket, pass, told, names } = start(t);
  socket().open();
  socket().point(0, 0);
  for (let passed = 0; passed < 60_000; passed += 125) {
    if (socket().readyState === 0 || socket().readyState === 1) socket().drop();
    pass(125);
  }
  const delays = told.filter(([name]) => name === "reconnecting").map(([, event]) => (event as { delayMs: number }).delayMs);
  assert.deepEqual(delays.slice(0, 7), [125, 250, 500, 1000, 2000, 2500, 2500]);
  assert.equal(names().at(-1), "error");
  assert.equal((told.at(-1)![1] as { kind: string }).kind, "lost");
  const made = FakeSocket.made.length;
  pass(60_000);
  assert.equal(FakeSocket.made.length, made, "nothing more is tried");
});

test("a server that accepts and drops does not begin the window anew", (t) => {
  const { socket, pass, told } = start(t);
  socket().open();
  socket().point(0, 0);
  for (let passed = 0; passed <= 60_000; passed += 125) {
    if (socket().readyState === 0) socket().open();
    if (socket().readyState === 1) socket().drop();
    pass(125);
  }
  assert.equal((told.at(-1)![1] as { kind: string }).kind, "lost");
});

test("a try without an answer is given up, and a silent server too", (t) => {
  const { socket, pass, names } = start(t, { connectTimeoutMs: 1000 });
  socket().open();
  socket().point(0, 0);
  pass(20_000);
  assert.deepEqual(names(), ["opened", "reconnecting"]);
  pass(125);
  const silent = socket();
  pass(1000);
  assert.deepEqual(names(), ["opened", "reconnecting", "reconnecting"]);
  pass(250);
  assert.notEqual(socket(), silent);
  silent.open(); // too late
  assert.deepEqual(silent.sent, []);
});

test("finishing outlives a break: the rest, CloseStream again, and closed once", (t) => {
  const { stream, socket, pass, names, told } = start(t);
  socket().open();
  socket().point(0, 0);
  stream.send(bytes(0, 10));
  stream.finish();
  stream.send(bytes(10, 10)); // too late
  assert.deepEqual(socket().controls(), ["CloseStream"]);
  socket().drop();
  pass(125);
  socket().open();
  assert.deepEqual(socket().audio(), range(0, 10));
  assert.deepEqual(socket().controls(), ["CloseStream"]);
  socket().final(0, 10);
  socket().say({ type: "Metadata", duration: 0.1 });
  socket().drop(1000);
  assert.deepEqual(names().slice(-2), ["final", "closed"]);
  assert.deepEqual(told.at(-1)![1], { duration: 0.1 });
});

test("a Finalize that was not answered is sent again at its place", (t) => {
  const { stream, socket, pass } = start(t);
  socket().open();
  socket().point(0, 0);
  stream.send(bytes(0, 4));
  stream.finalize();
  socket().final(0, 4); // the answer
  stream.send(bytes(4, 4));
  stream.finalize();
  stream.send(bytes(8, 4));
  socket().drop();
  pass(125);
  socket().open();
  assert.deepEqual(socket().sent, [bytes(4, 4), '{"type":"Finalize"}', bytes(8, 4)]);
  stream.close();
});

test("what the server finds wrong is not tried again", (t) => {
  for (const [code, reason] of [
    [1008, "DATA-0001 bad"],
    [1009, ""],
  ] as const) {
    FakeSocket.made = [];
    const { socket, told } = start(t);
    socket().open();
    socket().point(0, 0);
    socket().drop(code, reason);
    assert.deepEqual(told.at(-1), ["error", { kind: "refused", message: `${code} ${reason}`.trim() }]);
    assert.equal(FakeSocket.made.length, 1);
    t.mock.timers.reset();
  }
});

test("a first connection that fails is an error at once", (t) => {
  const { socket, told } = start(t);
  socket().drop();
  assert.deepEqual(told, [["error", { kind: "not_connected", message: "1006" }]]);
});

test("kept audio is bounded", (t) => {
  const { stream, socket, told } = start(t, { maxKeptSeconds: 2 });
  socket().open();
  socket().point(0, 0);
  stream.send(new Uint8Array(200));
  assert.equal(told.length, 1);
  stream.send(new Uint8Array(1));
  assert.equal((told.at(-1)![1] as { kind: string }).kind, "overflow");
});

test("a server that does not resume is served for ever, and lost with its connection", (t) => {
  const { stream, socket, told } = start(t, { maxKeptSeconds: 2 });
  socket().open();
  for (let n = 0; n < 10; ++n) stream.send(new Uint8Array(100));
  assert.equal(socket().audio().length, 1000);
  socket().drop();
  assert.deepEqual(told.at(-1), ["error", { kind: "lost", message: "1006" }]);
});

test("a server without tokens: what was told is not sent again", (t) => {
  const { stream, socket, told } = start(t);
  socket().open();
  stream.send(bytes(0, 10));
  const results = { type: "Results", is_final: true };
  socket().say({ ...results, channel: { alternatives: [{ transcript: "one", words: [] }] } });
  socket().drop();
  assert.deepEqual(told.at(-1), ["error", { kind: "lost", message: "1006" }]);
});

test("a token for audio that was let go of before it came is of no use", (t) => {
  const { stream, socket, told } = start(t, { maxKeptSeconds: 2 });
  socket().open();
  for (let n = 0; n < 3; ++n) stream.send(new Uint8Array(100));
  socket().point(0, 0);
  socket().drop();
  assert.deepEqual(told.at(-1), ["error", { kind: "lost", message: "1006" }]);
});

test("finals that come after finish() are waited for", (t) => {
  const { stream, socket, pass, names } = start(t, { finishTimeoutMs: 1000 });
  socket().open();
  stream.send(bytes(0, 10));
  stream.finish();
  for (let segment = 0; segment < 3; ++segment) {
    pass(900);
    socket().final(segment, segment + 1);
  }
  assert.equal(names().at(-1), "final");
  assert.ok(Math.abs(stream.untold - 0.07) < 1e-9, `${stream.untold} s`);
  pass(1000);
  assert.equal(names().at(-1), "error");
});

test("a quiet stream is kept alive", (t) => {
  const { stream, socket, pass } = start(t);
  socket().open();
  stream.send(bytes(0, 1));
  pass(4000);
  assert.deepEqual(socket().controls(), []);
  pass(4000);
  assert.deepEqual(socket().controls(), ["KeepAlive"]);
  stream.close();
  pass(60_000);
  assert.deepEqual(socket().controls(), ["KeepAlive"]);
});

test("results are read with their words, and nonsense is nothing", (t) => {
  const { stream, socket, told } = start(t);
  socket().open();
  for (const nonsense of ["", "[", "null", "[1]", '{"type":"Results"', '{"type":"Unknown"}'])
    socket().onmessage({ data: nonsense });
  socket().onmessage({ data: new ArrayBuffer(3) });
  socket().say({
    type: "Results",
    start: 1,
    duration: 2,
    speech_final: true,
    is_final: true,
    channel: {
      alternatives: [
        {
          transcript: "Hello there",
          confidence: 0.5,
          words: [
            { word: "hello", punctuated_word: "Hello", start: 1.5, end: 2, confidence: 0.9 },
            { word: "there" },
          ],
        },
      ],
    },
  });
  assert.deepEqual(told.slice(1), [
    [
      "final",
      {
        text: "Hello there",
        words: [
          { text: "Hello", start: 1.5, end: 2, confidence: 0.9 },
          { text: "there", start: 1, end: 1, confidence: 0 },
        ],
        start: 1,
        end: 3,
        confidence: 0.5,
        endsUtterance: true,
        segment: undefined,
      },
    ],
  ]);
  stream.close();
});

test("a listener that was taken away hears nothing", (t) => {
  const { stream, socket } = start(t);
  let heard = 0;
  const off = stream.on("opened", () => ++heard);
  off();
  socket().open();
  assert.equal(heard, 0);
  stream.close();
});
