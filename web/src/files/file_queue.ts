// SPDX-License-Identifier: Apache-2.0
// Runs file tasks in the order they came, at most `limit` at once: more would only share the same
// network. A task calls its `release` exactly once when it is over, for whatever reason.

export type Task = (release: () => void) => void;

export class FileQueue {
  private readonly limit: number;
  private readonly waiting: Task[] = [];
  private running = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  // Returns a function that takes the task out again, true if it had not begun.
  add(task: Task): () => boolean {
    this.waiting.push(task);
    this.startNext();
    return () => {
      const index = this.waiting.indexOf(task);
      if (index >= 0) this.waiting.splice(index, 1);
      return index >= 0;
    };
  }

  private startNext(): void {
    if (this.running >= this.limit) return;
    const task = this.waiting.shift();
    if (task === undefined) return;
    this.running += 1;
    task(() => {
      this.running -= 1;
      this.startNext();
    });
  }
}
