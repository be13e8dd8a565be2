// SPDX-License-Identifier: Apache-2.0
// The live half of the page: draws a LiveSession and passes on the buttons.
import { clock, fileStamp } from "../format/units.ts";
import { onLanguageChange, t, type TextKey } from "../i18n.ts";
import { CaptionsView } from "../ui/captions_view.ts";
import { byId, setText } from "../ui/dom.ts";
import { createExportBar, updateExportBar } from "../ui/export_bar.ts";
import { LevelMeter } from "../ui/level_meter.ts";
import { showToast } from "../ui/toast.ts";
import { Captions } from "./captions.ts";
import { LiveSession } from "./live_session.ts";
import { ScreenLock } from "./screen_lock.ts";

const kSilentPeak = 0.002;
const kSilentHintMs = 6_000;
const kNoValue = "–";

export class LivePanel {
  private readonly session: LiveSession;
  private readonly view: CaptionsView;
  private readonly meter = new LevelMeter(byId<HTMLCanvasElement>("level"));
  private readonly screenLock = new ScreenLock();
  private readonly panel = byId("live");
  private readonly start = byId<HTMLButtonElement>("start");
  private readonly model = byId<HTMLSelectElement>("live-model");
  private readonly notice = byId("live-notice");
  private readonly exports: HTMLElement;
  private readonly clear: HTMLButtonElement;
  private lastSoundAt = 0;

  constructor() {
    this.session = new LiveSession({
      changed: () => this.draw(),
      level: (peak) => this.onLevel(peak),
    });
    this.view = new CaptionsView(
      {
        box: byId("captions"),
        empty: byId("captions-empty"),
        toLatest: byId<HTMLButtonElement>("to-latest"),
      },
      this.session.captions,
    );
    this.exports = createExportBar({
      transcript: () => this.session.captions.transcript(),
      fileStem: () => `captions_${fileStamp(new Date())}`,
    });
    this.clear = this.createClearButton();
    byId("live-exports").append(this.exports, this.clear);
    this.start.addEventListener("click", () => this.onStartStop());
    onLanguageChange(() => this.draw());
    this.draw();
  }

  get isRunning(): boolean {
    return this.session.isRunning;
  }

  private onStartStop(): void {
    if (this.session.isRunning) {
      void this.session.stop();
      return;
    }
    this.lastSoundAt = performance.now();
    void this.session.start(this.model.value);
  }

  private createClearButton(): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.dataset["i18n"] = "clear";
    button.textContent = t("clear");
    button.addEventListener("click", () => this.onClear());
    return button;
  }

  private onClear(): void {
    const old = this.session.captions;
    this.session.captions = new Captions();
    this.draw();
    const undo = () => {
      if (this.session.isRunning || !this.session.captions.isEmpty) return;
      this.session.captions = old;
      this.draw();
    };
    showToast(t("cleared"), { label: t("undo"), run: undo });
  }

  private onLevel(peak: number): void {
    this.meter.push(peak);
    if (peak > kSilentPeak) this.lastSoundAt = performance.now();
    this.drawMetrics();
    this.drawNotice();
  }

  private draw(): void {
    const { state, captions } = this.session;
    this.panel.dataset["state"] = state;
    setText(byId("live-state"), t(`state_${state}`));
    this.drawStart();
    this.view.draw(captions);
    updateExportBar(this.exports, captions.transcript());
    byId("live-exports").hidden = captions.isEmpty;
    this.clear.disabled = this.session.isRunning;
    if (!this.session.isRunning) this.meter.reset();
    this.model.disabled = this.session.isRunning;
    this.drawMetrics();
    this.drawNotice();
    this.screenLock.hold(this.session.isRunning);
  }

  private drawStart(): void {
    const { state, isRunning } = this.session;
    const startLabel: TextKey = state === "failed" ? "start_again" : "start";
    setText(byId("start-label"), t(isRunning && state !== "permission" ? "stop" : startLabel));
    // Not `disabled`, which would take the keyboard focus away; the session ignores such clicks.
    this.start.ariaDisabled = String(state === "permission" || state === "finishing");
  }

  private drawMetrics(): void {
    const { latency } = this.session;
    setText(byId("first-word"), milliseconds(latency.firstWordMs));
    setText(byId("delay"), milliseconds(latency.delayMs));
    setText(byId("time"), clock(this.session.seconds));
  }

  private drawNotice(): void {
    const text = this.noticeText();
    this.notice.hidden = text === "";
    this.notice.dataset["kind"] = this.session.problem === null ? "hint" : "problem";
    setText(this.notice, text);
  }

  private noticeText(): string {
    const { problem, problemDetail, state, isCongested } = this.session;
    if (problem !== null) {
      const detail = kDetailed.has(problem) && problemDetail !== "" ? ` (${problemDetail})` : "";
      return t(`problem_${problem}`) + detail;
    }
    if (state === "reconnecting") return t("notice_reconnecting");
    if (isCongested) return t("notice_congested");
    const isSilent = performance.now() - this.lastSoundAt > kSilentHintMs;
    return state === "listening" && isSilent ? t("notice_silent") : "";
  }
}

// Problems whose technical detail helps whoever is asked for help.
const kDetailed = new Set(["unknown", "lost"]);

function milliseconds(value: number | null): string {
  return value === null ? kNoValue : `${value} ms`;
}
