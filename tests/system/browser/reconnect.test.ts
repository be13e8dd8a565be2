// SPDX-License-Identifier: Apache-2.0
// Live captions in a real browser whose connection breaks while somebody speaks: the page says so,
// comes back by itself, and no digit is missing or there twice. With SCREENSHOT=path a picture of the
// broken state is taken.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { digitSequence, dtmf, join16, silence, spelt, wav } from "../harness/audio.ts";
import { Browser, lackOfBrowser } from "../harness/browser.ts";
import { kRepository, useServer } from "../harness/server.ts";
import { TcpGate } from "../harness/tcp_gate.ts";
import { until } from "../harness/wait.ts";

const kDigits = digitSequence(32);
const kRate = 48_000;

// Four utterances of eight digits, at the pace of somebody who dials.
function recordMicrophone(folder: string): string {
  const tones = { rate: kRate, toneMs: 120, gapMs: 120 };
  const parts = [silence(1500, kRate)];
  for (let at = 0; at < kDigits.length; at += 8)
    parts.push(dtmf(kDigits.slice(at, at + 8), tones), silence(1500, kRate));
  const path = join(folder, "microphone.wav");
  writeFileSync(path, wav(join16(...parts), { rate: kRate }));
  return path;
}

describe("the console", { skip: lackOfBrowser }, () => {
  const server = useServer({
    flags: { "web-dir": process.env["TUTTI_WEB"] ?? join(kRepository, "build/web") },
  });

  test("captions survive a dropped connection, and the page says so", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tutti-browser-"));
    const gate = await TcpGate.open(server().port);
    let browser: Browser | undefined;
    try {
      browser = await Browser.open(gate, recordMicrophone(folder));
      const { page } = browser;
      const textOf = async (id: string) => (await page.locator(id).textContent())?.trim() ?? "";
      const state = (wanted: string) =>
        until(`the state ${wanted}`, async () => (await textOf("#live-state")) === wanted, {
          ms: 30_000,
          describe: () => server().stderr,
        });

      await page.getByTestId("start").click();
      await state("Listening");
      const partial = page.getByTestId("partial");
      await until("somebody speaks", async () => (await partial.textContent()) !== "", {
        ms: 30_000,
      });
      gate.isShut = true;
      gate.cut();
      await state("Reconnecting");
      assert.match(await textOf("#live-notice"), /what you say is kept/);
      const picture = process.env["SCREENSHOT"];
      if (picture) await page.screenshot({ path: picture });
      gate.isShut = false;
      await state("Listening");
      assert.doesNotMatch(await textOf("#live-notice"), /connection/);

      const heard = async () => {
        const lines = await page.locator("#captions p").allTextContents();
        return lines.map((line) => line.trim()).join(" ");
      };
      const expected = spelt(kDigits);
      await until("all digits", async () => (await heard()).length >= expected.length, {
        ms: 30_000,
      });
      await page.getByTestId("start").click();
      await state("Ready");
      assert.equal(await heard(), expected);
    } finally {
      await browser?.close();
      gate.close();
      rmSync(folder, { recursive: true });
    }
  });
});
