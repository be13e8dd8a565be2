// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium with a microphone that plays a file, on a profile of its own. It reaches the
// server under test and nothing else.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import type { TuttiServer } from "./server.ts";

const kChromium = "/usr/bin/chromium";

export const lackOfBrowser: string | false = existsSync(kChromium) ? false : `no ${kChromium}`;

const kFlags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

// Of a server, or of a gate before it.
type Address = Pick<TuttiServer, "url" | "port">;

export class Browser {
  readonly page: Page;
  readonly complaints: string[] = []; // uncaught and logged errors, loads from elsewhere
  private readonly context: BrowserContext;
  private readonly profile: string;

  // `microphone`: path of a WAV file that is heard once.
  static async open(server: Address, microphone: string): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "tutti-chromium-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: kChromium,
      args: [...kFlags, `--use-file-for-fake-audio-capture=${microphone}%noloop`],
      locale: "en-GB",
      viewport: { width: 1280, height: 800 },
      deviceScaleFactor: 1.5,
    });
    const browser = new Browser(context, profile);
    await browser.confineTo(server);
    await browser.page.goto(server.url);
    return browser;
  }

  private constructor(context: BrowserContext, profile: string) {
    this.context = context;
    this.profile = profile;
    this.page = context.pages()[0]!;
    this.page.on("pageerror", (error) => this.complaints.push(String(error)));
    this.page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  private async confineTo(server: Address): Promise<void> {
    const isElsewhere = (url: URL) =>
      !["blob:", "data:"].includes(url.protocol) && url.host !== `127.0.0.1:${server.port}`;
    await this.context.route(isElsewhere, (route) => {
      this.complaints.push(`asked for ${route.request().url()}`);
      return route.abort();
    });
    await this.context.routeWebSocket(isElsewhere, (socket) => {
      this.complaints.push(`connected to ${socket.url()}`);
      return socket.close();
    });
  }
}
