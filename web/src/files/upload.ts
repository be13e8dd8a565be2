// SPDX-License-Identifier: Apache-2.0
// Sends one file and reads its transcript as it is made. XMLHttpRequest, because fetch() cannot
// tell how much of an upload has gone out.
//
//   const upload = startUpload({ file, model }, events);    upload.cancel();
//   events: uploaded* -> (progress | delta)* -> done | failed;   nothing after cancel()
import type { Transcript } from "../format/transcript.ts";
import { readAnswer, readErrorBody, type Progress } from "./answer.ts";
import { EventStream } from "./event_stream.ts";

export type UploadProblem =
  | "network"     // No answer: the connection broke.
  | "busy"        // 429 or 503: worth trying again.
  | "too_large"
  | "refused"     // Any other refusal; the server's words say why.
  | "failed"      // Accepted, then not recognised.
  | "incomplete"; // The answer ended before the transcript did.

export interface UploadEvents {
  uploaded(fraction: number): void;
  progress(progress: Progress): void;
  delta(text: string): void;
  done(transcript: Transcript): void;
  failed(problem: UploadProblem, serverWords: string): void;
}

export interface UploadRequest {
  file: File;
  model: string; // "" = the server's default
}

export interface Upload {
  cancel(): void;
}

export function startUpload(request: UploadRequest, events: UploadEvents): Upload {
  const exchange = new Exchange(events);
  exchange.send(request);
  return { cancel: () => exchange.cancel() };
}

class Exchange {
  private readonly http = new XMLHttpRequest();
  private readonly stream = new EventStream();
  private readonly events: UploadEvents;
  private readLength = 0;
  private isOver = false;

  constructor(events: UploadEvents) {
    this.events = events;
    this.http.open("POST", "/v1/audio/transcriptions");
    this.http.upload.onprogress = (event) => {
      if (!this.isOver && event.lengthComputable) events.uploaded(event.loaded / event.total);
    };
    this.http.onprogress = () => this.readMore();
    this.http.onload = () => this.onEnd();
    this.http.onerror = () => this.end(() => events.failed("network", ""));
  }

  send(request: UploadRequest): void {
    this.http.send(formOf(request));
  }

  cancel(): void {
    this.isOver = true;
    this.http.abort();
  }

  private readMore(): void {
    if (this.http.status !== 200) return;
    const text = this.http.responseText;
    const news = this.stream.push(text.slice(this.readLength));
    this.readLength = text.length;
    for (const value of news) this.onAnswer(value);
  }

  private onAnswer(value: unknown): void {
    if (this.isOver) return;
    const answer = readAnswer(value);
    if (answer.kind === "delta") this.events.delta(answer.text);
    if (answer.kind === "progress") this.events.progress(answer.progress);
    if (answer.kind === "done") this.end(() => this.events.done(answer.transcript));
    if (answer.kind === "error") this.end(() => this.events.failed("failed", answer.message));
  }

  private onEnd(): void {
    if (this.http.status === 200) {
      this.readMore();
      this.end(() => this.events.failed("incomplete", ""));
      return;
    }
    const problem = kProblemOfStatus[this.http.status] ?? "refused";
    const words = readErrorBody(this.http.responseText) || String(this.http.status);
    this.end(() => this.events.failed(problem, words));
  }

  private end(notify: () => void): void {
    if (this.isOver) return;
    this.isOver = true;
    notify();
  }
}

const kProblemOfStatus: Record<number, UploadProblem> = {
  413: "too_large",
  429: "busy",
  503: "busy",
};

// The transcription API demands a name; this one means the default by configuration (`aliases`).
const kDefaultModel = "default";

// The file comes last, so that the server knows the settings before the first byte of audio.
function formOf({ file, model }: UploadRequest): FormData {
  const form = new FormData();
  form.append("model", model === "" ? kDefaultModel : model);
  form.append("response_format", "json");
  form.append("stream", "true");
  form.append("include[]", "progress");
  form.append("timestamp_granularities[]", "segment");
  form.append("timestamp_granularities[]", "word");
  form.append("file", file, file.name);
  return form;
}
