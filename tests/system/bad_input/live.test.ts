// SPDX-License-Identifier: Apache-2.0
// Live clients that send what they should not. Each learns it in its own protocol's way; the
// processes, and the clients beside it, notice nothing.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import {
  bytesOf,
  convert,
  dtmf,
  float32Of,
  join16,
  silence,
  spelt,
  wav,
} from "../harness/audio.ts";
import { RawConnection } from "../harness/http.ts";
import { DeepgramClient, refusedUpgrade, WhoasrClient } from "../harness/live.ts";
import { keepsProcesses, useServer } from "../harness/server.ts";

const kMaxFrame = 100_000;
const server = useServer({ models: ["tone"], flags: { "max-frame-bytes": kMaxFrame } });

describe("Deepgram", () => {
  for (const { name, text } of [
    { name: "no JSON", text: "hello" },
    { name: "half a JSON", text: '{"type":"CloseStream"' },
    { name: "a list", text: '["CloseStream"]' },
    { name: "a number", text: "42" },
    { name: "null", text: "null" },
    { name: "a type that is a number", text: '{"type":7}' },
    { name: "no type", text: '{"kind":"CloseStream"}' },
    { name: "depth", text: '{"type":'.repeat(10_000) },
    { name: "a lone surrogate", text: '{"type":"\\ud800"' },
    { name: "nothing", text: "" },
  ])
    test(`a text message of ${name} closes with 1008 DATA-0001`, async () => {
      await keepsProcesses(server(), async () => {
        const client = await DeepgramClient.open(server());
        client.sendAudio(dtmf("1"));
        client.sendText(text);
        const closing = await client.closing();
        assert.equal(closing.code, 1008);
        assert.match(closing.reason, /^DATA-0001 \w/);
      });
    });

  test("a duplicate key and an unknown field are no reason to close", async () => {
    const client = await DeepgramClient.open(server());
    client.sendText('{"type":"Nothing","type":"Finalize","channel":{"a":[1e308]}}');
    client.sendAudio(dtmf("1"));
    await client.finish();
    assert.equal(client.transcript(), "1");
  });

  test("messages of odd length: the split sample is put together", async () => {
    const client = await DeepgramClient.open(server());
    const bytes = bytesOf(dtmf("159"));
    for (let at = 0; at < bytes.length; at += 333) client.sendBytes(bytes.subarray(at, at + 333));
    client.sendBytes(Buffer.from([1]));
    await client.finish();
    assert.equal(client.transcript(), spelt("159"));
  });

  test("a message over the limit closes with 1009", async () => {
    const fits = await DeepgramClient.open(server());
    fits.sendBytes(Buffer.alloc(kMaxFrame));
    await fits.finish();
    const client = await DeepgramClient.open(server());
    client.sendBytes(Buffer.alloc(kMaxFrame + 1));
    assert.equal((await client.closing()).code, 1009);
  });

  for (const { name, bytes } of [
    { name: "noise", bytes: randomBytes(20_000) },
    { name: "text", bytes: Buffer.from("this is no container of audio. ".repeat(400)) },
    { name: "a WAV of 384 kHz", bytes: wav(new Int16Array(40_000), { rate: 384_000 }) },
  ])
    test(`${name} where a container should be closes with 1008 DATA-0000`, async () => {
      await keepsProcesses(server(), async () => {
        const client = await DeepgramClient.open(server(), { encoding: null, sample_rate: null });
        client.sendBytes(bytes);
        const closing = await client.closing();
        assert.equal(closing.code, 1008);
        assert.match(closing.reason, /^DATA-0000 \w/);
      });
      await server().settle();
    });

  test("a container that breaks off gives what was whole", async () => {
    const audio = wav(join16(dtmf("123", { toneMs: 100, gapMs: 100 }), silence(1000)));
    const whole = await convert(audio, "webm", ["-c:a", "libopus"]);
    const client = await DeepgramClient.open(server(), { encoding: null, sample_rate: null });
    client.sendBytes(whole.subarray(0, whole.length - 100));
    const { closing } = await client.finish();
    assert.equal(closing.code, 1000);
    assert.equal(client.transcript(), spelt("123"));
  });

  test("an end before any audio, container or raw, is an empty session", async () => {
    const kRaw = { encoding: "linear16", sample_rate: 16_000 };
    for (const query of [kRaw, { encoding: null, sample_rate: null }]) {
      const client = await DeepgramClient.open(server(), query);
      const { metadata, closing } = await client.finish();
      assert.equal(closing.code, 1000);
      assert.equal(metadata.duration, 0);
    }
  });

  test("audio after the end is ignored", async () => {
    const client = await DeepgramClient.open(server());
    client.sendAudio(dtmf("1"));
    client.sendJson({ type: "CloseStream" });
    client.sendAudio(dtmf("2"));
    client.sendText("and no JSON either");
    assert.equal((await client.closing()).code, 1000);
    assert.equal(client.transcript(), "1");
  });
});

