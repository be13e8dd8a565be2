// SPDX-License-Identifier: Apache-2.0
// The microphone: opens it, hands out frames of PCM, and names what can go wrong.
//
//   const capture = await Capture.open({ frame, lost });    from a click, or browsers stay silent
//   capture.sampleRate                                      of the frames
//   await capture.close();                                  the last frame arrives before it returns
import { sentRate, type Frame } from "./pcm.ts";
import workletUrl from "./pcm_worklet.ts?worker&url";

export type CaptureProblem =
  | "insecure"     // Browsers give microphones to https pages and localhost only.
  | "unsupported"  // No AudioWorklet.
  | "denied"
  | "no_device"
  | "device_busy"
  | "device_lost"  // Unplugged, or taken back by the system, while it was in use.
  | "unknown";

export class CaptureError extends Error {
  readonly problem: CaptureProblem;
  constructor(problem: CaptureProblem, detail = "") {
    super(detail);
    this.problem = problem;
  }
}

export interface CaptureEvents {
  frame(frame: Frame): void;
  lost(): void;
}

const kFlushDeadlineMs = 300;

export class Capture {
  readonly sampleRate: number;
  private readonly context: AudioContext;
  private readonly stream: MediaStream;
  private readonly node: AudioWorkletNode;
  private onFlushed: () => void = () => {};

  static async open(events: CaptureEvents): Promise<Capture> {
    requireSupport();
    // Created before the first await, while the click still counts as the user's gesture.
    const context = new AudioContext({ latencyHint: "interactive" });
    let stream: MediaStream | undefined;
    try {
      stream = await requestMicrophone();
      await context.audioWorklet.addModule(workletUrl);
      await context.resume();
      return new Capture(context, stream, events);
    } catch (error) {
      stream?.getTracks().forEach((track) => track.stop());
      await context.close();
      throw error instanceof CaptureError ? error : new CaptureError("unknown", String(error));
    }
  }

  private constructor(context: AudioContext, stream: MediaStream, events: CaptureEvents) {
    this.context = context;
    this.stream = stream;
    this.sampleRate = sentRate(context.sampleRate);
    this.node = new AudioWorkletNode(context, "pcm", { numberOfInputs: 1, numberOfOutputs: 1 });
    this.node.port.onmessage = (event: MessageEvent<Frame | null>) => {
      if (event.data === null) this.onFlushed();
      else events.frame(event.data);
    };
    context.createMediaStreamSource(stream).connect(this.node);
    // The node writes no output; without this connection some browsers never run it.
    this.node.connect(context.destination);
    stream.getAudioTracks()[0]?.addEventListener("ended", () => events.lost());
    // iOS suspends the context for a phone call and leaves it to the page to go on.
    context.onstatechange = () => {
      if (context.state !== "running" && context.state !== "closed") void context.resume();
    };
  }

  async close(): Promise<void> {
    const flushed = new Promise<void>((resolve) => {
      this.onFlushed = resolve;
      setTimeout(resolve, kFlushDeadlineMs);
    });
    this.node.port.postMessage("flush");
    await flushed;
    this.node.port.onmessage = null;
    this.stream.getTracks().forEach((track) => track.stop());
    this.context.onstatechange = null;
    if (this.context.state !== "closed") await this.context.close();
  }
}

function requireSupport(): void {
  if (!window.isSecureContext || navigator.mediaDevices === undefined) {
    throw new CaptureError("insecure");
  }
  if (typeof AudioWorkletNode === "undefined") throw new CaptureError("unsupported");
}

async function requestMicrophone(): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: {
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
        channelCount: 1,
      },
    });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    throw new CaptureError(kProblems[name] ?? "unknown", String(error));
  }
}

const kProblems: Record<string, CaptureProblem> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "no_device",
  OverconstrainedError: "no_device",
  NotReadableError: "device_busy",
  AbortError: "device_busy",
};
