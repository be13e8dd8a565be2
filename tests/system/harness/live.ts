// SPDX-License-Identifier: Apache-2.0
// Live clients over plain WebSockets: Deepgram's protocol and whoAsr's. They collect everything
// the server says; `messages` is the place to wait for something.
import WebSocket from "ws";
import { bytesOf, float32Of, slices } from "./audio.ts";
import type { TuttiServer } from "./server.ts";
import { Inbox, within } from "./wait.ts";

export interface Closing {
  code: number;
  reason: string;
}

// The answer to an upgrade that was refused.
export interface Refusal {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface OpenOptions {
  headers?: Record<string, string>;
  protocols?: string[];
}

export class HandshakeRefused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(`the upgrade was answered with ${refusal.status} ${refusal.body}`);
    this.refusal = refusal;
  }
}

// A socket whose text messages are JSON objects of type M.
export class JsonSocket<M> {
  readonly messages = new Inbox<M>();
  readonly socket: WebSocket;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly closed: Promise<Closing>;

  constructor(socket: WebSocket, headers: JsonSocket<M>["headers"]) {
    this.socket = socket;
    this.headers = headers;
    socket.on("message", (data) => this.messages.push(JSON.parse(String(data)) as M));
    socket.resume();
    socket.on("error", () => undefined); // "close" follows
    this.closed = new Promise((resolve) => {
      socket.once("close", (code, reason) => {
        this.messages.close(`closed with ${code} ${String(reason)}`);
        resolve({ code, reason: String(reason) });
      });
    });
  }

  sendJson(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }
  sendBytes(bytes: Buffer): void {
    this.socket.send(bytes);
  }
  sendText(text: string): void {
    this.socket.send(text);
  }
  // The close the server decided on.
  closing(ms = 15_000): Promise<Closing> {
    return within(ms, "the server's close", this.closed);
  }
  // Our own farewell.
  async close(code = 1000): Promise<Closing> {
    this.socket.close(code);
    return this.closing();
  }
  // Vanishes without one.
  reset(): void {
    this.socket.terminate();
  }
}

// Opens, or throws HandshakeRefused. The socket is paused until its user, who can listen now,
// resumes it.
export function openSocket(url: string, { headers = {}, protocols = [] }: OpenOptions = {}) {
  const socket = new WebSocket(url, protocols, { headers, perMessageDeflate: false });
  // What the server says at once comes before whoever waits here can listen.
  socket.once("open", () => socket.pause());
  let answered: Record<string, string | string[] | undefined> = {};
  socket.once("upgrade", (response) => (answered = response.headers));
  const opened = new Promise<{ socket: WebSocket; headers: typeof answered }>((resolve, reject) => {
    socket.once("open", () => resolve({ socket, headers: answered }));
    socket.once("error", reject);
    socket.once("unexpected-response", async (_request, response) => {
      const connection = response.socket; // would be kept for later requests
      const pieces: Buffer[] = [];
      for await (const piece of response) pieces.push(piece as Buffer);
      const body = Buffer.concat(pieces).toString();
      connection.destroy();
      reject(
        new HandshakeRefused({ status: response.statusCode!, headers: response.headers, body }),
      );
    });
  });
  return within(10_000, `upgrade ${url}`, opened);
}

// The refusal of an upgrade; fails when it is accepted.
export async function refusedUpgrade(url: string, options?: OpenOptions): Promise<Refusal> {
  try {
    const { socket } = await openSocket(url, options);
    socket.terminate();
  } catch (error) {
    if (error instanceof HandshakeRefused) return error.refusal;
    throw error;
  }
  throw new Error(`${url} was upgraded`);
}

// --- Deepgram ------------------------------------------------------------------------------------

export interface DeepgramWord {
  word: string;
  start: number;
  end: number;
  confidence: number;
  punctuated_word?: string;
}

export interface DeepgramResults {
  type: "Results";
  channel_index: number[];
  start: number;
  duration: number;
  is_final: boolean;
  speech_final: boolean;
  from_finalize: boolean;
  channel: {
    alternatives: {
      transcript: string;
      confidence: number;
      words: DeepgramWord[];
      languages?: string[]; // if the model tells
    }[];
  };
  metadata: { request_id: string };
  segment?: number; // of a final
  offset?: number;
  resume_token?: string; // for who asked for it
}

