// SPDX-License-Identifier: Apache-2.0
// One log line per event, on standard error or in a file: time, level, role[pid], text. Lines carry
// ids ("stream=7 job=3f"), not prose, and never audio, transcripts or secrets.
//
// Levels: error = an operator should look; warn = degraded but served; info = lifecycle;
// debug = everything else, a client's misbehaviour included.
//
// Each line is one write() to a file opened for appending, so the processes of a node can share it,
// and a file that was renamed gets whole lines until reopen() begins the new one.
#pragma once

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

namespace tutti::log {

using spdlog::critical;
using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

// Sets the role shown in every line, the least level written ("debug", "info", "warn", "error")
// and the file (empty = standard error). Called once, first thing in main. Throws
// std::system_error when the file cannot be opened.
void init(std::string_view role, std::string_view level, const std::string& file = {});

// Opens the file again. When that fails the old one goes on being written, with an error in it.
void reopen();

void set_level(std::string_view level);

// Where lines go, for what cannot use the logger (a crash).
int descriptor();

// `text` with control bytes escaped and cut at `limit`, for values a client chose.
std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace tutti::log
