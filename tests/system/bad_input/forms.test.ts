// SPDX-License-Identifier: Apache-2.0
// Requests whose audio is fine but whose form, names or query are not.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dtmf, wav } from "../harness/audio.ts";
import { form, RawConnection, type Answer } from "../harness/http.ts";
import { refusedUpgrade } from "../harness/live.ts";
import { keepsProcesses, useServer } from "../harness/server.ts";

const server = useServer({ models: ["tone"] });

const kAudio = wav(dtmf("1"));
const kTranscriptions = "/v1/audio/transcriptions";

function transcribe(fields: Record<string, string>, isWithFile = true): Promise<Answer> {
  const body = form(fields, isWithFile ? { bytes: kAudio } : undefined);
  return keepsProcesses(server(), () => server().post(kTranscriptions, body));
}

function assertOpenAiError(answer: Answer, status: number, param: string | null, code: string) {
  assert.equal(answer.status, status, answer.text);
  assert.match(String(answer.headers["content-type"]), /^application\/json/);
  const { message, ...error } = answer.json.error;
  assert.ok(message);
  assert.deepEqual(error, { type: "invalid_request_error", param, code });
}

describe("fields of a transcription", () => {
  test("no file", async () => {
    const answer = await transcribe({ model: "tone" }, false);
    assertOpenAiError(answer, 400, "file", "missing_required_parameter");
  });
  test("no model", async () => {
    assertOpenAiError(await transcribe({}), 400, "model", "missing_required_parameter");
  });

  for (const name of ["nothing", "../../etc/passwd", "</script>", "x".repeat(128)])
    test(`the unknown model ${name.slice(0, 20)}`, async () => {
      assertOpenAiError(await transcribe({ model: name }), 404, "model", "model_not_found");
    });

  for (const name of ["a\u0000b", "x".repeat(5000), "模型", '"\n{"'])
    test(`the impossible model ${JSON.stringify(name.slice(0, 20))}`, async () => {
      assertOpenAiError(await transcribe({ model: name }), 400, "model", "invalid_value");
    });

  test("a language the model does not know", async () => {
    const answer = await transcribe({ model: "tone", language: "fr" });
    assertOpenAiError(answer, 400, "language", "unknown_language");
    assert.match(answer.json.error.message, /fr/);
  });

  for (const [name, value] of [
    ["response_format", "pdf"],
    ["response_format", "diarized_json"],
    ["temperature", "hot"],
    ["temperature", "1e999999"],
    ["temperature", "nan"],
    ["stream", "perhaps"],
    ["timestamp_granularities[]", "letter"],
    ["chunking_strategy", "[1]"],
    ["include[]", "everything"],
  ] as const)
    test(`${name}=${value}`, async () => {
      const answer = await transcribe({ model: "tone", [name]: value });
      assertOpenAiError(answer, 400, name.replace("[]", ""), "invalid_value");
    });

  test("a field of a megabyte", async () => {
    const answer = await transcribe({ model: "tone", prompt: "x".repeat(1 << 20) });
    assertOpenAiError(answer, 413, null, "too_large");
  });
});

