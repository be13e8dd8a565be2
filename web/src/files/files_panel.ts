// SPDX-License-Identifier: Apache-2.0
// The file half of the page: takes files from the picker or dropped anywhere on the page, newest
// last, and keeps their rows.
import { onLanguageChange } from "../i18n.ts";
import { byId } from "../ui/dom.ts";
import { FileJob } from "./file_job.ts";
import { FileQueue } from "./file_queue.ts";
import { FileRow } from "./file_row.ts";

const kParallelFiles = 2;

export class FilesPanel {
  private readonly queue = new FileQueue(kParallelFiles);
  private readonly jobs = new Map<FileJob, FileRow>();
  private readonly list = byId("file-rows");
  private readonly model = byId<HTMLSelectElement>("file-model");
  private readonly drop = byId("drop");

  constructor() {
    const input = byId<HTMLInputElement>("file-input");
    input.addEventListener("change", () => {
      this.add(input.files);
      // Else choosing the same file again would not be a change.
      input.value = "";
    });
    this.acceptDrops();
    onLanguageChange(() => this.jobs.forEach((row) => row.draw()));
  }

  get isActive(): boolean {
    return [...this.jobs.keys()].some((job) => job.isActive);
  }

  private add(files: FileList | null): void {
    for (const file of files ?? []) {
      const job: FileJob = new FileJob(file, this.model.value, this.queue, () =>
        this.jobs.get(job)?.draw(),
      );
      const row = new FileRow(job, () => this.remove(job));
      this.jobs.set(job, row);
      this.list.append(row.element);
      job.enqueue();
    }
  }

  private remove(job: FileJob): void {
    this.jobs.get(job)?.element.remove();
    this.jobs.delete(job);
    byId("file-input").focus();
  }

  // The whole page takes drops: a file that misses the zone would replace the page.
  private acceptDrops(): void {
    const mark = (isOver: boolean) => this.drop.classList.toggle("is-over", isOver);
    document.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      mark(true);
    });
    document.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) mark(false);
    });
    document.addEventListener("drop", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      mark(false);
      this.add(event.dataTransfer.files);
    });
  }
}
