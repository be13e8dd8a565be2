// SPDX-License-Identifier: Apache-2.0
// What a live Deepgram stream promises on the wire: windows, end points, events, closes.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { bytesOf, dtmf, join16, silence, spelt } from "../harness/audio.ts";
import { DeepgramClient, openSocket, transcriptOf } from "../harness/live.ts";
import { useServer } from "../harness/server.ts";

const server = useServer({ models: ["tone"] });

const kQuery = "/v1/listen?encoding=linear16&sample_rate=16000";

describe("results", () => {
  test("final windows follow each other without a gap and carry exact words", async () => {
    const client = await DeepgramClient.open(server(), { endpointing: 300 });
    client.sendAudio(join16(dtmf("12"), silence(600), dtmf("34"), silence(600), dtmf("56")));
    const { metadata, closing } = await client.finish();
    assert.equal(client.transcript(), spelt("123456"));
    let end = 0;
    for (const window of client.finals()) {
      assert.ok(Math.abs(window.start - end) < 0.0011, `${window.start} follows ${end}`);
      end = window.start + window.duration;
    }
    client.words().forEach((word, index) => {
      const spoken = 0.1 * index + 0.6 * Math.floor(index / 2);
      assert.ok(Math.abs(word.start - spoken) < 0.03, `${word.word} at ${word.start}`);
      assert.equal(word.punctuated_word, undefined);
    });
    assert.equal(metadata.duration, 1.8);
    assert.deepEqual(closing, { code: 1000, reason: "" });
  });

  test("without interim_results only finals come", async () => {
    const client = await DeepgramClient.open(server(), { interim_results: false });
    client.sendAudio(dtmf("1234567890"));
    await client.finish();
    assert.ok(client.results().every((results) => results.is_final));
  });

  test("interim results grow within a window and share its start", async () => {
    const client = await DeepgramClient.open(server(), { interim_results: true });
    client.sendAudio(dtmf("12345"));
    const first = await client.messages.first(
      "an interim",
      (m) => m.type === "Results" && !m.is_final && transcriptOf(m) !== "",
    );
    client.sendAudio(dtmf("67890"));
    await client.finish();
    const interims = client.results().filter((results) => !results.is_final);
    const final = client.finals()[0]!;
    for (const interim of interims) {
      assert.equal(interim.start, final.start);
      assert.ok(spelt("1234567890").startsWith(transcriptOf(interim)), transcriptOf(interim));
      assert.equal(interim.speech_final, false);
    }
    assert.ok(first.type === "Results" && spelt("1234567890").startsWith(transcriptOf(first)));
    assert.equal(client.transcript(), spelt("1234567890"));
  });

  test("request id and checksum are the same wherever they stand", async () => {
    const client = await DeepgramClient.open(server());
    const audio = dtmf("7");
    client.sendAudio(audio);
    const { metadata } = await client.finish();
    assert.equal(metadata.request_id, client.headers["dg-request-id"]);
    for (const results of client.results())
      assert.equal(results.metadata.request_id, metadata.request_id);
    assert.equal(metadata.sha256, createHash("sha256").update(bytesOf(audio)).digest("hex"));
  });

  test("smart_format adds punctuated words", async () => {
    const client = await DeepgramClient.open(server(), { smart_format: true });
    client.sendAudio(dtmf("7"));
    await client.finish();
    assert.equal(client.words()[0]!.punctuated_word, "7");
  });
});

