// SPDX-License-Identifier: Apache-2.0
// One press of Start to one press of Stop: microphone, socket, captions and measurements together,
// without a line of DOM. The panel draws `this` whenever changed() is called.
import { serverIsReachable } from "../server.ts";
import { Capture, CaptureError, type CaptureProblem } from "./capture.ts";
import { Captions } from "./captions.ts";
import { Latency } from "./latency.ts";
import { ListenClient, type DropCause, type ListenEvents } from "./listen_client.ts";
import type { Frame } from "./pcm.ts";

export type LiveState =
  | "idle"
  | "permission"  // The browser asks the user for the microphone.
  | "connecting"
  | "listening"
  | "finishing"   // No more audio; the last words are on their way.
  | "failed";     // `problem` says why; start() tries again.

export type LiveProblem = CaptureProblem | DropCause | "refused";

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
  private client: ListenClient | null = null;

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
    const options = { model, sampleRate: this.capture.sampleRate };
    this.client = new ListenClient(location.href, options, this.listenEvents());
    this.enter("connecting");
  }

  async stop(): Promise<void> {
    if (this.state !== "connecting" && this.state !== "listening") return;
    this.enter("finishing");
    await this.closeCapture();
    this.client?.finish();
  }

  private listenEvents(): ListenEvents {
    return {
      opened: () => {
        if (this.state === "connecting") this.enter("listening");
      },
      result: (result) => {
        this.latency.onResult(result, this.seconds);
        this.captions.onResult(result);
        this.events.changed();
      },
      speechStarted: (at) => this.latency.onSpeechStarted(at),
      congested: (isCongested) => {
        this.isCongested = isCongested;
        this.events.changed();
      },
      finished: () => void this.onFinished(),
      dropped: (cause, detail) => void this.onDropped(cause, detail),
    };
  }

  private onFrame(frame: Frame): void {
    this.client?.push(frame.pcm.buffer);
    this.events.level(frame.peak);
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

  private async onDropped(cause: DropCause, detail: string): Promise<void> {
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
