// SPDX-License-Identifier: Apache-2.0
// The menus of models. They list what the server has when the page opens, and again when a menu is
// opened; the empty value is the server's default.
import { onLanguageChange, t } from "../i18n.ts";
import { listModels } from "../server.ts";

export function startModelMenus(menus: HTMLSelectElement[]): void {
  let models: string[] = [];
  const draw = () => menus.forEach((menu) => fill(menu, models));
  const refresh = async () => {
    const latest = await listModels();
    if (latest.join("\n") === models.join("\n")) return;
    models = latest;
    draw();
  };
  draw();
  void refresh();
  onLanguageChange(draw);
  for (const menu of menus) menu.addEventListener("focus", () => void refresh());
}

function fill(menu: HTMLSelectElement, models: string[]): void {
  const chosen = menu.value;
  menu.replaceChildren(new Option(t("model_default"), ""), ...models.map((id) => new Option(id, id)));
  menu.value = models.includes(chosen) ? chosen : "";
}
