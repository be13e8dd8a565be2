// SPDX-License-Identifier: Apache-2.0
// Clients during a change of the server's processes: requests at a steady rate, and live streams
// that come again when they are told to.
//
//   const churn = await Churn.start(server.url, { requestsPerSecond: 100, streams: 30 });
//   ...reload...
//   const { failed, dropped } = await churn.stop();
import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import WebSocket from "ws";
import { bytesOf, dtmf, silence } from "./audio.ts";

export interface ChurnOptions {
  requestsPerSecond: number;
  streams: number;
}

export interface Outcome {
  requests: number;
  failed: string[]; // requests without a good answer
  finals: number;
  reconnects: number; // streams that were told to come again (1012)
  dropped: string[]; // streams that ended in any other way
}

const kTold = 1012;
const kPieceMs = 200;

export class Churn {
  private readonly url: string;
  private readonly agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  private readonly outcome: Outcome = {
    requests: 0, failed: [], finals: 0, reconnects: 0, dropped: [],
  };
  private readonly work: Promise<unknown>[] = [];
  private isOver = false;

  static async start(url: string, options: ChurnOptions): Promise<Churn> {
    const churn = new Churn(url);
    churn.work.push(churn.request(options.requestsPerSecond));
    for (let index = 0; index < options.streams; ++index) churn.work.push(churn.speak(index));
    return churn;
  }

  private constructor(url: string) {
    this.url = url;
  }

  get finals(): number {
    return this.outcome.finals;
  }
  get requests(): number {
    return this.outcome.requests;
  }

  async stop(): Promise<Outcome> {
    this.isOver = true;
    await Promise.all(this.work);
    this.agent.destroy();
    return this.outcome;
  }

  private async request(perSecond: number): Promise<void> {
    const begin = performance.now();
    const under_way: Promise<void>[] = [];
    for (let count = 0; !this.isOver; ++count) {
      const wait = begin + (count * 1000) / perSecond - performance.now();
      if (wait > 1) await pause(wait);
      under_way.push(this.get("/v1/models"));
    }
    await Promise.all(under_way);
  }

  private get(path: string): Promise<void> {
    ++this.outcome.requests;
    return new Promise((settle) => {
      const request = http.get(this.url + path, { agent: this.agent, timeout: 15_000 });
      const fail = (why: string): void => {
        this.outcome.failed.push(why);
        settle();
      };
      request.once("response", (response) => {
        response.resume().once("end", () => {
          if (response.statusCode === 200) settle();
          else fail(`status ${response.statusCode}`);
        });
      });
      request.once("timeout", () => request.destroy(new Error("timeout")));
      request.once("error", (error) => fail(error.message));
    });
  }

  // One speaker: digits and pauses for ever, on one connection after the other.
  private async speak(index: number): Promise<void> {
    await pause(index * 5);
    while (!this.isOver) {
      const { code, reason } = await this.speakUntilClosed(index);
      if (code === kTold) ++this.outcome.reconnects;
      else if (!this.isOver) this.outcome.dropped.push(`${code} ${reason}`);
    }
  }

  private speakUntilClosed(index: number): Promise<{ code: number; reason: string }> {
    const target = this.url.replace("http", "ws") +
      "/v1/listen?model=tone&encoding=linear16&sample_rate=16000";
    const socket = new WebSocket(target);
    const speech = [bytesOf(dtmf(String(index % 10) + "12")), bytesOf(silence(1000))];
    let timer: NodeJS.Timeout | undefined;
    return new Promise((settle) => {
      socket.once("open", () => {
        let at = 0;
        timer = setInterval(() => {
          if (this.isOver) return socket.close(1000);
          if (socket.readyState === socket.OPEN) socket.send(speech[at++ % 2]!);
        }, kPieceMs * 5);
      });
      socket.on("message", (data) => {
        const message = JSON.parse(String(data)) as { is_final?: boolean };
        if (message.is_final) ++this.outcome.finals;
      });
      let failure = "";
      socket.on("error", (error) => (failure ||= error.message));
      socket.once("unexpected-response", (_request, response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.once("end", () => {
          failure = `${response.statusCode} ${body}`;
          socket.terminate();
        });
      });
      socket.once("close", (code, reason) => {
        clearInterval(timer);
        settle({ code, reason: String(reason) || failure });
      });
    });
  }
}
