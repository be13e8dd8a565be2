// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { chooseLanguage, isTextKey, kTexts, setLanguage, t, type TextKey } from "./i18n.ts";

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\w+\}/g)].map((match) => match[0]).sort();
}

test("every language has every text, with the same values in it", () => {
  for (const [name, texts] of Object.entries(kTexts)) {
    assert.deepEqual(Object.keys(texts).sort(), Object.keys(kTexts.en).sort(), name);
    for (const [key, text] of Object.entries(texts)) {
      assert.notEqual(text.trim(), "", `${name}.${key}`);
      assert.deepEqual(placeholders(text), placeholders(kTexts.en[key as TextKey]), `${name}.${key}`);
    }
  }
});

test("index.html names only texts that exist", () => {
  const page = readFileSync(new URL("../index.html", import.meta.url), "utf8");
  const keys = [...page.matchAll(/data-i18n(?:-\w+)?="(\w+)"/g)].map((match) => match[1]!);
  assert.ok(keys.length > 30);
  for (const key of keys) assert.ok(isTextKey(key), key);
});

test("the page's language is the remembered one, else the browser's, else English", () => {
  assert.equal(chooseLanguage(null, ["zh-CN", "en"]), "zh");
  assert.equal(chooseLanguage(null, ["fr-FR", "zh-TW"]), "zh");
  assert.equal(chooseLanguage("en", ["zh-CN"]), "en");
  assert.equal(chooseLanguage("xx", []), "en");
});

test("values are put in, unknown ones left visible", () => {
  setLanguage("en");
  assert.equal(t("file_recognising", { done: "0:10", total: "1:00" }), "Recognised 0:10 of 1:00");
  assert.equal(t("file_done"), "Done in {elapsed}");
});