describe("whoAsr", () => {
  for (const { name, text } of [
    { name: "no JSON", text: "hello" },
    { name: "a list", text: "[1]" },
    { name: "no type", text: "{}" },
    { name: "a type that is a list", text: '{"type":["start_recording"]}' },
  ])
    test(`a message of ${name} is an error and the session goes on`, async () => {
      const client = await WhoasrClient.open(server());
      client.sendText(text);
      const error = await client.messages.first("an error", (m) => m.type === "error");
      assert.ok(error.type === "error");
      assert.match(error.message, /^Connection error: /);
      await stillHears(client);
    });

  test("a binary message is an error and the session goes on", async () => {
    const client = await WhoasrClient.open(server());
    client.sendBytes(float32Of(dtmf("9")));
    await client.messages.first("an error", (m) => m.type === "error");
    await stillHears(client);
  });

  for (const [name, chunk] of [
    ["base64 that is none", { data: "%%% no base64 %%%" }],
    ["no data", {}],
    ["data that is a number", { data: 7 }],
  ] as const)
    test(`a chunk with ${name} is an error and the recording goes on`, async () => {
      const client = await WhoasrClient.open(server());
      client.start();
      client.sendJson({ type: "audio_chunk", ...chunk });
      await client.messages.first("an error", (m) => m.type === "error");
      client.sendAudio(dtmf("5"));
      client.stop();
      await client.status("Recording stopped");
      assert.equal(client.text(), "5");
      await client.close();
    });

  test("samples that are no numbers are silence", async () => {
    const client = await WhoasrClient.open(server());
    client.start();
    const samples = new Float32Array(1600).fill(Number.NaN);
    samples.fill(Number.POSITIVE_INFINITY, 800);
    client.sendJson({
      type: "audio_chunk",
      data: Buffer.from(samples.buffer).toString("base64"),
    });
    client.sendAudio(dtmf("5"));
    client.stop();
    await client.status("Recording stopped");
    assert.equal(client.text(), "5");
    await client.close();
  });

  async function stillHears(client: WhoasrClient): Promise<void> {
    client.start();
    client.sendAudio(dtmf("5"));
    client.stop();
    await client.status("Recording stopped");
    assert.equal(client.text(), "5");
    await client.close();
  }
});

describe("frames", () => {
  const kUpgrade =
    "GET /v1/listen?encoding=linear16&sample_rate=16000 HTTP/1.1\r\nHost: a\r\n" +
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

  async function upgraded(): Promise<RawConnection> {
    const connection = await RawConnection.open(server().port);
    connection.write(kUpgrade);
    assert.equal((await connection.answer()).status, 101);
    return connection;
  }

  // The code of the close frame that the server sends before it hangs up.
  async function closeCode(connection: RawConnection): Promise<number | undefined> {
    await connection.ended();
    const at = connection.received.indexOf(0x88);
    return at < 0 ? undefined : connection.received.readUInt16BE(at + 2);
  }

  for (const { name, bytes, code } of [
    { name: "an unmasked frame", bytes: [0x82, 0x04, 1, 2, 3, 4], code: 1002 },
    { name: "a reserved bit", bytes: [0xf2, 0x80, 0, 0, 0, 0], code: 1002 },
    { name: "an unknown opcode", bytes: [0x83, 0x80, 0, 0, 0, 0], code: 1002 },
    { name: "a continuation of nothing", bytes: [0x80, 0x80, 0, 0, 0, 0], code: 1002 },
    {
      name: "a length of 2^62",
      bytes: [0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      code: 1009,
    },
    { name: "text that is not UTF-8", bytes: [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28], code: 1007 },
  ])
    test(`${name} closes with ${code}`, async () => {
      await keepsProcesses(server(), async () => {
        const connection = await upgraded();
        connection.write(Buffer.from(bytes));
        assert.equal(await closeCode(connection), code);
      });
    });

  test("a flood of pings is answered or ended, and hurts nobody", async () => {
    await keepsProcesses(server(), async () => {
      const connection = await upgraded();
      const ping = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
      connection.write(Buffer.concat(Array.from({ length: 20_000 }, () => ping)));
      const client = await DeepgramClient.open(server());
      client.sendAudio(dtmf("3"));
      await client.finish();
      assert.equal(client.transcript(), "3");
      connection.reset();
    });
  });

  test("frames before the handshake is answered are refused", async () => {
    const connection = await RawConnection.open(server().port);
    connection.write(kUpgrade + "garbage that is no frame yet");
    assert.equal((await connection.answer()).status, 400);
    connection.finish();
  });
});

describe("upgrades", () => {
  const kKey = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

  test("an unknown path, and one that is not for upgrades", async () => {
    assert.equal((await refusedUpgrade(`${server().wsUrl}/ws`)).status, 404);
    assert.equal((await refusedUpgrade(`${server().wsUrl}/no/such`)).status, 404);
    assert.equal((await refusedUpgrade(`${server().wsUrl}/v1/models`)).status, 405);
  });

  test("a plain GET to a live path is told the method is wrong", async () => {
    const answer = await server().get("/ws/abc");
    assert.equal(answer.status, 405);
    assert.equal(typeof answer.json.detail, "string");
  });

  for (const { name, headers, status } of [
    { name: "version 8", headers: `Sec-WebSocket-Version: 8\r\n${kKey}`, status: 426 },
    { name: "no key", headers: "Sec-WebSocket-Version: 13\r\n", status: 400 },
  ])
    test(`a handshake with ${name}`, async () => {
      const connection = await RawConnection.open(server().port);
      connection.write(
        "GET /ws/a HTTP/1.1\r\nHost: a\r\n" +
          `Upgrade: websocket\r\nConnection: Upgrade\r\n${headers}\r\n`,
      );
      assert.equal((await connection.answer()).status, status);
      connection.finish();
    });
});
