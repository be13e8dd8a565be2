// SPDX-License-Identifier: Apache-2.0
// The console in a real browser: what somebody sees who speaks, chooses a file, or reads Chinese.
// With UPDATE_SCREENSHOTS=1 the pictures of docs/images are taken anew.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { convert, join16, samplesOf, silence, speak, wav } from "../harness/audio.ts";
import { Browser, lackOfBrowser } from "../harness/browser.ts";
import { kRepository, useServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const kSpoken = [
  "please open the door and come inside",
  "the children are playing in the garden",
  "they went to the market to buy some bread",
];
const kInFile = "she had a good day at the office";
const kImages = join(kRepository, "docs/images");
const kLargestImage = 300_000; // bytes
const kPhone = { width: 390, height: 844 };
const kDesktop = { width: 1280, height: 800 };

const folder = mkdtempSync(join(tmpdir(), "tutti-browser-"));
let browser: Browser;

// What the microphone hears, at the rate of a sound card.
async function recordMicrophone(): Promise<string> {
  const parts = [silence(1500)];
  for (const text of kSpoken) parts.push(samplesOf(await speak(text)), silence(1500));
  const path = join(folder, "microphone.wav");
  writeFileSync(path, await convert(wav(join16(...parts)), "wav", ["-ar", "48000"]));
  return path;
}

const byId = (name: string) => browser.page.getByTestId(name);
const textOf = async (name: string) => (await byId(name).textContent())?.trim() ?? "";

// The lines that are final, without the partial at their end.
function finalLines(): Promise<string[]> {
  return byId("captions").evaluate((box) =>
    [...box.querySelectorAll("p")].map((line) => {
      const copy = line.cloneNode(true) as HTMLElement;
      copy.querySelector("[data-testid=partial]")?.remove();
      return copy.textContent?.trim() ?? "";
    }),
  );
}

const isLike = (line: string, text: string) => line.toLowerCase().replace(/[.]$/, "") === text;

async function takePictures(): Promise<void> {
  mkdirSync(kImages, { recursive: true });
  for (const [name, viewport] of [
    ["console-phone.png", kPhone],
    ["console.png", kDesktop],
  ] as const) {
    await browser.page.setViewportSize(viewport);
    const path = join(kImages, name);
    await browser.page.screenshot({ path });
    assert.ok(statSync(path).size < kLargestImage, `${name}: ${statSync(path).size} bytes`);
  }
}

async function chooseFile(name: string, bytes: Buffer) {
  await byId("file-input").setInputFiles({ name, mimeType: "audio/mpeg", buffer: bytes });
  return byId("file-row").filter({ hasText: name });
}

describe("the console", { skip: lackOfBrowser }, () => {
  // Before the server's, which waits until nobody is connected any more.
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });
  const server = useServer({
    models: ["en-us"],
    flags: { "web-dir": process.env["TUTTI_WEB"] ?? join(kRepository, "build/web") },
  });
  before(async () => {
    browser = await Browser.open(server(), await recordMicrophone());
  });

  test("a file is uploaded and its text appears", async () => {
    const mp3 = await convert(await speak(kInFile), "mp3", ["-q:a", "0"]);
    const row = await chooseFile("office.mp3", mp3);
    const status = row.getByTestId("file-status");
    await status.filter({ hasText: "done in" }).waitFor({ timeout: 60_000 });
    const text = (await row.getByTestId("file-text").textContent())?.trim() ?? "";
    assert.ok(isLike(text, kInFile), text);
    const upload = row.locator(".bar-upload");
    assert.equal(await upload.evaluate((bar) => (bar as HTMLProgressElement).value), 1);
  });

  test("speech becomes captions while it goes on, and ends with Stop", async () => {
    await byId("start").click();
    await until("partial text", async () => (await textOf("partial")) !== "", { ms: 30_000 });
    await until("the second line", async () => (await finalLines()).length === 2, { ms: 30_000 });
    const wordsOfPartial = async () => (await textOf("partial")).split(" ").length;
    await until("the third goes on", async () => (await wordsOfPartial()) > 4);
    if (process.env["UPDATE_SCREENSHOTS"]) await takePictures();
    const lines = await until(
      "three final lines",
      async () => {
        const seen = await finalLines();
        const isComplete = seen.length === kSpoken.length && (await textOf("partial")) === "";
        return isComplete ? seen : undefined;
      },
      { ms: 60_000, describe: () => server().stderr },
    );
    lines.forEach((line, index) => assert.ok(isLike(line, kSpoken[index]!), lines.join(" | ")));
    assert.match(await textOf("first-word-ms"), /^\d+ ms$/);
    assert.match(await textOf("delay-ms"), /^\d+ ms$/);
    await byId("start").click();
    await until("Start again", async () => /^Start/.test(await textOf("start")));
    assert.deepEqual(await finalLines(), lines, "stopping changes no text");
  });

  test("the page works on a phone: nothing reaches beyond its edge", async () => {
    await browser.page.setViewportSize(kPhone);
    const width = await browser.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= kPhone.width, `${width} pixels wide`);
  });

  test("a file that is no audio shows what the server says", async () => {
    await browser.page.setViewportSize(kDesktop);
    const text = Buffer.from("Dear reader, this is text.\n".repeat(99));
    const row = await chooseFile("letter.mp3", text);
    const error = row.getByRole("alert");
    await error.filter({ hasText: "Server:" }).waitFor({ timeout: 30_000 });
    const words = /The server did not accept the file\. Server: not audio/;
    assert.match((await error.textContent())!, words);
    assert.match((await row.getByTestId("file-status").textContent())!, /Not recognised/);
  });

  test("the page speaks Chinese and remembers it", async () => {
    await byId("language").selectOption("zh");
    assert.equal(await textOf("start"), "开始");
    const title = await browser.page.title();
    await browser.page.reload();
    assert.equal(await textOf("start"), "开始");
    assert.equal(await browser.page.title(), title);
    assert.equal(await browser.page.getAttribute("html", "lang"), "zh-CN");
    await byId("language").selectOption("en");
    assert.equal(await textOf("start"), "Start");
  });

  test("nothing went wrong in the page, and it asked nobody else", () => {
    // The browser itself reports the answer to the file that is no audio.
    const own = browser.complaints.filter((one) => !/status of 400/.test(one));
    assert.deepEqual(own, []);
  });
});
