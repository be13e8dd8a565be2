// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/upstream_answer.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tutti::engine {
namespace {

namespace json = boost::json;
using proto::Millis;

// Far more than anybody says in the longest utterance.
constexpr std::size_t kTextLimit = 32 * 1024;
constexpr std::size_t kWordLimit = 4096;

Error unusable(std::string_view what) {
    return Error(Errc::internal, fmt::format("the answer of the upstream server {}", what));
}

// Any other status than success.
Error failure(int status) {
    const auto because = [status](Errc cause, std::string_view what) {
        return Error(cause, fmt::format("the upstream server {} (status {})", what, status));
    };
    if (status == 401 || status == 403) return because(Errc::internal, "refused our key");
    if (status == 429) return because(Errc::busy, "is at capacity");
    if (status >= 500) return because(Errc::unavailable, "failed");
    if (status >= 300 && status < 400)
        return because(Errc::internal, "redirects, which is not followed");
    return because(Errc::internal, "refused our request");
}

bool is_space(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7f;
}

// White space and control bytes become single spaces, none at the ends.
std::string tidy(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (!is_space(c))
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

// Lower case without punctuation around it, as far as ASCII goes.
std::string plain_word(std::string_view text) {
    constexpr std::string_view kAround = " \t\r\n.,;:!?\"()[]{}";
    const auto first = text.find_first_not_of(kAround);
    if (first == text.npos) return {};
    text = text.substr(first, text.find_last_not_of(kAround) - first + 1);
    std::string out = tidy(text);
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::optional<double> number_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (!value || !value->is_number()) return std::nullopt;
    const auto number = value->to_number<double>();
    return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

Millis millis_of(double seconds, Millis length) {
    const auto most = static_cast<double>(length.count());
    return Millis(static_cast<std::int64_t>(std::clamp(std::round(seconds * 1000), 0., most)));
}

std::optional<proto::Word> read_word(const json::value& value, Millis length) {
    const auto* object = value.if_object();
    const auto* text = object ? object->if_contains("word") : nullptr;
    if (!text || !text->is_string()) return std::nullopt;
    const auto start = number_of(*object, "start");
    const auto end = number_of(*object, "end");
    if (!start || !end || *start > *end) return std::nullopt;
    const auto confidence =
        number_of(*object, "confidence").value_or(number_of(*object, "probability").value_or(0));
    return proto::Word{plain_word(text->get_string()), millis_of(*start, length),
                       millis_of(*end, length), static_cast<float>(std::clamp(confidence, 0., 1.))};
}

// Empty when one of them makes no sense: half of the words would be worse than none.
std::vector<proto::Word> read_words(const json::value* value, Millis length) {
    const auto* list = value ? value->if_array() : nullptr;
    if (!list || list->size() > kWordLimit) return {};
    std::vector<proto::Word> words;
    std::size_t text_size = 0;
    for (const auto& item : *list) {
        auto word = read_word(item, length);
        if (!word || (!words.empty() && word->start < words.back().start)) return {};
        text_size += word->text.size();
        if (text_size > kTextLimit) return {};
        if (!word->text.empty()) words.push_back(std::move(*word));
    }
    return words;
}

const json::value* text_of_chat(const json::object& body) {
    const auto* choices = body.if_contains("choices");
    const auto* list = choices ? choices->if_array() : nullptr;
    const auto* first = list && !list->empty() ? list->front().if_object() : nullptr;
    const auto* message = first ? first->if_contains("message") : nullptr;
    return message && message->is_object() ? message->get_object().if_contains("content") : nullptr;
}

}  // namespace

Result<Hypothesis> read_answer(const UpstreamOptions& options, const HttpReply& reply,
                               Millis length) {
    if (reply.status < 200 || reply.status >= 300) return failure(reply.status);
    json::error_code error;
    const auto value = json::parse(reply.body, error);
    if (error) return unusable("is not JSON");
    const auto* body = value.if_object();
    if (!body) return unusable("is not a JSON object");
    const auto* text =
        options.api == UpstreamApi::chat ? text_of_chat(*body) : body->if_contains("text");
    if (!text || !text->is_string()) return unusable("holds no text");
    Hypothesis hypothesis{tidy(text->get_string()), {}};
    if (hypothesis.text.size() > kTextLimit) return unusable("is too long for its audio");
    if (options.words && !hypothesis.text.empty())
        hypothesis.words = read_words(body->if_contains("words"), length);
    return hypothesis;
}

}  // namespace tutti::engine
