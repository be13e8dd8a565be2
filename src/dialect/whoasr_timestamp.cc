// SPDX-License-Identifier: Apache-2.0
#include "dialect/whoasr_timestamp.h"

#include "dialect/detail_body.h"
#include "dialect/json_text.h"
#include "dialect/utf8.h"
#include "dialect/whoasr_http.h"
#include "dialect/whoasr_models.h"

#include <cmath>

namespace tutti::dialect {
namespace {

// Written before the text by some editors.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

json::object word_json(const proto::Word& word) {
    return {{"text", word.text},
            {"start", word.start.count()},
            {"end", word.end.count()},
            {"confidence", std::round(double{word.confidence} * 10000) / 10000}};
}

}  // namespace

Parsed<std::string> parse_whoasr_timestamp(const Fields& form,
                                           const std::optional<std::string>& filename) {
    if (auto fault = check_whoasr_audio("audio_file", filename)) return *fault;
    auto text = form.find("text_content");
    const std::string_view source = text ? "text_content" : "text_file";
    if (!text) text = form.find("text_file");
    if (text && text->starts_with(kByteOrderMark)) text->remove_prefix(kByteOrderMark.size());
    if (!text || text->empty())
        return RequestError{
            {Errc::bad_request, "Either text_file or text_content is required"}, {}, {}};
    if (to_valid_utf8(*text) != *text)
        return RequestError{{Errc::bad_request, std::string(source) + " is not UTF-8"}, {}, {}};
    return std::string(*text);
}

RequestError whoasr_timestamp_not_loaded(std::string_view model, proto::ModelState state) {
    const auto how = model.empty() ? "Serve a model that aligns, such as en-us: "
                                     "tutti serve --models en-us, or if it was unloaded: "
                                     "tutti ctl load en-us"
                                   : whoasr_how_to_load(WhoasrType::timestamp, model, state);
    return {{Errc::unavailable, "Timestamp model not loaded. " + how}, {}, {}};
}

std::string whoasr_timestamp_body(const proto::Transcript& transcript) {
    json::array results;
    for (const auto& utterance : transcript.utterances)
        for (const auto& word : utterance.words) results.push_back(word_json(word));
    return to_text(json::object{{"success", true},
                                {"message", "Timestamp prediction completed successfully"},
                                {"results", std::move(results)}});
}

std::string whoasr_timestamp_failure_body(const Error& failure) {
    return detail_body(
        {{failure.code, "Timestamp processing failed: " + failure.message()}, {}, {}});
}

}  // namespace tutti::dialect
