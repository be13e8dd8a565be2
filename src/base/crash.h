// SPDX-License-Identifier: Apache-2.0
// The last words of a process: where each of its threads was.
//
// After install() a process that aborts (a broken invariant, or SIGABRT from a supervisor whose
// patience is over) or faults writes the stacks of all its threads to the log, then dies of the
// signal. Addresses are those of the executable as built: addr2line finds the lines.
#pragma once

namespace tutti::crash {

// Signals that something else handles already (a sanitizer) are left to it, SIGABRT excepted.
void install();

}  // namespace tutti::crash
