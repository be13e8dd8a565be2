// SPDX-License-Identifier: Apache-2.0
// One live stream to /v1/listen that outlives its connections.
//
//   const stream = new LiveStream({ url: "ws://host:8000", sampleRate: 16000 });
//   stream.on("final", (result) => ...);
//   stream.send(pcm)*;  stream.finish();    then exactly one of "closed" / "error", and nothing more
//
// 1. Audio may be sent at once and while there is no connection; it is kept until the server has
//    told all of it.
// 2. When the connection breaks, "reconnecting" is told before each try and "resumed" after the one
//    that succeeded. Finals are told once each, in order.
// 3. Tries end when the server's window for resuming is over; then the error is "lost".
// 4. At most `maxKeptSeconds` of audio are kept; beyond it the error is "overflow".
import { backOffMs } from "./back_off.ts";
import { KeptAudio, type Piece } from "./kept_audio.ts";
import { readMessage, type Message, type Point, type Result } from "./messages.ts";

export interface LiveOptions {
  url: string; // of the server: http, https, ws or wss
  sampleRate: number;
  encoding?: "linear16" | "mulaw" | "alaw"; // linear16 unless given
  channels?: number; // 1 unless given; they are mixed
  query?: Record<string, string | number | boolean>; // further parameters of /v1/listen
  apiKey?: string;
  maxKeptSeconds?: number; // 180 unless given
  connectTimeoutMs?: number; // of each connection; 10 s unless given
  finishTimeoutMs?: number; // from finish(), or the last final after it; 30 s unless given
  WebSocket?: typeof WebSocket; // the platform's unless given
  random?: () => number;
}

export type StreamErrorKind =
  | "not_connected" // The first connection never opened: no network, or the server refused.
  | "refused" //       The server says that what it gets is wrong.
  | "lost" //          The connection broke and could not be taken up again in time.
  | "overflow"; //     More audio would have to be kept than is allowed.

export interface StreamError {
  kind: StreamErrorKind;
  message: string;
}

export interface Reconnecting {
  attempt: number; // from 1, since the connection broke
  delayMs: number;
  cause: string;
}

export interface Resumed {
  attempts: number;
  from: number; // seconds on the stream's clock: audio from there on is sent again
}

export interface LiveEvents {
  opened: Record<string, never>; // once
  partial: Result;
  final: Result;
  speech: { at: number }; // with query.vad_events
  reconnecting: Reconnecting;
  resumed: Resumed;
  closed: { duration: number };
  error: StreamError;
}

type Timer = ReturnType<typeof setTimeout>;
type Listener<K extends keyof LiveEvents> = (event: LiveEvents[K]) => void;

const kMessageBytes = 64 * 1024;
const kKeepAliveMs = 4_000;
// The server renews the token every 5 s at least: who hears nothing for so long is alone.
const kSilenceMs = 20_000;
const kLongestTimer = 2 ** 31 - 1;
// Closes after which trying again would meet the same answer.
const kFatal = new Set([1002, 1003, 1007, 1008, 1009]);

export class LiveStream {
  private readonly options: LiveOptions;
  private readonly random: () => number;
  private readonly frameBytes: number;
  private readonly target: string;
  private readonly kept = new KeptAudio();
  private readonly listeners = new Map<keyof LiveEvents, Set<(event: never) => void>>();
  private socket: WebSocket | undefined;
  private point: Point = { segment: 0, offset: 0, token: undefined };
  private windowMs = 0;
  private attempts = 0; // since the connection broke
  private wasOpen = false;
  private isFinishing = false;
  private isUntracked = false; // a final was told that no token stands for
  private isOver = false;
  private id = "";
  private endAtLastTick = 0;
  private retry: Timer | undefined;
  private connectDeadline: Timer | undefined;
  private giveUp: Timer | undefined;
  private silence: Timer | undefined;
  private finishDeadline: Timer | undefined;
  private readonly keepAlive: Timer;

  constructor(options: LiveOptions) {
    this.options = options;
    this.random = options.random ?? Math.random;
    const isOneByte = options.encoding === "mulaw" || options.encoding === "alaw";
    this.frameBytes = (options.channels ?? 1) * (isOneByte ? 1 : 2);
    this.target = targetOf(options);
    this.keepAlive = setInterval(() => this.onTick(), kKeepAliveMs);
    this.connect();
  }

