// SPDX-License-Identifier: Apache-2.0
// How pieces of recognised text are joined and measured. Chinese, Japanese and full-width text is
// written without spaces and takes two columns a character.

const kWide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u;

// Korean is wide, yet separates its words by spaces.
const kHangul = /[\uac00-\ud7af]/;

const kClosing = /^[,.;:!?%)\]}'’”…]/;

export function columns(text: string): number {
  let total = 0;
  for (const character of text) total += kWide.test(character) || kHangul.test(character) ? 2 : 1;
  return total;
}

export function isUnspaced(character: string): boolean {
  return kWide.test(character);
}

// What belongs between two pieces: "" or " ".
export function separator(before: string, after: string): string {
  if (before === "" || after === "") return "";
  const last = [...before].at(-1) ?? "";
  const first = [...after][0] ?? "";
  if (/\s/.test(last) || /\s/.test(first)) return "";
  if (isUnspaced(last) || isUnspaced(first) || kClosing.test(after)) return "";
  return " ";
}

export function joinText(pieces: string[]): string {
  return pieces.reduce((text, piece) => text + separator(text, piece) + piece, "");
}
