// SPDX-License-Identifier: Apache-2.0
// Waiting with a deadline: for a promise, for a state of another process, for a message.
// No test sleeps; what has no event of its own (another process's state) is looked at often.

const kPollMs = 10;

export class DeadlineError extends Error {}

type Truthy<T> = Exclude<NonNullable<T>, false | 0 | "">;

// The promise's value, or a DeadlineError that says what was waited for.
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

// Looks until `look` gives something truthy. `describe` says, for the failure, what was seen last.
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  { ms = 10_000, describe = String }: { ms?: number; describe?: (seen: T) => string } = {},
): Promise<Truthy<T>> {
  const end = performance.now() + ms;
  for (;;) {
    const seen = await look();
    if (seen) return seen as Truthy<T>;
    if (performance.now() > end)
      throw new DeadlineError(`${what}: not within ${ms} ms, last seen: ${describe(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, kPollMs));
  }
}

// What arrived, in order, and the means to wait for what has not arrived yet.
export class Inbox<T> {
  readonly all: T[] = [];
  private waiters: (() => void)[] = [];
  private end: string | undefined;

  push(item: T): void {
    this.all.push(item);
    this.wake();
  }

  // Nothing more will arrive: waiters fail at once instead of at their deadline.
  close(why: string): void {
    this.end ??= why;
    this.wake();
  }

  // The first item, arrived already or still to come, that matches.
  first(what: string, matches: (item: T) => boolean, ms = 10_000): Promise<T> {
    return this.when(what, () => this.all.find(matches), ms);
  }

  // The first truthy value of `look`, taken anew at every arrival.
  when<R>(what: string, look: () => R | undefined | false, ms = 10_000): Promise<R> {
    const search = async (): Promise<R> => {
      for (;;) {
        const found = look();
        if (found) return found;
        if (this.end !== undefined) throw new Error(`${what}: ${this.end}; ${this.summary()}`);
        await new Promise<void>((resolve) => this.waiters.push(resolve));
      }
    };
    return within(ms, what, search()).catch((error: unknown) => {
      if (error instanceof DeadlineError) error.message += `; ${this.summary()}`;
      throw error;
    });
  }

  private summary(): string {
    const last = this.all.slice(-3).map((item) => JSON.stringify(item)?.slice(0, 300));
    return `${this.all.length} arrived, the last: ${last.join(" | ") || "none"}`;
  }

  private wake(): void {
    for (const resolve of this.waiters.splice(0)) resolve();
  }
}
