// SPDX-License-Identifier: Apache-2.0
// Puts the page together.
import "./ui/base.css";
import "./ui/live.css";
import "./ui/files.css";
import { FilesPanel } from "./files/files_panel.ts";
import { LivePanel } from "./live/live_panel.ts";
import { byId } from "./ui/dom.ts";
import { startModelMenus } from "./ui/model_menu.ts";
import { startTranslation } from "./ui/translate.ts";

startTranslation();
startModelMenus([byId<HTMLSelectElement>("live-model"), byId<HTMLSelectElement>("file-model")]);
const live = new LivePanel();
const files = new FilesPanel();

// Leaving would end a recognition without a question.
window.addEventListener("beforeunload", (event) => {
  if (live.isRunning || files.isActive) event.preventDefault();
});
