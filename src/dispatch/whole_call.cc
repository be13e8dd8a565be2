// SPDX-License-Identifier: Apache-2.0
#include "dispatch/whole_call.h"

#include "policy/text_pieces.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace tutti::dispatch {
namespace {

using std::chrono::steady_clock;

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);
// How often it is looked whether anybody can serve the model at all.
constexpr auto kTick = std::chrono::milliseconds(200);

Error not_in_time(const std::string& model) {
    return Error(Errc::unavailable, "the model '" + model + "' did not answer in time");
}

Error not_served(const Engines& engines, const std::string& model) {
    if (auto why = engines.refusal(model)) return *why;
    return Error(Errc::unavailable, "the model '" + model + "' is not available at the moment");
}

}  // namespace

asio::awaitable<Result<proto::Utterance>> call_engine(Engines& engines, std::string model,
                                                      audio::Segment audio, std::string text,
                                                      std::chrono::milliseconds limit) {
    if (!engines.can_serve(model)) co_return not_served(engines, model);
    const auto executor = co_await asio::this_coro::executor;
    const auto deadline = steady_clock::now() + limit;
    asio::steady_timer changed(executor);
    WholeStream stream(engines, model, std::move(audio), std::move(text),
                       [&changed] { changed.cancel(); });
    while (!stream.outcome()) {
        const auto now = steady_clock::now();
        if (now >= deadline) co_return not_in_time(model);
        if (const auto why = engines.refusal(model); why && stream.wants_engine()) co_return *why;
        if (stream.wants_engine() && !stream.is_asking()) stream.ask();
        changed.expires_at(std::min(now + kTick, deadline));
        co_await changed.async_wait(use_result);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) co_return Error(Errc::canceled);
    }
    // Its place is free.
    engines.look_again();
    co_return *stream.outcome();
}

asio::awaitable<Result<std::string>> punctuate(Engines& engines, std::string model,
                                               std::string text, std::chrono::milliseconds limit) {
    const auto deadline = steady_clock::now() + limit;
    std::string marked;
    for (const auto piece : policy::cut_text(text, proto::kMaxText)) {
        // White space is no text to work on.
        if (piece.find_first_not_of(" \t\r\n") == piece.npos) {
            marked += piece;
            continue;
        }
        audio::Segment no_audio;
        std::string part(piece);
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
        auto id = model;
        auto done = co_await call_engine(engines, std::move(id), std::move(no_audio),
                                         std::move(part), left);
        if (!done) co_return done.error();
        marked += done->text;
    }
    co_return marked;
}

}  // namespace tutti::dispatch
