// SPDX-License-Identifier: Apache-2.0
// Cuts a growing text/event-stream body into the JSON of its events. Give push() only what is new;
// an event may be split anywhere.

export class EventStream {
  private rest = "";

  push(text: string): unknown[] {
    // A CR at the very end may be half of a CRLF; it waits for the next piece.
    const whole = (this.rest + text).replace(/\r\n|\r(?!$)/g, "\n");
    const blocks = whole.split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.flatMap(parseBlock);
  }
}

function parseBlock(block: string): unknown[] {
  const data = block
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).replace(/^ /, ""))
    .join("\n");
  if (data === "" || data === "[DONE]") return [];
  try {
    return [JSON.parse(data)];
  } catch {
    return [];
  }
}
