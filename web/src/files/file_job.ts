// SPDX-License-Identifier: Apache-2.0
// One chosen file from waiting to its transcript, without DOM. The row draws `this` whenever
// changed() is called.
//
//   waiting -> uploading -> recognising -> done | failed;   cancel() at any time; retry() after both
import type { Transcript } from "../format/transcript.ts";
import type { Progress } from "./answer.ts";
import type { FileQueue } from "./file_queue.ts";
import { startUpload, type Upload, type UploadProblem } from "./upload.ts";

export type FileState = "waiting" | "uploading" | "recognising" | "done" | "failed" | "cancelled";

export class FileJob {
  readonly file: File;
  state: FileState = "waiting";
  uploaded = 0; // 0..1
  progress: Progress = { recognised: 0, duration: 0 };
  transcript: Transcript = { text: "", segments: [] };
  problem: UploadProblem | "empty" | null = null;
  serverWords = "";
  elapsedSeconds = 0;
  private readonly queue: FileQueue;
  private readonly changed: () => void;
  private readonly model: string;
  private upload: Upload | null = null;
  private leaveQueue: () => boolean = () => false;
  private release: () => void = () => {};
  private startedAt = 0;

  constructor(file: File, model: string, queue: FileQueue, changed: () => void) {
    this.file = file;
    this.model = model;
    this.queue = queue;
    this.changed = changed;
  }

  get isActive(): boolean {
    return this.state === "waiting" || this.state === "uploading" || this.state === "recognising";
  }

  enqueue(): void {
    this.uploaded = 0;
    this.progress = { recognised: 0, duration: 0 };
    this.transcript = { text: "", segments: [] };
    this.problem = null;
    this.serverWords = "";
    if (this.file.size === 0) {
      this.fail("empty", "");
      return;
    }
    this.enter("waiting");
    this.leaveQueue = this.queue.add((release) => this.begin(release));
  }

  cancel(): void {
    if (!this.isActive) return;
    const hadBegun = !this.leaveQueue();
    this.upload?.cancel();
    this.enter("cancelled");
    if (hadBegun) this.release();
  }

  private begin(release: () => void): void {
    this.release = release;
    this.startedAt = performance.now();
    this.enter("uploading");
    this.upload = startUpload(
      { file: this.file, model: this.model },
      {
        uploaded: (fraction) => this.onUploaded(fraction),
        progress: (progress) => {
          this.progress = progress;
          this.enter("recognising");
        },
        delta: (text) => {
          this.transcript.text += text;
          this.enter("recognising");
        },
        done: (transcript) => this.onDone(transcript),
        failed: (problem, words) => {
          this.fail(problem, words);
          this.release();
        },
      },
    );
  }

  private onUploaded(fraction: number): void {
    this.uploaded = fraction;
    this.enter(fraction >= 1 ? "recognising" : "uploading");
  }

  private onDone(transcript: Transcript): void {
    this.transcript = transcript;
    this.elapsedSeconds = (performance.now() - this.startedAt) / 1000;
    this.enter("done");
    this.release();
  }

  private fail(problem: UploadProblem | "empty", serverWords: string): void {
    this.problem = problem;
    this.serverWords = serverWords;
    this.enter("failed");
  }

  private enter(state: FileState): void {
    this.state = state;
    this.changed();
  }
}