describe("the multipart body", () => {
  const kWhole = form({ model: "tone" }, { bytes: kAudio });

  async function post(body: Buffer, type: string): Promise<Answer> {
    const headers = { "content-type": type };
    return keepsProcesses(server(), () => server().post(kTranscriptions, { headers, body }));
  }

  test("another boundary than the header names", async () => {
    const answer = await post(kWhole.body, "multipart/form-data; boundary=other");
    assertOpenAiError(answer, 400, null, "bad_request");
  });
  test("no boundary at all", async () => {
    assertOpenAiError(await post(kWhole.body, "multipart/form-data"), 400, null, "bad_request");
  });
  test("another content type", async () => {
    assertOpenAiError(await post(kWhole.body, "application/json"), 400, null, "bad_request");
  });
  test("no closing boundary", async () => {
    const answer = await post(kWhole.body.subarray(0, -8), kWhole.headers["content-type"]);
    assertOpenAiError(answer, 400, null, "bad_request");
  });
  test("a part with a head of a megabyte", async () => {
    const body = form({ ["x".repeat(1 << 20)]: "a" }, { bytes: kAudio }).body;
    const answer = await post(body, kWhole.headers["content-type"]);
    assert.ok([400, 413].includes(answer.status), answer.text);
    assert.ok(answer.json.error.message);
  });
  test("ten thousand parts", async () => {
    const fields = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, "a"]));
    const answer = await post(form(fields).body, kWhole.headers["content-type"]);
    assertOpenAiError(answer, 413, null, "too_large");
  });
  test("a file name that would lead elsewhere is only a name", async () => {
    const { body } = form({}, { bytes: kAudio, filename: "../../../etc/passwd.wav" });
    const headers = { "content-type": kWhole.headers["content-type"] };
    const answer = await server().post("/offline/recognize", { headers, body });
    assert.equal(answer.status, 200);
    assert.equal(answer.json.file_name, "../../../etc/passwd.wav");
  });
  test("two files: the first one counts", async () => {
    const kClosing = /--[^\r]+--\r\n$/;
    const [first, second] = ["1", "2"].map((digit) =>
      form({ model: "tone" }, { bytes: wav(dtmf(digit)) }).body.toString("latin1"),
    );
    const body = Buffer.from(first!.replace(kClosing, "") + second, "latin1");
    const answer = await post(body, kWhole.headers["content-type"]);
    assert.equal(answer.json.text, "1");
  });

  test("cut off half way, with a length that promised more", async () => {
    const connection = await RawConnection.open(server().port);
    await keepsProcesses(server(), async () => {
      connection.write(
        `POST ${kTranscriptions} HTTP/1.1\r\nHost: a\r\n` +
          `Content-Type: ${kWhole.headers["content-type"]}\r\n` +
          `Content-Length: ${kWhole.body.length}\r\n\r\n`,
      );
      connection.write(kWhole.body.subarray(0, kWhole.body.length / 2));
      connection.finish();
      await connection.ended();
    });
    await server().settle();
  });

  test("larger than the server takes", async () => {
    const connection = await RawConnection.open(server().port);
    connection.write(
      `POST ${kTranscriptions} HTTP/1.1\r\nHost: a\r\nContent-Type: audio/wav\r\n` +
        `Content-Length: ${2 ** 40}\r\n\r\n`,
    );
    assert.equal((await connection.answer()).status, 413);
    await connection.ended();
  });
});

describe("Deepgram's query", () => {
  const kRaw = "encoding=linear16&sample_rate=16000";
  for (const { query, code } of [
    { query: "model=no-such-model", code: "Bad Request" },
    { query: "language=fr", code: "INVALID_QUERY_PARAMETER" },
    { query: "encoding=linear16", code: "INVALID_QUERY_PARAMETER" },
    { query: "encoding=linear16&sample_rate=0", code: "INVALID_QUERY_PARAMETER" },
    { query: "encoding=linear16&sample_rate=1000000000", code: "INVALID_QUERY_PARAMETER" },
    { query: "encoding=linear16&sample_rate=16000&channels=99", code: "INVALID_QUERY_PARAMETER" },
    { query: "encoding=morse", code: "INVALID_QUERY_PARAMETER" },
    { query: "punctuate=perhaps", code: "INVALID_QUERY_PARAMETER" },
    { query: "callback=http://127.0.0.1/", code: "INVALID_QUERY_PARAMETER" },
    { query: "model=%zz", code: "Bad Request" },
  ])
    test(`${query}, live and as a file`, async () => {
      await keepsProcesses(server(), async () => {
        const refusal = await refusedUpgrade(`${server().wsUrl}/v1/listen?${query}`);
        assert.equal(refusal.status, 400);
        const error = JSON.parse(refusal.body);
        assert.equal(error.err_code, code);
        assert.equal(error.request_id, refusal.headers["dg-request-id"]);
        assert.equal(refusal.headers["dg-error"], error.err_msg);
        const answer = await server().post(`/v1/listen?${query}`, { body: kAudio });
        assert.equal(answer.status, 400);
        assert.equal(answer.json.err_code, code);
      });
    });

  for (const query of [
    "endpointing=soon",
    "endpointing=-1",
    "utterance_end_ms=10&interim_results=true",
    "utterance_end_ms=1000",
    "interim_results=2",
  ])
    test(`${query}, live`, async () => {
      const refusal = await refusedUpgrade(`${server().wsUrl}/v1/listen?${kRaw}&${query}`);
      assert.equal(refusal.status, 400);
      assert.equal(JSON.parse(refusal.body).err_code, "INVALID_QUERY_PARAMETER");
    });

  test("a JSON body that is none, or names nothing", async () => {
    for (const body of ["{", "[1]", "{}", '{"url":1}', "[".repeat(60_000)]) {
      const headers = { "content-type": "application/json" };
      const answer = await keepsProcesses(server(), () =>
        server().post("/v1/listen", { headers, body }),
      );
      assert.equal(answer.status, 400, body.slice(0, 20));
      assert.equal(answer.json.err_code, "Bad Request");
    }
  });
});
