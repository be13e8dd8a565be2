// SPDX-License-Identifier: Apache-2.0
// The small questions the page asks the server besides recognition.

const kDeadlineMs = 5_000;

// True for any answer, also a refusing one: it is the network that is in question.
export async function serverIsReachable(): Promise<boolean> {
  try {
    await fetch("/health", { cache: "no-store", signal: AbortSignal.timeout(kDeadlineMs) });
    return true;
  } catch {
    return false;
  }
}

// Ids of the models, in the server's order; empty when it cannot be asked.
export async function listModels(): Promise<string[]> {
  try {
    const response = await fetch("/v1/models", { signal: AbortSignal.timeout(kDeadlineMs) });
    if (!response.ok) return [];
    const body = (await response.json()) as { data?: { id?: unknown }[] };
    return (body.data ?? []).map((model) => model.id).filter((id) => typeof id === "string");
  } catch {
    return [];
  }
}
