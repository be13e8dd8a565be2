// SPDX-License-Identifier: Apache-2.0
// Draws Captions. Final text is only ever appended, so that a selection, a screen reader and the
// reader's eyes stay undisturbed; the partial is one element that moves along at the end.
//
// The view follows the newest text until the reader scrolls up, and again once the reader is back
// at the end.
import { clock } from "../format/units.ts";
import { separator } from "../format/text.ts";
import type { Captions } from "../live/captions.ts";

const kAtEndPixels = 48;

export interface CaptionsElements {
  box: HTMLElement;
  empty: HTMLElement;
  toLatest: HTMLButtonElement;
}

export class CaptionsView {
  private readonly box: HTMLElement;
  private readonly empty: HTMLElement;
  private readonly toLatest: HTMLButtonElement;
  private readonly partial: HTMLElement;
  private captions: Captions;
  private drawn: { element: HTMLElement; segments: number; lastText: string }[] = [];
  private isFollowing = true;
  private lastTop = 0;

  constructor(elements: CaptionsElements, captions: Captions) {
    this.box = elements.box;
    this.empty = elements.empty;
    this.toLatest = elements.toLatest;
    this.captions = captions;
    this.partial = document.createElement("span");
    this.partial.className = "partial";
    this.partial.dataset["testid"] = "partial";
    // Announced once, when it is final.
    this.partial.ariaHidden = "true";
    this.box.addEventListener("scroll", () => this.noticeReader(), { passive: true });
    this.toLatest.addEventListener("click", () => this.follow());
    this.draw(captions);
  }

  draw(captions: Captions): void {
    if (captions !== this.captions) this.reset(captions);
    this.noticeReader();
    captions.paragraphs.forEach((paragraph, index) => {
      const drawn = this.drawn[index] ?? this.addParagraph(paragraph.start);
      for (const segment of paragraph.segments.slice(drawn.segments)) {
        drawn.element.append(separator(drawn.lastText, segment.text) + segment.text);
        drawn.segments += 1;
        drawn.lastText = segment.text;
      }
    });
    this.drawPartial();
    this.empty.hidden = !captions.isEmpty;
    if (this.isFollowing) this.scrollToEnd();
  }

  private drawPartial(): void {
    const open = this.captions.paragraphs.at(-1)?.isOpen === true ? this.drawn.at(-1) : undefined;
    const parent = open?.element ?? this.box;
    const before = open?.lastText ?? "";
    this.partial.textContent = separator(before, this.captions.partial) + this.captions.partial;
    if (parent.lastChild !== this.partial) parent.append(this.partial);
  }

  private addParagraph(start: number): { element: HTMLElement; segments: number; lastText: string } {
    const element = document.createElement("p");
    // Drawn by the style sheet, so that it is neither copied nor read out with the words.
    element.dataset["time"] = clock(start);
    this.box.append(element);
    const drawn = { element, segments: 0, lastText: "" };
    this.drawn.push(drawn);
    return drawn;
  }

  private reset(captions: Captions): void {
    this.captions = captions;
    this.drawn = [];
    this.box.replaceChildren();
    this.isFollowing = true;
    this.lastTop = 0;
  }

  // Asked before each drawing too: the scroll event of a reader comes a frame late, and a drawing
  // in between would pull the text away from under the wheel.
  private noticeReader(): void {
    const top = this.box.scrollTop;
    const below = this.box.scrollHeight - top - this.box.clientHeight;
    if (top < this.lastTop && below > 1) this.isFollowing = false;
    else if (top > this.lastTop && below < kAtEndPixels) this.isFollowing = true;
    this.lastTop = top;
    this.toLatest.hidden = this.isFollowing;
  }

  private scrollToEnd(): void {
    this.box.scrollTop = this.box.scrollHeight;
    this.lastTop = this.box.scrollTop;
  }

  private follow(): void {
    this.isFollowing = true;
    this.toLatest.hidden = true;
    this.scrollToEnd();
    this.box.focus();
  }
}
