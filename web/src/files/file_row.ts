// SPDX-License-Identifier: Apache-2.0
// Draws one FileJob and passes on its buttons.
import { byteSize, clock, elapsed } from "../format/units.ts";
import { t } from "../i18n.ts";
import { cloneTemplate, part, setText } from "../ui/dom.ts";
import { createExportBar, updateExportBar } from "../ui/export_bar.ts";
import { translateTree } from "../ui/translate.ts";
import type { FileJob } from "./file_job.ts";

export class FileRow {
  readonly element = cloneTemplate("file-row-template");
  private readonly job: FileJob;
  private readonly exports: HTMLElement;

  constructor(job: FileJob, remove: () => void) {
    this.job = job;
    translateTree(this.element);
    const name = part(this.element, ".row-name");
    name.textContent = job.file.name;
    name.title = job.file.name;
    part(this.element, ".row-size").textContent = byteSize(job.file.size);
    this.exports = createExportBar({
      transcript: () => job.transcript,
      fileStem: () => job.file.name.replace(/\.[^.]+$/, ""),
    });
    part(this.element, ".row-exports").append(this.exports);
    this.onAction("cancel", () => job.cancel());
    this.onAction("retry", () => job.enqueue());
    this.onAction("remove", remove);
  }

  draw(): void {
    const { job, element } = this;
    element.dataset["state"] = job.state;
    this.drawBars();
    const status = part(element, ".row-status");
    // Every percent read aloud would be noise; how it ended is news.
    status.ariaLive = job.isActive ? "off" : "polite";
    setText(status, statusText(job));
    this.drawError();
    this.drawText();
    this.button("cancel").hidden = !job.isActive;
    this.button("retry").hidden = job.state !== "failed" && job.state !== "cancelled";
    this.button("remove").hidden = job.isActive;
    part(element, ".row-exports").hidden = job.state !== "done" || job.transcript.text === "";
    updateExportBar(this.exports, job.transcript);
  }

  private drawBars(): void {
    const { job, element } = this;
    part(element, ".bars").hidden = job.state !== "uploading" && job.state !== "recognising";
    part<HTMLProgressElement>(element, ".bar-upload").value = job.uploaded;
    const bar = part<HTMLProgressElement>(element, ".bar-recognition");
    const { recognised, duration } = job.progress;
    if (duration > 0) bar.value = Math.min(1, recognised / duration);
    else if (job.state === "recognising") bar.removeAttribute("value");
    else bar.value = 0;
  }

  private drawError(): void {
    const { job } = this;
    const error = part(this.element, ".row-error");
    error.hidden = job.problem === null;
    if (job.problem === null) return;
    const words = job.serverWords === "" ? "" : ` ${t("server_says", { words: job.serverWords })}`;
    setText(error, t(`file_${job.problem}`) + words);
  }

  // The text grows while it is read, so it follows its end only when the reader is there.
  private drawText(): void {
    const box = part(this.element, ".row-text");
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
    box.hidden = this.job.transcript.text === "";
    setText(box, this.job.transcript.text);
    if (isAtEnd && this.job.isActive) box.scrollTop = box.scrollHeight;
  }

  private button(action: string): HTMLButtonElement {
    return part<HTMLButtonElement>(this.element, `.row-foot [data-action="${action}"]`);
  }

  private onAction(action: string, run: () => void): void {
    this.button(action).addEventListener("click", run);
  }
}

function statusText(job: FileJob): string {
  const { recognised, duration } = job.progress;
  switch (job.state) {
    case "waiting":
      return t("file_waiting");
    case "uploading":
      return t("file_uploading", { percent: Math.floor(job.uploaded * 100) });
    case "recognising":
      if (duration <= 0) return t("file_processing");
      return t("file_recognising", { done: clock(recognised), total: clock(duration) });
    case "done":
      if (job.transcript.text === "") return t("file_done_no_speech");
      return doneText(job);
    case "failed":
      return t("file_stopped");
    case "cancelled":
      return t("file_cancelled");
  }
}

function doneText(job: FileJob): string {
  const values = { elapsed: elapsed(job.elapsedSeconds), audio: clock(job.progress.duration) };
  return t(job.progress.duration > 0 ? "file_done_audio" : "file_done", values);
}
