// SPDX-License-Identifier: Apache-2.0
// What is told of resuming on /v1/listen, to whom, and which tokens are refused.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bytesOf, dtmf, join16, silence } from "../harness/audio.ts";
import { withServer } from "../harness/faults.ts";
import { DeepgramClient, refusedUpgrade, type DeepgramResumePoint } from "../harness/live.ts";
import { TuttiServer, useServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const kToken = /^[\w-]{60,}$/;
const kUuid = /^[0-9a-f-]{36}$/;
const kQuery = "encoding=linear16&sample_rate=16000&resume=true";

const server = useServer({ flags: { "log-level": "debug" } });

async function opened(options = {}, one = server()): Promise<[DeepgramClient, DeepgramResumePoint]> {
  const client = await DeepgramClient.open(one, { resume: true }, options);
  const first = await client.messages.first("the opening message", () => true);
  assert.equal(first.type, "ResumePoint");
  return [client, first as DeepgramResumePoint];
}

function refusalOf(token: string, query = kQuery, one = server()) {
  return refusedUpgrade(`${one.wsUrl}/v1/listen?${query}`, {
    headers: { "Tutti-Resume-Token": token },
  });
}

function spoken(digits: string): Int16Array {
  return join16(dtmf(digits), silence(1000));
}

test("a stream has an id and a token, in headers and in its first message", async () => {
  const [client, point] = await opened();
  assert.match(point.stream_id, kUuid);
  assert.match(point.resume_token, kToken);
  assert.deepEqual({ ...point, stream_id: "", resume_token: "" }, {
    type: "ResumePoint",
    stream_id: "",
    segment: 0,
    offset: 0,
    resume_token: "",
    window: 60,
  });
  assert.equal(client.headers["tutti-stream-id"], point.stream_id);
  assert.match(String(client.headers["tutti-resume-token"]), kToken);
  await client.close();
});

test("finals are numbered, tell what they close, and renew the token", async () => {
  const [client, point] = await opened();
  const audio = join16(spoken("12"), spoken("34"), spoken("56"));
  client.sendAudio(audio);
  await client.finish();
  const finals = client.finals();
  assert.deepEqual(finals.map((one) => one.segment), finals.map((_, index) => index));
  const offsets = finals.map((one) => one.offset!);
  assert.deepEqual(offsets, [...offsets].sort((a, b) => a - b));
  for (const offset of offsets) assert.ok(Number.isInteger(offset) && offset <= audio.length);
  const tokens = [point.resume_token, ...finals.map((one) => one.resume_token!)];
  for (const token of tokens) assert.match(token, kToken);
  assert.equal(new Set(tokens).size, tokens.length);
  // Each closes at least its own words.
  for (const { channel, offset } of finals)
    for (const { end } of channel.alternatives[0]!.words) assert.ok(offset! >= end * 16_000);
});

test("who does not ask gets no message and no token of it but in the headers", async () => {
  const client = await DeepgramClient.open(server());
  assert.match(String(client.headers["tutti-stream-id"]), kUuid);
  assert.match(String(client.headers["tutti-resume-token"]), kToken);
  client.sendAudio(spoken("12"));
  await client.finish();
  const types = new Set(client.messages.all.map((message) => message.type));
  assert.deepEqual([...types], ["Results", "Metadata"]);
  for (const final of client.finals()) assert.equal("resume_token" in final, false);
});

test("a stream goes on with the next number, at the time it had, through header or subprotocol", async () => {
  const [first, { stream_id }] = await opened();
  first.sendAudio(spoken("12"));
  await first.heard("1 2");
  first.reset();
  let last = first.finals().at(-1)!;
  for (const carry of [
    (token: string) => ({ headers: { "Tutti-Resume-Token": token } }),
    (token: string) => ({ protocols: ["tutti.resume", token] }),
    (token: string) => ({ protocols: ["token", "key", "tutti.resume", token] }),
  ]) {
    const [client, point] = await opened(carry(last.resume_token!));
    assert.equal(point.stream_id, stream_id);
    assert.equal(client.headers["tutti-stream-id"], stream_id);
    assert.equal(point.segment, last.segment! + 1);
    assert.equal(point.offset, last.offset);
    client.sendAudio(spoken("34"));
    await client.heard("3 4");
    const next = client.finals()[0]!;
    assert.equal(next.segment, last.segment! + 1);
    assert.ok(Math.abs(next.start - (last.start + last.duration)) < 0.001);
    const word = next.channel.alternatives[0]!.words[0]!;
    assert.ok(Math.abs(word.start - last.offset! / 16_000) < 0.06, `at ${word.start}`);
    client.reset();
    last = client.finals().at(-1)!;
  }
});

test("the duration at the end is the stream's, and nothing is heard again", async () => {
  const [first] = await opened();
  first.sendAudio(spoken("12"));
  await first.heard("1 2");
  first.reset();
  const last = first.finals().at(-1)!;
  const [client] = await opened({ protocols: ["tutti.resume", last.resume_token!] });
  const { metadata } = await client.finish();
  assert.equal(metadata.duration, Math.floor(last.offset! / 16) / 1000);
  assert.deepEqual(client.finals(), []);
});

test("silence moves the offset on, and the token is renewed without a final", async () => {
  const options = { flags: { "resume-window": 2 } };
  await withServer(options, async (one) => {
    const [client, { window }] = await opened({}, one);
    assert.equal(window, 2);
    client.sendAudio(silence(5000));
    const later = await client.messages.first(
      "a later point",
      (message) => message.type === "ResumePoint" && message.offset > 16_000,
    );
    assert.equal((later as DeepgramResumePoint).segment, 0);
    await client.finish();
  });
});

describe("refused before the upgrade", () => {
  function isRefused(
    refusal: Awaited<ReturnType<typeof refusalOf>>,
    status: number,
    why: RegExp,
  ): void {
    assert.equal(refusal.status, status, refusal.body);
    const body = JSON.parse(refusal.body) as { err_code: string; err_msg: string };
    assert.match(body.err_msg, why);
    assert.equal(String(refusal.headers["dg-error"]), body.err_msg);
  }
  const kNotOurs = /not one of this server's/;

  test("what was forged or damaged", async () => {
    const [client, { resume_token: token }] = await opened();
    await client.close();
    const flipped = token[20] === "A" ? "B" : "A";
    for (const bad of ["x", "0".repeat(200), token.slice(0, -1), token + "A", `${token}.`])
      isRefused(await refusalOf(bad), 403, kNotOurs);
    isRefused(await refusalOf(token.slice(0, 20) + flipped + token.slice(21)), 403, kNotOurs);
    const inSubprotocol = await refusedUpgrade(`${server().wsUrl}/v1/listen?${kQuery}`, {
      protocols: ["tutti.resume", "forged"],
    });
    isRefused(inSubprotocol, 403, kNotOurs);
  });

  test("what another server made", () =>
    withServer({}, async (other) => {
      const [client, { resume_token: token }] = await opened({}, other);
      await client.close();
      isRefused(await refusalOf(token), 403, kNotOurs);
    }));

  test("what is too old", () =>
    withServer({ flags: { "resume-window": 1 } }, async (one) => {
      const [client, { resume_token: token }] = await opened({}, one);
      await client.close();
      const refusal = await until("its refusal", () =>
        refusalOf(token, kQuery, one).catch(() => undefined),
      );
      isRefused(refusal, 403, /too old/);
    }));

  test("another model, format or option than the stream's", async () => {
    const [client, { resume_token: token }] = await opened();
    await client.close();
    for (const query of [
      "encoding=linear16&sample_rate=8000&resume=true",
      "encoding=mulaw&sample_rate=16000&resume=true",
      `${kQuery}&model=tone`,
      `${kQuery}&interim_results=true`,
      "encoding=linear16&sample_rate=16000",
    ])
      isRefused(await refusalOf(token, query), 400, /other options/);
    const reordered = "resume=true&sample_rate=16000&encoding=linear16";
    const [again] = await opened({ headers: { "Tutti-Resume-Token": token } });
    await again.close();
    await assert.rejects(refusalOf(token, reordered), /was upgraded/);
  });

  test("audio in a container, which cannot be taken up in its middle", async () => {
    const refusal = await refusedUpgrade(`${server().wsUrl}/v1/listen?resume=true`);
    isRefused(refusal, 400, /resume: needs raw audio/);
    const client = await DeepgramClient.open(server(), { encoding: null, sample_rate: null });
    assert.match(String(client.headers["tutti-stream-id"]), kUuid);
    assert.equal(client.headers["tutti-resume-token"], undefined);
    await client.close();
  });

  test("all of them where resuming is switched off", () =>
    withServer({ flags: { "resume-window": 0 } }, async (one) => {
      const client = await DeepgramClient.open(one, { resume: true });
      assert.equal(client.headers["tutti-resume-token"], undefined);
      client.sendBytes(bytesOf(spoken("12")));
      await client.finish();
      assert.equal(client.transcript(), "1 2");
      assert.notEqual(client.messages.all[0]!.type, "ResumePoint");
      isRefused(await refusalOf("x", kQuery, one), 403, /cannot be resumed/);
    }));
});

test("a key that cannot be kept costs a warning, not the start", async () => {
  const one = await TuttiServer.start({ flags: { "state-dir": "/dev/null" } });
  try {
    assert.match(one.stderr, /cannot be resumed after a restart of the server: .*\/dev\/null/);
    const [client, { resume_token: token }] = await opened({}, one);
    client.reset();
    const [again] = await opened({ protocols: ["tutti.resume", token] }, one);
    await again.close();
    await one.stop();
  } finally {
    await one.kill();
  }
});

test("no token is ever logged", async () => {
  const [client, { resume_token: token }] = await opened();
  client.reset();
  const [again] = await opened({ protocols: ["tutti.resume", token] });
  await again.close();
  await refusalOf(token.slice(0, -1));
  assert.match(server().stderr, /resumes stream=/);
  assert.match(server().stderr, /refused: .*resume token/);
  for (const secret of server().stderr.match(/[\w-]{60,}/g) ?? [])
    assert.fail(`something like a token in the log: ${secret.slice(0, 20)}`);
});