  // Returns what takes the listener away again.
  on<K extends keyof LiveEvents>(name: K, listener: Listener<K>): () => void {
    const all = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, all);
    all.add(listener);
    return () => all.delete(listener);
  }

  // The same over all connections; empty until the server has said it.
  get streamId(): string {
    return this.id;
  }

  // Seconds of audio sent so far: where the speaker is on the stream's clock.
  get position(): number {
    return this.secondsOf(this.kept.end);
  }

  // Seconds of audio that the network has not taken yet.
  get backlog(): number {
    const waiting = this.isOpen ? this.socket!.bufferedAmount : this.kept.size;
    return this.secondsOf(waiting);
  }

  // Seconds of audio that the server has not told yet, and that are kept therefore.
  get untold(): number {
    return this.secondsOf(this.kept.size);
  }

  get isConnected(): boolean {
    return this.isOpen;
  }

  // Raw audio of the stream's format; the buffer may be used again at once.
  send(audio: ArrayBuffer | ArrayBufferView): void {
    if (this.isOver || this.isFinishing) return;
    const bytes = ArrayBuffer.isView(audio)
      ? new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength)
      : new Uint8Array(audio);
    for (let at = 0; at < bytes.byteLength; at += kMessageBytes) {
      this.kept.push(bytes.subarray(at, at + kMessageBytes));
      this.transmit(this.kept.all().at(-1)!);
    }
    this.limitKept();
  }

  // What was said so far becomes final now, without waiting for silence.
  finalize(): void {
    if (this.isOver || this.isFinishing) return;
    this.kept.pushControl("Finalize");
    this.transmit(this.kept.all().at(-1)!);
  }

  // No more audio comes. Ends with "closed" when everything was told.
  finish(): void {
    if (this.isOver || this.isFinishing) return;
    this.isFinishing = true;
    if (this.isOpen) this.sendEnd();
  }

  // Ends at once, with "closed"; what was not told is lost.
  close(): void {
    this.end(() => this.tell("closed", { duration: this.position }));
  }

  // --- connections -------------------------------------------------------------------------------

  private connect(): void {
    const Socket = this.options.WebSocket ?? WebSocket;
    const { token } = this.point;
    const protocols = this.options.apiKey === undefined ? [] : ["token", this.options.apiKey];
    if (token !== undefined) protocols.push("tutti.resume", token);
    const socket = new Socket(this.target, protocols);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    const isCurrent = () => this.socket === socket && !this.isOver;
    socket.onopen = () => isCurrent() && this.onOpen();
    socket.onmessage = (event) => isCurrent() && this.onMessage(event.data as unknown);
    socket.onerror = () => undefined; // a close follows
    socket.onclose = (event) => isCurrent() && this.onClose(event.code, event.reason);
    const limit = this.options.connectTimeoutMs ?? 10_000;
    clearTimeout(this.connectDeadline);
    this.connectDeadline = setTimeout(() => this.abandon("no answer"), limit);
  }

  private get isOpen(): boolean {
    return this.socket?.readyState === 1;
  }

  private onOpen(): void {
    clearTimeout(this.connectDeadline);
    this.hearAgain();
    for (const piece of this.kept.all()) this.transmit(piece);
    if (this.isFinishing) this.sendEnd();
    if (this.wasOpen) return;
    this.wasOpen = true;
    this.tell("opened", {});
  }

  private onClose(code: number, reason: string): void {
    const cause = reason === "" ? String(code) : `${code} ${reason}`;
    this.socket = undefined;
    clearTimeout(this.connectDeadline);
    clearTimeout(this.silence);
    clearTimeout(this.finishDeadline);
    if (!this.wasOpen) return this.fail("not_connected", cause);
    if (code === 1000) return this.end(() => this.tell("closed", { duration: this.position }));
    if (kFatal.has(code)) return this.fail("refused", cause);
    if (!this.canResume) return this.fail("lost", cause);
    this.comeAgain(cause);
  }

  // All that the next connection has to hear is kept, and nothing of it was told.
  private get canResume(): boolean {
    if (this.point.token === undefined) return this.kept.start === 0 && !this.isUntracked;
    return this.kept.start <= this.point.offset * this.frameBytes;
  }

  private comeAgain(cause: string): void {
    if (this.attempts === 0) {
      const limit = Math.min(this.windowMs || 60_000, kLongestTimer);
      this.giveUp = setTimeout(() => this.fail("lost", cause), limit);
    }
    const delayMs = backOffMs(this.attempts, this.random);
    ++this.attempts;
    this.tell("reconnecting", { attempt: this.attempts, delayMs, cause });
    if (this.isOver) return; // by a listener
    this.retry = setTimeout(() => this.connect(), delayMs);
  }

  // The socket says nothing more: we do not wait for its own close, which may take minutes.
  private abandon(cause: string): void {
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
    this.onClose(1006, cause);
  }

  private hearAgain(): void {
    clearTimeout(this.silence);
    if (this.point.token === undefined) return; // such a server says nothing of itself
    // Soon enough for the window that is left then.
    const limit = Math.min(kSilenceMs, this.windowMs / 2 || kSilenceMs);
    this.silence = setTimeout(() => this.abandon("the server is silent"), limit);
  }

  // --- towards the server ------------------------------------------------------------------------

  private transmit(piece: Piece): void {
    if (!this.isOpen) return;
    if ("bytes" in piece) this.socket!.send(piece.bytes);
    else this.socket!.send(JSON.stringify({ type: piece.control }));
  }

  private sendEnd(): void {
    this.socket!.send('{"type":"CloseStream"}');
    this.waitForEnd();
  }

  private waitForEnd(): void {
    if (!this.isFinishing) return;
    clearTimeout(this.finishDeadline);
    const limit = this.options.finishTimeoutMs ?? 30_000;
    this.finishDeadline = setTimeout(() => this.fail("lost", "no end within its time"), limit);
  }

  // A microphone that is muted sends nothing, yet the stream is to stay.
  private onTick(): void {
    if (this.isOpen && !this.isFinishing && this.kept.end === this.endAtLastTick)
      this.socket!.send('{"type":"KeepAlive"}');
    this.endAtLastTick = this.kept.end;
  }

  private limitKept(): void {
    const most = this.options.maxKeptSeconds ?? 180;
    if (this.secondsOf(this.kept.size) <= most) return;
    // Without a token what was sent is of no further use.
    if (this.isOpen && this.point.token === undefined) return this.kept.dropUpTo(this.kept.end);
    this.fail("overflow", `more than ${most} s of audio are not told yet`);
  }

  // --- from the server ---------------------------------------------------------------------------

  private onMessage(data: unknown): void {
    if (typeof data !== "string") return;
    if (this.attempts > 0) this.onResumed();
    this.hear(readMessage(data));
    if (!this.isOver) this.hearAgain();
  }

  // Not before the server has said something: one that accepts and drops is not there yet.
  private onResumed(): void {
    const attempts = this.attempts;
    this.attempts = 0;
    clearTimeout(this.giveUp);
    this.tell("resumed", { attempts, from: this.point.offset / this.options.sampleRate });
  }

  private hear(message: Message): void {
    switch (message.kind) {
      case "partial":
        return this.tell("partial", message.result);
      case "final":
        if (message.point) this.move(message.point);
        else this.isUntracked = true;
        this.waitForEnd();
        return this.tell("final", message.result);
      case "point":
        return this.onPoint(message);
      case "speech":
        return this.tell("speech", { at: message.at });
      case "metadata":
        // The last word of a finished stream; the close that follows may take its time.
        if (this.isFinishing)
          this.end(() => this.tell("closed", { duration: message.duration }));
        return;
      case "other":
    }
  }

  private onPoint(message: Extract<Message, { kind: "point" }>): void {
    this.windowMs = message.windowMs;
    this.move(message.point);
    this.id = message.streamId;
  }

  private move(point: Point): void {
    this.point = point;
    this.kept.dropUpTo(point.offset * this.frameBytes);
  }

  // --- ends --------------------------------------------------------------------------------------

  private fail(kind: StreamErrorKind, message: string): void {
    this.end(() => this.tell("error", { kind, message }));
  }

  private end(notify: () => void): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const timer of [
      this.retry,
      this.connectDeadline,
      this.giveUp,
      this.silence,
      this.finishDeadline,
    ])
      clearTimeout(timer);
    clearInterval(this.keepAlive);
    this.socket?.close();
    this.socket = undefined;
    notify();
  }

  private tell<K extends keyof LiveEvents>(name: K, event: LiveEvents[K]): void {
    for (const listener of this.listeners.get(name) ?? []) (listener as Listener<K>)(event);
  }

  private secondsOf(bytes: number): number {
    return bytes / this.frameBytes / this.options.sampleRate;
  }
}

function targetOf(options: LiveOptions): string {
  const url = new URL("/v1/listen", options.url);
  url.protocol = url.protocol.replace(/^http/, "ws");
  const query: Record<string, string | number | boolean> = {
    encoding: options.encoding ?? "linear16",
    sample_rate: options.sampleRate,
    interim_results: true,
    ...options.query,
    resume: true,
  };
  if (options.channels !== undefined) query["channels"] = options.channels;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  return url.href;
}
