// SPDX-License-Identifier: Apache-2.0
// One press of Start to one press of Stop: microphone, socket, captions and measurements together,
// without a line of DOM. The panel draws `this` whenever changed() is called.
import { LiveStream, type StreamErrorKind } from "../../client/src/index.ts";
import { serverIsReachable } from "../server.ts";
import { Capture, CaptureError, type CaptureProblem } from "./capture.ts";
import { Captions } from "./captions.ts";
import { isCongested } from "./congestion.ts";
import { Latency } from "./latency.ts";
import type { ListenResult } from "./listen_result.ts";
import type { Frame } from "./pcm.ts";

export type LiveState =
  | "idle"
  | "permission"  // The browser asks the user for the microphone.
  | "connecting"
  | "listening"
  | "reconnecting" // The connection broke; the microphone goes on, and nothing said is lost.
  | "finishing"   // No more audio; the last words are on their way.
  | "failed";     // `problem` says why; start() tries again.

export type LiveProblem = CaptureProblem | StreamErrorKind;

const kStoppable = new Set<LiveState>(["connecting", "listening", "reconnecting"]);

export interface LiveSessionEvents {
  changed(): void;
  level(peak: number): void;
}

export class LiveSession {
  state: LiveState = "idle";
  problem: LiveProblem | null = null;
  problemDetail = "";
  isCongested = false;
  captions = new Captions();
  latency = new Latency();
  private readonly events: LiveSessionEvents;
  private capture: Capture | null = null;
  private client: LiveStream | null = null;

  constructor(events: LiveSessionEvents) {
    this.events = events;
  }

  get isRunning(): boolean {
    return this.state !== "idle" && this.state !== "failed";
  }

  get seconds(): number {
    return this.client?.position ?? 0;
  }

  async start(model: string): Promise<void> {
    if (this.isRunning) return;
    this.problem = null;
    this.isCongested = false;
    this.latency = new Latency();
    this.client = null;
    this.enter("permission");
    try {
      this.capture = await Capture.open({
        frame: (frame) => this.onFrame(frame),
        lost: () => void this.onDeviceLost(),
      });
    } catch (error) {
      const known = error instanceof CaptureError ? error : null;
      this.fail(known?.problem ?? "unknown", known?.message ?? String(error));
      return;
    }
    this.captions.beginSession();
    this.client = this.openStream(model, this.capture.sampleRate);
    this.enter("connecting");
  }

  async stop(): Promise<void> {
    if (!kStoppable.has(this.state)) return;
    this.enter("finishing");
    await this.closeCapture();
    this.client?.finish();
  }

  private openStream(model: string, sampleRate: number): LiveStream {
    const query: Record<string, string> = { endpointing: "700", vad_events: "true" };
    if (model !== "") query["model"] = model;
    const stream = new LiveStream({ url: location.href, sampleRate, query });
    stream.on("opened", () => this.follow("connecting", "listening"));
    stream.on("partial", (result) => this.onResult({ ...result, isFinal: false }));
    stream.on("final", (result) => this.onResult({ ...result, isFinal: true }));
    stream.on("speech", ({ at }) => this.latency.onSpeechStarted(at));
    stream.on("reconnecting", () => this.follow("listening", "reconnecting"));
    stream.on("resumed", () => this.follow("reconnecting", "listening"));
    stream.on("closed", () => void this.onFinished());
    stream.on("error", ({ kind, message }) => void this.onDropped(kind, message));
    return stream;
  }

  // Stopping, for one, is not undone by a connection that comes back.
  private follow(from: LiveState, to: LiveState): void {
    if (this.state === from) this.enter(to);
  }

  private onResult(result: ListenResult): void {
    this.latency.onResult(result, this.seconds);
    this.captions.onResult(result);
    this.events.changed();
  }

  private onFrame(frame: Frame): void {
    if (this.client !== null) {
      this.client.send(frame.pcm);
      this.noteCongestion(this.client);
    }
    this.events.level(frame.peak);
  }

  private noteCongestion(client: LiveStream): void {
    const is = client.isConnected && isCongested(this.isCongested, client.backlog);
    if (is === this.isCongested) return;
    this.isCongested = is;
    this.events.changed();
  }

  private async onDeviceLost(): Promise<void> {
    if (this.capture === null) return;
    this.problem = "device_lost";
    await this.stop();
  }

  private async onFinished(): Promise<void> {
    this.captions.endSession(this.seconds);
    await this.closeCapture();
    this.enter(this.problem === null ? "idle" : "failed");
  }

  private async onDropped(cause: StreamErrorKind, detail: string): Promise<void> {
    this.captions.endSession(this.seconds);
    await this.closeCapture();
    // A browser does not tell a page why an upgrade failed; a server that answers here refused it.
    const isRefused = cause === "not_connected" && (await serverIsReachable());
    this.fail(isRefused ? "refused" : cause, detail);
  }

  private async closeCapture(): Promise<void> {
    const capture = this.capture;
    this.capture = null;
    await capture?.close();
  }

  private fail(problem: LiveProblem, detail: string): void {
    this.problem = problem;
    this.problemDetail = detail;
    this.enter("failed");
  }

  private enter(state: LiveState): void {
    this.state = state;
    this.isCongested = this.isCongested && state === "listening";
    this.events.changed();
  }
}
