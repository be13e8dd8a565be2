// SPDX-License-Identifier: Apache-2.0
#include "dialect/deepgram_json.h"

#include <fmt/format.h>

#include <cstdint>

namespace tutti::dialect {
namespace {

bool ends_sentence(char c) {
    return c == '.' || c == '?' || c == '!';
}

// Capitals at the beginning and behind the end of a sentence.
std::string capitalised(std::string_view text) {
    std::string out(text);
    bool is_begin = true;
    for (std::size_t i = 0; i < out.size(); ++i) {
        char& c = out[i];
        if (is_begin && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
        is_begin = c == ' ' ? is_begin || (i > 0 && ends_sentence(out[i - 1])) : false;
    }
    return out;
}

std::uint64_t fnv1a(std::string_view text, std::uint64_t hash) {
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return hash;
}

std::string_view error_code_of(Errc cause) {
    switch (cause) {
        case Errc::bad_parameter:
        case Errc::unknown_language:
            return "INVALID_QUERY_PARAMETER";
        case Errc::bad_request:
        case Errc::unknown_model:
        case Errc::undecodable_audio:
            return "Bad Request";
        case Errc::too_large:
        case Errc::too_long:
            return "PAYLOAD_TOO_LARGE";
        case Errc::not_found:
            return "NOT_FOUND";
        case Errc::wrong_method:
            return "METHOD_NOT_ALLOWED";
        case Errc::client_idle:
            return "REQUEST_TIMEOUT";
        case Errc::busy:
        case Errc::unavailable:
        case Errc::canceled:
            return "SERVICE_UNAVAILABLE";
        case Errc::no_space:
            return "INSUFFICIENT_STORAGE";
        default:
            return "INTERNAL_SERVER_ERROR";
    }
}

}  // namespace

std::string deepgram_text(std::string_view text, bool is_formatted) {
    return is_formatted ? capitalised(text) : std::string(text);
}

json::array deepgram_words(const std::vector<proto::Word>& words, bool is_formatted) {
    json::array out;
    bool begins = true;
    for (const auto& word : words) {
        json::object object{{"word", word.text},
                            {"start", to_seconds(word.start)},
                            {"end", to_seconds(word.end)},
                            {"confidence", to_confidence(word.confidence)}};
        if (is_formatted) {
            const auto& shown = word.shown.empty() ? word.text : word.shown;
            object["punctuated_word"] = begins ? capitalised(shown) : shown;
            begins = ends_sentence(shown.empty() ? ' ' : shown.back());
        }
        if (word.speaker != proto::kNoSpeaker) object["speaker"] = word.speaker;
        out.push_back(std::move(object));
    }
    return out;
}

json::object deepgram_model_info(std::string_view model) {
    return {{"name", model}, {"version", "latest"}, {"arch", "tutti"}};
}

std::string deepgram_model_uuid(std::string_view model) {
    const auto high = fnv1a(model, 0xcbf29ce484222325u);
    const auto low = fnv1a(model, high ^ 0x9e3779b97f4a7c15u);
    // Version 8 (custom) and the standard variant, as RFC 9562 asks of a UUID made this way.
    return fmt::format("{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                       high & 0xfff, 0x8000 | ((low >> 48) & 0x3fff), low & 0xffffffffffffu);
}

std::string deepgram_error_body(const RequestError& error, std::string_view request_id) {
    return to_text(json::object{{"err_code", error_code_of(error.error.errc())},
                                {"err_msg", error.error.message()},
                                {"request_id", request_id}});
}

}  // namespace tutti::dialect
