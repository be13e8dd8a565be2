// SPDX-License-Identifier: Apache-2.0
// Clients that disappear, by a reset or by a silent close, at every point of their work. Whatever
// they held is given back: settle() looks at the spool, the streams, the jobs and the descriptors.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { convert, digitSequence, dtmf, join16, silence, wav } from "../harness/audio.ts";
import { withServer } from "../harness/faults.ts";
import { form, RawConnection } from "../harness/http.ts";
import { DeepgramClient, WhoasrClient } from "../harness/live.ts";
import { keepsProcesses, useServer } from "../harness/server.ts";
import { Speaker } from "../harness/traffic.ts";
import { until } from "../harness/wait.ts";

const server = useServer({ models: ["tone"] });

async function gauge(name: string): Promise<number> {
  return (await server().metrics()).sum(name);
}

describe("during an upload", () => {
  const { headers, body } = form({ model: "tone" }, { bytes: wav(dtmf(digitSequence(600))) });
  const kHead =
    `POST /v1/audio/transcriptions HTTP/1.1\r\nHost: a\r\n` +
    `Content-Type: ${headers["content-type"]}\r\nContent-Length: ${body.length}\r\n\r\n`;

  for (const farewell of ["reset", "finish"] as const)
    test(`by a ${farewell}, its file is gone`, async () => {
      await keepsProcesses(server(), async () => {
        const connection = await RawConnection.open(server().port);
        connection.write(kHead);
        connection.write(body.subarray(0, body.length / 2));
        await until("a spool file", () => server().spoolFiles().length > 0);
        connection[farewell]();
        await server().settle();
      });
    });

  test("fifty at once", async () => {
    await keepsProcesses(server(), async () => {
      const connections = await Promise.all(
        Array.from({ length: 50 }, () => RawConnection.open(server().port)),
      );
      for (const connection of connections) {
        connection.write(kHead);
        connection.write(body.subarray(0, body.length / 3));
      }
      await until("fifty spool files", () => server().spoolFiles().length >= 50);
      for (const connection of connections) connection.reset();
      await server().settle();
    });
  });
});

test("while its file is recognised: the job ends too", async () => {
  // Hours of silence take long enough to be caught at it.
  const quiet = await convert(wav(dtmf("1")), "flac", ["-af", "apad=pad_dur=14000"]);
  const { headers, body } = form({ model: "tone" }, { bytes: quiet });
  await keepsProcesses(server(), async () => {
    const connection = await RawConnection.open(server().port);
    connection.write(
      `POST /v1/audio/transcriptions HTTP/1.1\r\nHost: a\r\n` +
        `Content-Type: ${headers["content-type"]}\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    connection.write(body);
    await until("a running job", async () => (await gauge("tutti_jobs_running")) === 1);
    const done = (await server().metrics()).sum("tutti_jobs_done_total");
    connection.reset();
    await server().settle();
    assert.equal((await server().metrics()).sum("tutti_jobs_done_total"), done);
  });
});

describe("during a stream", () => {
  test("by a reset, in the middle of an utterance", async () => {
    await keepsProcesses(server(), async () => {
      const client = await DeepgramClient.open(server(), { interim_results: true });
      client.sendAudio(dtmf("123"));
      await client.messages.first("an interim", (m) => m.type === "Results");
      assert.equal(await gauge("tutti_engine_streams"), 1);
      client.reset();
      await server().settle();
    });
  });

  test("by a close without CloseStream", async () => {
    const client = await DeepgramClient.open(server());
    client.sendAudio(dtmf("123"));
    assert.equal((await client.close(1000)).code, 1000);
    await server().settle();
  });

  test("of a container: its decoder goes too", async () => {
    const webm = await convert(wav(dtmf(digitSequence(100))), "webm", ["-c:a", "libopus"]);
    const client = await DeepgramClient.open(server(), { encoding: null, sample_rate: null });
    client.sendBytes(webm.subarray(0, webm.length / 2));
    await until("a decoder", () => server().pids("decoder").length === 1);
    client.reset();
    await server().settle();
  });

  test("between start and stop of a recording", async () => {
    const client = await WhoasrClient.open(server());
    client.start();
    client.sendAudio(dtmf("1"));
    await client.status("Recording started");
    client.reset();
    await server().settle();
  });

  test("right after the end was asked for", async () => {
    const client = await DeepgramClient.open(server());
    client.sendAudio(join16(dtmf(digitSequence(100)), silence(500)));
    client.sendJson({ type: "CloseStream" });
    client.reset();
    await server().settle();
  });

  test("fifty at once; the one that stays is heard", async () => {
    await keepsProcesses(server(), async () => {
      const clients = await Promise.all(
        Array.from({ length: 50 }, () => DeepgramClient.open(server())),
      );
      const stays = await DeepgramClient.open(server());
      for (const client of clients) client.sendAudio(dtmf("123456"));
      stays.sendAudio(dtmf("789"));
      for (const client of clients) client.reset();
      await stays.finish();
      assert.equal(stays.transcript(), "7 8 9");
      await server().settle();
    });
  });
});

test("whoever reads nothing is let go, also after the server's farewell", async () => {
  await withServer({}, async (own) => {
    // More text than the buffers of the connection hold.
    const digits = digitSequence(1500);
    const { client } = await Speaker.start(own, { digits, groupSize: 1500, speed: 15 });
    client.socket.pause();
    const heard = async () => (await own.metrics()).sum("tutti_live_audio_samples_total");
    await until("most of it is said", async () => (await heard()) > 140 * 16_000, { ms: 60_000 });
    client.sendText("no JSON");
    const isGone = async () => (await own.metrics()).sum("tutti_websockets") === 0;
    await until("the end of its connection", isGone, { ms: 40_000 });
    client.socket.resume();
    assert.equal((await client.closing()).code, 1006);
  });
});
