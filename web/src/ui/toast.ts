// SPDX-License-Identifier: Apache-2.0
// A short message at the bottom of the page that goes away by itself, with at most one action.
import { byId } from "./dom.ts";

const kShownMs = 2_500;
const kShownWithActionMs = 8_000;
let timer = 0;

export function showToast(text: string, action?: { label: string; run: () => void }): void {
  const toast = byId("toast");
  toast.replaceChildren(text);
  if (action !== undefined) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action.label;
    button.addEventListener("click", () => {
      toast.hidden = true;
      action.run();
    });
    toast.append(button);
  }
  toast.hidden = false;
  window.clearTimeout(timer);
  const shownMs = action === undefined ? kShownMs : kShownWithActionMs;
  timer = window.setTimeout(() => (toast.hidden = true), shownMs);
}
