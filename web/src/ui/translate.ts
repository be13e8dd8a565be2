// SPDX-License-Identifier: Apache-2.0
// Puts the page's language into the document: data-i18n names an element's text,
// data-i18n-label its accessible name, data-i18n-title its tooltip.
import {
  chooseLanguage,
  isTextKey,
  language,
  onLanguageChange,
  setLanguage,
  t,
  type Language,
} from "../i18n.ts";
import { byId } from "./dom.ts";

const kStorageKey = "tutti.language";

export function translateTree(root: HTMLElement): void {
  each(root, "data-i18n", (element, text) => (element.textContent = text));
  each(root, "data-i18n-label", (element, text) => element.setAttribute("aria-label", text));
  each(root, "data-i18n-title", (element, text) => element.setAttribute("title", text));
}

// Wires the language menu and draws the page in the first language.
export function startTranslation(): void {
  const menu = byId<HTMLSelectElement>("language");
  onLanguageChange(() => {
    document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
    document.title = t("page_title");
    menu.value = language();
    translateTree(document.body);
  });
  menu.addEventListener("change", () => {
    remember(menu.value);
    setLanguage(menu.value as Language);
  });
  setLanguage(chooseLanguage(remembered(), navigator.languages));
}

function each(
  root: HTMLElement,
  attribute: string,
  apply: (element: Element, text: string) => void,
): void {
  const selector = `[${attribute}]`;
  const own = root.matches(selector) ? [root] : [];
  for (const element of [...own, ...root.querySelectorAll(selector)]) {
    const key = element.getAttribute(attribute) ?? "";
    if (!isTextKey(key)) throw new Error(`no text is called ${key}`);
    apply(element, t(key));
  }
}

// Storage may be forbidden for the page; then the choice lasts as long as the page.
function remembered(): string | null {
  try {
    return localStorage.getItem(kStorageKey);
  } catch {
    return null;
  }
}

function remember(value: string): void {
  try {
    localStorage.setItem(kStorageKey, value);
  } catch {
    return;
  }
}
