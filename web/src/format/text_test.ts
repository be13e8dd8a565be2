// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { columns, joinText } from "./text.ts";
import { byteSize, clock, elapsed, fileStamp } from "./units.ts";

test("pieces are joined by the custom of their script", () => {
  assert.equal(joinText(["one", "two", "", "three."]), "one two three.");
  assert.equal(joinText(["你好", "世界"]), "你好世界");
  assert.equal(joinText(["使用", "Tutti", "识别"]), "使用Tutti识别");
  assert.equal(joinText(["안녕", "세계"]), "안녕 세계");
  assert.equal(joinText(["wait", ", what"]), "wait, what");
});

test("wide characters take two columns", () => {
  assert.equal(columns("ab"), 2);
  assert.equal(columns("你好a"), 5);
  assert.equal(columns("𠀀"), 2);
});

test("clock shows hours only when there are some", () => {
  assert.equal(clock(0), "0:00");
  assert.equal(clock(65.9), "1:05");
  assert.equal(clock(3600 + 62), "1:01:02");
  assert.equal(clock(-3), "0:00");
});

test("short times are told in seconds", () => {
  assert.equal(elapsed(0.94), "0.9 s");
  assert.equal(elapsed(9.96), "10 s");
  assert.equal(elapsed(59.6), "0:59");
  assert.equal(elapsed(61), "1:01");
});

test("sizes have two meaningful digits and never four", () => {
  assert.equal(byteSize(0), "0 B");
  assert.equal(byteSize(1500), "1.5 kB");
  assert.equal(byteSize(999_999), "1.0 MB");
  assert.equal(byteSize(48_200_000), "48 MB");
});

test("a file stamp sorts by time", () => {
  assert.equal(fileStamp(new Date(2026, 0, 2, 3, 4)), "2026-01-02_0304");
});
