// SPDX-License-Identifier: Apache-2.0
// The language of the page. t() gives a text in it; whoever has drawn texts itself listens with
// onLanguageChange() and draws again. Pure: ui/translate.ts touches the document.
import { en } from "./i18n/en.ts";
import { zh } from "./i18n/zh.ts";

export type TextKey = keyof typeof en;
export type Language = "en" | "zh";

export const kTexts: Record<Language, Record<TextKey, string>> = { en, zh };

let current: Language = "en";
const listeners: (() => void)[] = [];

export function language(): Language {
  return current;
}

export function setLanguage(next: Language): void {
  current = next;
  for (const listener of listeners) listener();
}

export function onLanguageChange(listener: () => void): void {
  listeners.push(listener);
}

export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  return kTexts[current][key].replace(/\{(\w+)\}/g, (whole, name: string) =>
    String(values[name] ?? whole),
  );
}

export function isTextKey(key: string): key is TextKey {
  return Object.hasOwn(en, key);
}

// The remembered choice, else the first language of the browser that the page has, else English.
export function chooseLanguage(remembered: string | null, preferred: readonly string[]): Language {
  for (const tag of [remembered ?? "", ...preferred]) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "zh" || primary === "en") return primary;
  }
  return "en";
}
