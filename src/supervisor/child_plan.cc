// SPDX-License-Identifier: Apache-2.0
#include "supervisor/child_plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::supervisor {
namespace {

using proto::Role;

std::vector<std::string> engine_flags(const config::Config& config, const config::Model& model,
                                      int cores) {
    std::vector<std::string> flags = {
        "--model",     model.id,
        "--cores",     std::to_string(std::max(1, cores / model.replicas)),
        "--log-level", config.log_level};
    const auto add = [&](const char* flag, int threads) {
        if (threads > 0) flags.insert(flags.end(), {flag, std::to_string(threads)});
    };
    add("--whole-threads", model.whole_threads);
    add("--live-threads", model.live_threads);
    if (!config.log_file.empty()) flags.insert(flags.end(), {"--log-file", config.log_file});
    if (!model.directory.empty()) flags.insert(flags.end(), {"--model-dir", model.directory});
    if (const auto* vad = vad_of_streams(config, model))
        flags.insert(flags.end(),
                     {"--vad", vad->directory.empty() ? std::string("installed") : vad->directory});
    return flags;
}

}  // namespace

std::vector<PlannedChild> plan_children(const config::Config& config, int cores) {
    std::vector<PlannedChild> plan;
    const auto add = [&](Role role, int n, std::string program, std::vector<std::string> flags,
                         std::string model = {}) {
        auto name = role == Role::engine ? fmt::format("engine {} {}", model, n)
                                         : fmt::format("{} {}", name_of(role), n);
        plan.push_back({role, std::move(name), std::move(program), std::move(flags),
                        std::move(model), static_cast<std::size_t>(n)});
    };
    for (const auto& id : config.models) {
        const auto& model = *find_model(config, id);
        for (int n = 0; n < model.replicas; ++n)
            add(Role::engine, n, "tutti-engine-" + model.backend,
                engine_flags(config, model, cores), id);
    }
    for (int n = 0; n < config.scribes; ++n) add(Role::scribe, n, "tutti", {"role", "scribe"});
    const int gateways = config.gateways > 0 ? config.gateways : std::max(2, cores / 2);
    for (int n = 0; n < gateways; ++n) add(Role::gateway, n, "tutti", {"role", "gateway"});
    return plan;
}

}  // namespace tutti::supervisor
