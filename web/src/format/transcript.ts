// SPDX-License-Identifier: Apache-2.0
// The one shape of recognised text that everything is exported from. Times are seconds from the
// beginning of the audio.

export interface Word {
  text: string;
  start: number;
  end: number;
}

// `words` may be empty (a model without word times); `text` is never derived from it, because
// words come without punctuation.
export interface Segment {
  text: string;
  start: number;
  end: number;
  words: Word[];
}

export interface Transcript {
  text: string;
  segments: Segment[];
}
