// SPDX-License-Identifier: Apache-2.0
export { LiveStream } from "./live_stream.ts";
export type {
  LiveEvents,
  LiveOptions,
  Reconnecting,
  Resumed,
  StreamError,
  StreamErrorKind,
} from "./live_stream.ts";
export type { Result, Word } from "./messages.ts";
