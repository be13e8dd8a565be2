// SPDX-License-Identifier: Apache-2.0
// The microphone level as a strip of bars that moves on with every audio frame. Colours come from
// the style sheet (`color` while sound comes, `border-color` at rest).

const kBarWidth = 3;
const kBarGap = 3;
const kFloorDb = -60;

export class LevelMeter {
  private readonly canvas: HTMLCanvasElement;
  private levels: number[] = [];

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  push(peak: number): void {
    this.levels.push(loudness(peak));
    this.draw();
  }

  reset(): void {
    this.levels = [];
    this.draw();
  }

  private draw(): void {
    const scale = window.devicePixelRatio;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const context = this.canvas.getContext("2d");
    if (context === null) return;
    context.scale(scale, scale);
    const style = getComputedStyle(this.canvas);
    const count = Math.floor((width + kBarGap) / (kBarWidth + kBarGap));
    this.levels = this.levels.slice(-count);
    for (let index = 0; index < count; index += 1) {
      const level = this.levels[this.levels.length - count + index] ?? 0;
      const length = Math.max(kBarWidth, level * height);
      context.fillStyle = level > 0.02 ? style.color : style.borderTopColor;
      context.beginPath();
      const x = index * (kBarWidth + kBarGap);
      context.roundRect(x, (height - length) / 2, kBarWidth, length, kBarWidth / 2);
      context.fill();
    }
  }
}

// 0 at kFloorDb and below, 1 at full scale.
function loudness(peak: number): number {
  const decibel = 20 * Math.log10(Math.max(peak, 1e-6));
  return Math.max(0, 1 - decibel / kFloorDb);
}