export interface DeepgramResumePoint {
  type: "ResumePoint";
  stream_id: string;
  segment: number;
  offset: number;
  resume_token: string;
  window: number;
}

export interface DeepgramMetadata {
  type: "Metadata";
  request_id: string;
  sha256: string;
  created: string;
  duration: number;
  channels: number;
}

export type DeepgramMessage =
  | DeepgramResults
  | DeepgramMetadata
  | DeepgramResumePoint
  | { type: "SpeechStarted"; channel: number[]; timestamp: number }
  | { type: "UtteranceEnd"; channel: number[]; last_word_end: number };

export function transcriptOf(results: DeepgramResults): string {
  return results.channel.alternatives[0]!.transcript;
}

export class DeepgramClient extends JsonSocket<DeepgramMessage> {
  // Raw 16 kHz linear16 unless the query says otherwise; null leaves a parameter out.
  static async open(
    server: Pick<TuttiServer, "wsUrl">,
    query: Record<string, string | number | boolean | null> = {},
    options: OpenOptions = {},
  ): Promise<DeepgramClient> {
    const parameters = { encoding: "linear16", sample_rate: 16_000, ...query };
    const given = Object.entries(parameters).filter(([, value]) => value !== null);
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
    const { socket, headers } = await openSocket(`${server.wsUrl}/v1/listen?${text}`, options);
    return new DeepgramClient(socket, headers);
  }

  // As fast as the socket takes them, in messages of `ms`.
  sendAudio(samples: Int16Array, ms = 100): void {
    for (const piece of slices(bytesOf(samples), { ms })) this.socket.send(piece);
  }
  finalize(): void {
    this.sendJson({ type: "Finalize" });
  }
  keepAlive(): void {
    this.sendJson({ type: "KeepAlive" });
  }

  results(): DeepgramResults[] {
    return this.messages.all.filter((message) => message.type === "Results");
  }
  finals(): DeepgramResults[] {
    return this.results().filter((results) => results.is_final);
  }
  words(): DeepgramWord[] {
    return this.finals().flatMap((results) => results.channel.alternatives[0]!.words);
  }
  // Of all final windows so far.
  transcript(): string {
    return this.finals().map(transcriptOf).filter(Boolean).join(" ");
  }
  heard(text: string, ms?: number): Promise<true> {
    return this.messages.when(`the transcript "${text}"`, () => this.transcript() === text, ms);
  }

  // CloseStream, everything that is still to come, and the close.
  async finish(ms = 20_000): Promise<{ metadata: DeepgramMetadata; closing: Closing }> {
    this.sendJson({ type: "CloseStream" });
    const closing = await this.closing(ms);
    const metadata = this.messages.all.find((message) => message.type === "Metadata");
    if (!metadata)
      throw new Error(`no Metadata before the close ${closing.code} ${closing.reason}`);
    return { metadata, closing };
  }
}

// --- whoAsr --------------------------------------------------------------------------------------

export type WhoasrMessage =
  | { type: "status"; message: string }
  | { type: "error"; message: string }
  | { type: "recognition_result"; text: string; is_final: boolean };

let clients = 0;

export class WhoasrClient extends JsonSocket<WhoasrMessage> {
  static async open(server: TuttiServer, id = `client_${++clients}`): Promise<WhoasrClient> {
    const { socket, headers } = await openSocket(`${server.wsUrl}/ws/${id}`);
    return new WhoasrClient(socket, headers);
  }

  start(): void {
    this.sendJson({ type: "start_recording" });
  }
  stop(): void {
    this.sendJson({ type: "stop_recording" });
  }
  // In messages of 4096 samples, as its page does.
  sendAudio(samples: Int16Array): void {
    for (const piece of slices(float32Of(samples), { ms: 256, bytesPerSample: 4 }))
      this.sendJson({ type: "audio_chunk", data: piece.toString("base64") });
  }
  // Its texts are pieces of one text.
  text(): string {
    return this.messages.all
      .map((message) => (message.type === "recognition_result" ? message.text : ""))
      .join("");
  }
  async status(message: string, count = 1): Promise<void> {
    const matching = () =>
      this.messages.all.filter((one) => one.type === "status" && one.message === message);
    await this.messages.when(`status "${message}"`, () => matching().length >= count);
  }
}
