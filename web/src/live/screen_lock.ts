// SPDX-License-Identifier: Apache-2.0
// Keeps a phone's screen on while it listens: a phone that locks itself stops the microphone.
// A browser releases the lock whenever the page is hidden, so it is taken again on return.

export class ScreenLock {
  private isWanted = false;
  private lock: WakeLockSentinel | null = null;

  constructor() {
    document.addEventListener("visibilitychange", () => void this.update());
  }

  hold(isWanted: boolean): void {
    if (isWanted === this.isWanted) return;
    this.isWanted = isWanted;
    void this.update();
  }

  private async update(): Promise<void> {
    if (!this.isWanted) {
      await this.lock?.release();
      this.lock = null;
      return;
    }
    if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
    try {
      this.lock = await navigator.wakeLock.request("screen");
    } catch {
      this.lock = null; // Low battery: the page works without it.
    }
    if (!this.isWanted) await this.update();
  }
}
