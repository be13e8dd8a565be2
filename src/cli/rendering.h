// SPDX-License-Identifier: Apache-2.0
// The server's last event as the text a user asked for. Pure.
#pragma once

#include "proto/transcript.h"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace tutti::cli {

namespace json = boost::json;

enum class Format { txt, srt, vtt, json };

// "txt", "srt"...: the name of the option's value and of the file's ending.
std::string_view name_of(Format format);

// A word belongs to the last segment that has begun when the word does.
proto::Transcript transcript_of(const json::object& finished);

// Ends in a line feed. A label, where there is one, tells several results in one stream apart:
// a line before txt, a member of the object in json, which is one line.
std::string render(const json::object& finished, Format format, std::string_view label = {});

}  // namespace tutti::cli
