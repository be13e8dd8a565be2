// SPDX-License-Identifier: Apache-2.0
// One recognition over one WebSocket. Audio may be pushed at once; what comes before the socket is
// open is kept and sent then, so the first words are never lost.
//
//   const client = new ListenClient(location.href, { model, sampleRate }, events);
//   client.push(pcm)*;  client.finish();     then exactly one of events.finished / events.dropped
//
// Every buffer is bounded: audio that waits for the socket by the connect deadline, audio that the
// network does not take by kMaxBacklogSeconds; beyond it the connection counts as lost.
import { parseServerMessage, type ListenResult } from "./messages.ts";

export type DropCause =
  | "not_connected"  // The socket never opened: no network, or the server refused.
  | "lost"           // It opened and broke, or the server ended it.
  | "too_slow";      // The network takes audio more slowly than it is spoken.

export interface ListenEvents {
  opened(): void;
  result(result: ListenResult): void;
  speechStarted(at: number): void;
  congested(isCongested: boolean): void;
  finished(): void;
  dropped(cause: DropCause, detail: string): void;
}

export interface ListenOptions {
  model: string; // "" = the server's default
  sampleRate: number;
}

const kConnectDeadlineMs = 10_000;
const kFinishDeadlineMs = 15_000;
const kKeepAliveMs = 4_000;
const kCongestedSeconds = 1.5;
const kRelaxedSeconds = 0.5;
const kMaxBacklogSeconds = 30;
const kNormalClosure = 1000;

type Timer = ReturnType<typeof setTimeout>;

export class ListenClient {
  private readonly socket: WebSocket;
  private readonly events: ListenEvents;
  private readonly bytesPerSecond: number;
  private readonly keepAlive: Timer;
  private deadline: Timer | undefined;
  private waiting: ArrayBuffer[] = [];
  private pushedBytes = 0;
  private pushedAtLastTick = 0;
  private wasOpen = false;
  private isFinishing = false;
  private isCongested = false;
  private isOver = false;

  constructor(page: string, options: ListenOptions, events: ListenEvents) {
    this.events = events;
    this.bytesPerSecond = options.sampleRate * 2;
    this.socket = new WebSocket(listenUrl(page, options));
    this.socket.onopen = () => this.onOpen();
    this.socket.onmessage = (event) => this.onMessage(event);
    this.socket.onclose = (event) => this.onClose(event);
    this.keepAlive = setInterval(() => this.onTick(), kKeepAliveMs);
    this.setDeadline(kConnectDeadlineMs, "not_connected");
  }

  // Seconds of audio pushed so far: where the microphone is on the stream's clock.
  get position(): number {
    return this.pushedBytes / this.bytesPerSecond;
  }

  push(pcm: ArrayBuffer): void {
    if (this.isOver || this.isFinishing) return;
    this.pushedBytes += pcm.byteLength;
    if (!this.wasOpen) {
      this.waiting.push(pcm);
      return;
    }
    this.socket.send(pcm);
    this.watchBacklog();
  }

  finish(): void {
    if (this.isOver || this.isFinishing) return;
    this.isFinishing = true;
    this.setDeadline(kFinishDeadlineMs, "lost");
    if (this.wasOpen) this.sendControl("CloseStream");
  }

  private onOpen(): void {
    if (this.isOver) return;
    this.wasOpen = true;
    for (const pcm of this.waiting) this.socket.send(pcm);
    this.waiting = [];
    if (this.isFinishing) this.sendControl("CloseStream");
    else clearTimeout(this.deadline);
    this.events.opened();
  }

  private onMessage(event: MessageEvent): void {
    if (this.isOver || typeof event.data !== "string") return;
    const message = parseServerMessage(event.data);
    if (message.kind === "result") this.events.result(message.result);
    if (message.kind === "speech_started") this.events.speechStarted(message.at);
    // Metadata is the last word of a finished stream; the close that follows may take its time.
    if (message.kind === "metadata" && this.isFinishing) this.end(() => this.events.finished());
  }

  private onClose(event: CloseEvent): void {
    if (this.isFinishing && event.code === kNormalClosure) {
      this.end(() => this.events.finished());
      return;
    }
    const detail = event.reason === "" ? String(event.code) : `${event.code} ${event.reason}`;
    this.drop(this.wasOpen ? "lost" : "not_connected", this.wasOpen ? detail : "");
  }

  // A microphone that is muted by the system sends nothing, yet the stream is to stay.
  private onTick(): void {
    if (this.wasOpen && !this.isFinishing && this.pushedBytes === this.pushedAtLastTick) {
      this.sendControl("KeepAlive");
    }
    this.pushedAtLastTick = this.pushedBytes;
  }

  private watchBacklog(): void {
    const backlog = this.socket.bufferedAmount / this.bytesPerSecond;
    if (backlog > kMaxBacklogSeconds) {
      this.drop("too_slow", "");
      return;
    }
    const isCongested = backlog > (this.isCongested ? kRelaxedSeconds : kCongestedSeconds);
    if (isCongested === this.isCongested) return;
    this.isCongested = isCongested;
    this.events.congested(isCongested);
  }

  private sendControl(type: "CloseStream" | "KeepAlive"): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type }));
  }

  private setDeadline(milliseconds: number, cause: DropCause): void {
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.drop(cause, ""), milliseconds);
  }

  private drop(cause: DropCause, detail: string): void {
    this.end(() => this.events.dropped(cause, detail));
  }

  private end(notify: () => void): void {
    if (this.isOver) return;
    this.isOver = true;
    this.waiting = [];
    clearTimeout(this.deadline);
    clearInterval(this.keepAlive);
    this.socket.close();
    notify();
  }
}

function listenUrl(page: string, options: ListenOptions): string {
  const url = new URL("/v1/listen", page);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const parameters: Record<string, string> = {
    encoding: "linear16",
    sample_rate: String(options.sampleRate),
    interim_results: "true",
    endpointing: "700",
    vad_events: "true",
  };
  if (options.model !== "") parameters["model"] = options.model;
  url.search = new URLSearchParams(parameters).toString();
  return url.href;
}