describe("end points", () => {
  test("a pause longer than endpointing ends the utterance with speech_final", async () => {
    const client = await DeepgramClient.open(server(), { endpointing: 300 });
    client.sendAudio(join16(dtmf("12"), silence(800)));
    const ended = await client.messages.first(
      "speech_final",
      (m) => m.type === "Results" && m.speech_final,
    );
    assert.ok(ended.type === "Results" && ended.is_final);
    assert.equal(transcriptOf(ended), spelt("12"));
    await client.finish();
  });

  test("a pause shorter than endpointing does not", async () => {
    const client = await DeepgramClient.open(server(), { endpointing: 2000 });
    client.sendAudio(join16(dtmf("12"), silence(800), dtmf("34")));
    await client.finish();
    assert.ok(client.results().every((results) => !results.speech_final));
    assert.deepEqual(client.finals().map(transcriptOf).filter(Boolean), [spelt("1234")]);
  });

  test("endpointing=false never sets speech_final", async () => {
    const client = await DeepgramClient.open(server(), { endpointing: false });
    client.sendAudio(join16(dtmf("12"), silence(2000), dtmf("34"), silence(2000)));
    await client.finish();
    assert.equal(client.transcript(), spelt("1234"));
    assert.ok(client.results().every((results) => !results.speech_final));
  });

  test("utterance_end_ms gives UtteranceEnd with the end of the last word", async () => {
    const client = await DeepgramClient.open(server(), {
      utterance_end_ms: 1000,
      interim_results: true,
      endpointing: 300,
    });
    client.sendAudio(join16(dtmf("12"), silence(2500)));
    const ended = await client.messages.first("UtteranceEnd", (m) => m.type === "UtteranceEnd");
    assert.ok(ended.type === "UtteranceEnd");
    assert.deepEqual(ended.channel, [0, 1]);
    assert.equal(ended.last_word_end, client.words().at(-1)!.end);
    await client.finish();
    const ends = client.messages.all.filter((m) => m.type === "UtteranceEnd");
    assert.equal(ends.length, 1);
  });

  test("vad_events tells when speech starts", async () => {
    const client = await DeepgramClient.open(server(), { vad_events: true, endpointing: 300 });
    client.sendAudio(join16(silence(1000), dtmf("123"), silence(1000), dtmf("456")));
    await client.finish();
    const starts = client.messages.all.filter((m) => m.type === "SpeechStarted");
    assert.equal(starts.length, 2);
    for (const [index, spoken] of [1.0, 2.3].entries()) {
      const { timestamp, channel } = starts[index]!;
      // The moment before the sound belongs to the utterance: soft beginnings are heard too.
      const early = spoken - timestamp;
      assert.ok(early > -0.05 && early < 0.35, `speech at ${spoken} told as ${timestamp}`);
      assert.deepEqual(channel, [0, 1]);
    }
  });

  test("without vad_events it is not told", async () => {
    const client = await DeepgramClient.open(server());
    client.sendAudio(dtmf("123"));
    await client.finish();
    assert.ok(client.messages.all.every((m) => m.type !== "SpeechStarted"));
  });
});

describe("control messages", () => {
  test("Finalize gives what was heard and the stream goes on", async () => {
    const client = await DeepgramClient.open(server());
    client.sendAudio(dtmf("12"));
    client.finalize();
    const answer = await client.messages.first(
      "from_finalize",
      (m) => m.type === "Results" && m.from_finalize,
    );
    assert.ok(answer.type === "Results" && answer.is_final);
    assert.equal(client.transcript(), spelt("12"));
    client.sendAudio(dtmf("34"));
    client.finalize();
    await client.heard(spelt("1234"));
    await client.finish();
  });

  test("KeepAlive and unknown types get no answer", async () => {
    const client = await DeepgramClient.open(server());
    client.keepAlive();
    client.sendJson({ type: "SomethingNew", with: [1] });
    const { metadata } = await client.finish();
    assert.equal(metadata.duration, 0);
    assert.equal(metadata.channels, 0);
    assert.deepEqual(client.messages.all, [metadata]);
  });

  test("an empty binary message ends the stream as CloseStream does", async () => {
    const client = await DeepgramClient.open(server());
    client.sendAudio(dtmf("99"));
    client.sendBytes(Buffer.alloc(0));
    assert.deepEqual(await client.closing(), { code: 1000, reason: "" });
    assert.equal(client.transcript(), spelt("99"));
    assert.equal(client.messages.all.at(-1)!.type, "Metadata");
  });

  test("silence on the wire closes with 1011 NET-0001, KeepAlive prevents it", async () => {
    const silent = await DeepgramClient.open(server());
    const kept = await DeepgramClient.open(server());
    const beat = setInterval(() => kept.keepAlive(), 3000);
    try {
      const closing = await silent.closing(20_000);
      assert.equal(closing.code, 1011);
      assert.match(closing.reason, /NET-0001/);
    } finally {
      clearInterval(beat);
    }
    kept.sendAudio(dtmf("5"));
    await kept.finish();
    assert.equal(kept.transcript(), spelt("5"));
  });
});

describe("credentials", () => {
  for (const scheme of ["Token", "token", "Bearer"])
    test(`${scheme} in the header`, async () => {
      const headers = { authorization: `${scheme} secret` };
      const { socket } = await openSocket(server().wsUrl + kQuery, { headers });
      assert.equal(socket.protocol, "");
      socket.terminate();
    });

  for (const scheme of ["token", "bearer"])
    test(`${scheme} as a subprotocol is the one selected`, async () => {
      const { socket } = await openSocket(server().wsUrl + kQuery, {
        protocols: [scheme, "secret", "x-deepgram-session-id", "0d3c"],
      });
      assert.equal(socket.protocol, scheme);
      socket.terminate();
    });
});
