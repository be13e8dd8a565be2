// SPDX-License-Identifier: Apache-2.0
// The buttons that take a text away: copy, and download as TXT, SRT or VTT. The same bar serves
// live captions and files.
import { toCues, toSrt, toVtt } from "../format/subtitles.ts";
import type { Transcript } from "../format/transcript.ts";
import { t } from "../i18n.ts";
import { cloneTemplate } from "./dom.ts";
import { showToast } from "./toast.ts";
import { translateTree } from "./translate.ts";

export interface ExportSource {
  transcript(): Transcript;
  fileStem(): string;
}

const kWriters: Record<string, (transcript: Transcript) => string> = {
  txt: (transcript) => `${transcript.text}\n`,
  srt: (transcript) => toSrt(toCues(transcript.segments)),
  vtt: (transcript) => toVtt(toCues(transcript.segments)),
};

export function createExportBar(source: ExportSource): HTMLElement {
  const bar = cloneTemplate("exports-template");
  translateTree(bar);
  bar.addEventListener("click", (event) => {
    const action = (event.target as HTMLElement).dataset["action"] ?? "";
    if (action === "copy") void copyText(source.transcript().text);
    const write = kWriters[action];
    if (write !== undefined) download(`${source.fileStem()}.${action}`, write(source.transcript()));
  });
  return bar;
}

// Subtitles need times; a model may give none.
export function updateExportBar(bar: HTMLElement, transcript: Transcript): void {
  for (const button of bar.querySelectorAll<HTMLButtonElement>("button")) {
    const action = button.dataset["action"];
    const needsTimes = action === "srt" || action === "vtt";
    button.disabled = needsTimes ? transcript.segments.length === 0 : transcript.text === "";
  }
}

async function copyText(text: string): Promise<void> {
  const isCopied = navigator.clipboard ? await copyByApi(text) : copyBySelection(text);
  showToast(t(isCopied ? "copied" : "copy_failed"));
}

async function copyByApi(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// Pages that are not secure have no clipboard API; the old command still works there.
function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // Some browsers read the blob only after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
