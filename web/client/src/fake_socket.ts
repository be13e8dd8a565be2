// SPDX-License-Identifier: Apache-2.0
// The platform's WebSocket for tests: what was sent is there to be read, and the test is the server.
const kOpen = 1;
const kClosed = 3;

export class FakeSocket {
  static made: FakeSocket[] = [];
  static get last(): FakeSocket {
    return FakeSocket.made.at(-1)!;
  }

  readonly url: string;
  readonly protocols: string[];
  readonly sent: (string | Uint8Array)[] = [];
  binaryType = "blob";
  bufferedAmount = 0;
  readyState = 0;
  onopen: () => void = () => undefined;
  onmessage: (event: { data: unknown }) => void = () => undefined;
  onclose: (event: { code: number; reason: string }) => void = () => undefined;
  onerror: () => void = () => undefined;

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = [...protocols];
    FakeSocket.made.push(this);
  }

  send(data: string | Uint8Array): void {
    if (this.readyState !== kOpen) throw new Error("not open");
    this.sent.push(typeof data === "string" ? data : new Uint8Array(data));
  }
  close(): void {
    this.readyState = kClosed;
  }

  // --- the server's side ---
  open(): void {
    this.readyState = kOpen;
    this.onopen();
  }
  say(message: object): void {
    this.onmessage({ data: JSON.stringify(message) });
  }
  drop(code = 1006, reason = ""): void {
    this.readyState = kClosed;
    this.onclose({ code, reason });
  }
  point(segment: number, offset: number): void {
    this.say({
      type: "ResumePoint",
      stream_id: "stream-1",
      segment,
      offset,
      resume_token: `token-${segment}-${offset}`,
      window: 60,
    });
  }
  final(segment: number, offset: number, transcript = `final ${segment}`): void {
    this.say({
      type: "Results",
      is_final: true,
      segment,
      offset,
      resume_token: `token-${segment + 1}-${offset}`,
      channel: { alternatives: [{ transcript, words: [] }] },
    });
  }
  // The bytes of the audio that came, in order.
  audio(): number[] {
    return this.sent.flatMap((one) => (typeof one === "string" ? [] : [...one]));
  }
  controls(): string[] {
    return this.sent.flatMap((one) => (typeof one === "string" ? [JSON.parse(one).type] : []));
  }
}
