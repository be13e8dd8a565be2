// SPDX-License-Identifier: Apache-2.0
// The part of a job that finds the times of a given text.
#include "policy/text_match.h"
#include "scribe/job.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tutti::scribe {
namespace {

constexpr std::size_t kWordsPerSecond = 10;
constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

}  // namespace

asio::awaitable<void> Job::align() {
    if (submit_.text.size() > proto::kMaxText)
        co_return fail(Error(Errc::bad_request, "the text is too long for this audio"));
    auto all = co_await read_short_file();
    if (!all) co_return fail(all.error());
    if (*all) {
        add_segment(std::move(**all), submit_.text);
        on_decoded();
    } else {
        co_await align_in_pieces();
    }
}

// All of a file that is no longer than an utterance. The decoder ends with it.
asio::awaitable<Result<std::optional<audio::Segment>>> Job::read_short_file() {
    auto decoder = start_decoder();
    if (!decoder) co_return decoder.error();
    std::optional<audio::Segment> all(std::in_place);
    for (;;) {
        const auto samples = co_await read(*decoder);
        if (!samples) co_return samples.error();
        if (!*samples) co_return all;
        if (decoded_ > proto::kMaxUtterance) co_return std::nullopt;
        all->samples.insert(all->samples.end(), (*samples)->begin(), (*samples)->end());
    }
}

asio::awaitable<void> Job::align_in_pieces() {
    is_hearing_ = true;
    decoded_ = 0;
    co_await recognise();
    while (!is_over_ && !segments_.empty()) co_await room_.async_wait(use_result);
    if (is_over_ || !match_what_was_heard()) co_return;
    is_hearing_ = is_decoded_ = false;
    decoded_ = 0;
    assembly_ = {};
    co_await recognise();
}

// False when the job has failed.
bool Job::match_what_was_heard() {
    const auto seconds = static_cast<std::size_t>(decoded_ / proto::kSampleRate);
    if (policy::count_words(submit_.text) > kWordsPerSecond * seconds) {
        fail(Error(Errc::bad_request, "the text has more words than can be spoken in this audio"));
        return false;
    }
    std::vector<std::vector<std::string>> heard;
    for (const auto& utterance : heard_) {
        auto& words = heard.emplace_back();
        for (const auto& word : utterance.words) words.push_back(word.text);
    }
    if (heard.empty()) {
        fail(Error(Errc::bad_request, "no speech was heard to align the text with"));
        return false;
    }
    const auto texts = policy::match_text(submit_.text, heard);
    for (std::size_t n = 0; n < texts.size(); ++n)
        if (!texts[n].empty())
            pieces_.emplace(heard_[n].start, Piece{texts[n], std::move(heard_[n])});
    if (pieces_.empty()) fail(Error(Errc::bad_request, "the text has no words"));
    return !pieces_.empty();
}

}  // namespace tutti::scribe
