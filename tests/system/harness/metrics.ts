// SPDX-License-Identifier: Apache-2.0
// The server's /metrics, parsed strictly: a line Prometheus would refuse fails the test.
import assert from "node:assert/strict";

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export class Metrics {
  readonly samples: Sample[] = [];
  readonly types = new Map<string, string>();

  constructor(text: string) {
    assert.ok(text.endsWith("\n"), "the last line of /metrics is not ended");
    for (const line of text.split("\n").slice(0, -1)) {
      const type = /^# TYPE (\S+) (gauge|counter|histogram)$/.exec(line);
      if (type) {
        assert.ok(!this.types.has(type[1]!), `two TYPE lines for ${type[1]}`);
        this.types.set(type[1]!, type[2]!);
      } else if (!line.startsWith("# HELP ")) {
        this.samples.push(parseSample(line));
      }
    }
  }

  // The sum over all processes, or those of one role.
  sum(name: string, role?: string): number {
    const matching = this.samples.filter(
      (sample) => sample.name === name && (!role || sample.labels["role"] === role),
    );
    assert.ok(matching.length > 0, `/metrics has no ${name}${role ? ` of a ${role}` : ""}`);
    return matching.reduce((sum, sample) => sum + sample.value, 0);
  }
}

function parseSample(line: string): Sample {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  assert.ok(match, `not a line of Prometheus's text format: ${line}`);
  const labels: Record<string, string> = {};
  for (const part of (match[2] ?? "").split(",").filter(Boolean)) {
    const label = /^(\w+)="([^"\\\n]*)"$/.exec(part);
    assert.ok(label, `not a label: ${part}`);
    labels[label[1]!] = label[2]!;
  }
  const value = Number(match[3]);
  assert.ok(!Number.isNaN(value), `not a number: ${line}`);
  return { name: match[1]!, labels, value };
}
