// SPDX-License-Identifier: Apache-2.0
// Finding the parts that index.html promises. A missing one is a fault of ours and throws.

export function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found as T;
}

export function part<T extends HTMLElement>(root: ParentNode, selector: string): T {
  const found = root.querySelector<T>(selector);
  if (found === null) throw new Error(`no ${selector} here`);
  return found;
}

export function cloneTemplate(id: string): HTMLElement {
  const template = byId<HTMLTemplateElement & HTMLElement>(id);
  const root = template.content.firstElementChild;
  if (root === null) throw new Error(`template #${id} is empty`);
  return root.cloneNode(true) as HTMLElement;
}

// Assigning an equal text would make screen readers repeat it.
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
