// SPDX-License-Identifier: Apache-2.0
#include "gateway/second_pass.h"

namespace tutti::gateway {
namespace {

using runtime::Metric;
using std::chrono::steady_clock;

// The model that puts marks into what `recogniser` tells; empty = none, or it does so itself.
std::string punctuation_for(const config::Config& config, const config::Model& recogniser) {
    if (recogniser.punctuates) return {};
    const auto language =
        recogniser.languages.empty() ? std::string() : recogniser.languages.front();
    const auto* model = config::first_of(config, models::Kind::punctuation, language);
    return model ? model->id : std::string();
}

SecondPass::Options marks_after(const config::Config& config, const config::Model& first,
                                const dialect::LiveSettings& settings) {
    const auto* last =
        first.second_pass.empty() ? &first : config::find_model(config, first.second_pass);
    const bool is_wanted = settings.wants_marks && last;
    return {.model = is_wanted ? punctuation_for(config, *last) : std::string(),
            .refiner = {.about = policy::Refiner::About::text},
            .hotwords = {}};
}

}  // namespace

SecondPass::SecondPass(Services& services, Options options, std::function<void()> wake, Tell tell)
    : services_(services),
      options_(std::move(options)),
      wake_(std::move(wake)),
      tell_(std::move(tell)),
      refiner_(options_.refiner, is_wanted() ? &services.pauses.of(options_.model) : nullptr) {
    if (is_wanted()) services_.engines.expect_work(options_.model);
}

void SecondPass::on_told(policy::Told told) {
    if (!is_wanted()) return tell_(told);
    refiner_.on_told(std::move(told), steady_clock::now());
    perform();
}

void SecondPass::look(TimePoint now) {
    take_answers(now);
    refiner_.on_time(now, services_.engines.is_loading(options_.model));
    perform();
}

void SecondPass::give_up() {
    refiner_.give_up();
    perform();
}

void SecondPass::drop() {
    refiner_.give_up();
    (void)refiner_.take_actions();
    streams_.clear();
    services_.engines.look_again();
}

void SecondPass::take_answers(TimePoint now) {
    for (auto it = streams_.begin(); it != streams_.end();) {
        auto& stream = *it->second;
        const bool is_to_ask = !stream.outcome() && stream.wants_engine() && !stream.is_asking();
        const bool is_refused = is_to_ask && services_.engines.refusal(options_.model);
        if (is_to_ask && !is_refused) stream.ask();
        if (is_refused)
            refiner_.on_refused(it->first);
        else if (const auto& outcome = stream.outcome())
            refiner_.on_answer(it->first, *outcome, now);
        else {
            ++it;
            continue;
        }
        it = streams_.erase(it);
        services_.engines.look_again();
    }
}

void SecondPass::perform() {
    for (auto& action : refiner_.take_actions()) std::visit([this](auto& a) { act(a); }, action);
    count();
    if (is_wanted()) services_.pauses.tell_change(options_.model);
}

void SecondPass::act(policy::AskSecond& action) {
    auto stream = std::make_unique<dispatch::WholeStream>(
        services_.engines, options_.model,
        audio::Segment{action.first_sample, std::move(action.audio)}, std::move(action.text), wake_,
        options_.hotwords);
    streams_.emplace(action.number, std::move(stream));
    wake_();  // look() asks, or finds that it is in vain
}

void SecondPass::act(const policy::StopAsking& action) {
    streams_.erase(action.number);
    services_.engines.look_again();
}

void SecondPass::count() {
    if (options_.refiner.about == policy::Refiner::About::text) return;
    const auto counts = refiner_.counts();
    services_.slot.add(Metric::second_passes, counts.refined - counted_.refined);
    services_.slot.add(Metric::second_passes_missed, counts.kept - counted_.kept);
    services_.slot.add(Metric::second_passes_skipped, counts.skipped - counted_.skipped);
    counted_ = counts;
}

Finals::Finals(Services& services, const config::Model& first,
               const dialect::LiveSettings& settings, const std::function<void()>& wake,
               SecondPass::Tell tell)
    : marks_(services, marks_after(services.config, first, settings), wake, std::move(tell)),
      second_(services,
              {.model = first.second_pass,
               .refiner = {.limit = first.second_pass_limit},
               .hotwords = settings.hotwords},
              wake, [this](const policy::Told& told) { marks_.on_told(told); }) {
}

void Finals::look(TimePoint now) {
    second_.look(now);
    marks_.look(now);
}

void Finals::give_up() {
    second_.give_up();
    marks_.give_up();
}

void Finals::drop() {
    second_.drop();
    marks_.drop();
}

std::optional<Finals::TimePoint> Finals::deadline() const {
    const auto first = second_.deadline(), last = marks_.deadline();
    if (first && last) return std::min(*first, *last);
    return first ? first : last;
}

}  // namespace tutti::gateway
