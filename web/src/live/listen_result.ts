// SPDX-License-Identifier: Apache-2.0
// What the captions and the measurements need of a result. Times are seconds on the stream's clock.
import type { Word } from "../format/transcript.ts";

export interface ListenResult {
  isFinal: boolean;
  endsUtterance: boolean;
  start: number;
  end: number;
  text: string;
  words: Word[];
}
