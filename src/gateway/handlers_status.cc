// SPDX-License-Identifier: Apache-2.0
#include "dialect/whoasr_http.h"
#include "gateway/handlers.h"

#include <fmt/format.h>

#include <chrono>
#include <map>

namespace tutti::gateway {
namespace {

using runtime::MetricInfo;
using runtime::Phase;

// A role and a number, and the slots its processes use: more than one while one drains.
using Place = std::pair<proto::Role, std::uint32_t>;
using Places = std::map<Place, std::vector<const runtime::Slot*>>;

Places places_of(std::span<const runtime::Slot> slots) {
    Places places;
    for (const auto& slot : slots)
        if (slot.phase.load() != Phase::empty)
            places[{slot.role.load(), slot.number.load()}].push_back(&slot);
    return places;
}

const runtime::Slot* newest_in(const std::vector<const runtime::Slot*>& slots, Phase phase) {
    const runtime::Slot* newest = nullptr;
    for (const auto* slot : slots)
        if (slot->phase.load() == phase &&
            (!newest || slot->started_ns.load() > newest->started_ns.load()))
            newest = slot;
    return newest;
}

std::string labels_of(const Place& place) {
    return fmt::format("{{role=\"{}\",slot=\"{}\"}}", name_of(place.first), place.second);
}

void append_family(std::string& out, std::string_view name, std::string_view help,
                   std::string_view type) {
    out += fmt::format("# HELP tutti_{} {}\n# TYPE tutti_{} {}\n", name, help, name, type);
}

// Places whose processes keep dying, as a JSON list; empty when there are none.
std::string failing_places(std::span<const runtime::Slot> slots) {
    std::string list;
    for (const auto& [place, of_place] : places_of(slots))
        if (newest_in(of_place, Phase::failing) && !newest_in(of_place, Phase::ready))
            list += fmt::format("{}\"{} {}\"", list.empty() ? "" : ",", name_of(place.first),
                                place.second);
    return list;
}

const std::string& default_model(const Services& services) {
    return config::speech_models(services.config).front()->id;
}

}  // namespace

Response health_response(const Services& services) {
    const bool is_served = services.engines.is_served(default_model(services));
    const auto& host = services.host.sample();
    dialect::WhoasrHealth health;
    health.now = std::chrono::system_clock::now();
    health.is_streaming_loaded = is_served;
    health.is_offline_loaded = is_served && services.scribes.has_ready();
    health.is_timestamp_loaded = services.scribes.has_ready() &&
                                 std::ranges::any_of(services.config.models, [&](const auto& id) {
                                     return services.engines.aligns(id);
                                 });
    const auto* vad = config::first_of(services.config, models::Kind::vad);
    health.is_vad_loaded = vad && services.engines.is_served(vad->id);
    health.memory_total_gb = host.memory_total_gb;
    health.memory_available_gb = host.memory_available_gb;
    if (host.memory_total_gb && host.memory_available_gb)
        health.memory_usage_percent = 100 * (1 - *host.memory_available_gb / *host.memory_total_gb);
    health.cpu_usage_percent = host.cpu_percent;
    return {.body = dialect::whoasr_health_body(health)};
}

Response livez_response() {
    return {.body = "{\"status\":\"alive\"}"};
}

Response readyz_response(const Services& services) {
    std::string_view missing;
    if (services.is_draining)
        missing = "this gateway is draining";
    else if (!services.engines.can_serve(default_model(services)))
        missing = "no engine of the default model is ready";
    else if (!services.scribes.has_ready())
        missing = "no scribe is ready";
    const auto failing = failing_places(services.worker.board().slots());
    const auto degraded =
        failing.empty() ? std::string() : fmt::format(",\"degraded\":[{}]", failing);
    if (missing.empty()) return {.body = fmt::format("{{\"status\":\"ready\"{}}}", degraded)};
    return {
        .status = 503,
        .body = fmt::format("{{\"status\":\"not ready\",\"reason\":\"{}\"{}}}", missing, degraded),
        .headers = {{"Retry-After", "1"}}};
}

Response metrics_response(const Services& services) {
    const auto places = places_of(services.worker.board().slots());
    std::string out;
    for (const auto& info : runtime::metric_table()) {
        append_family(out, info.name, info.help,
                      info.kind == MetricInfo::gauge ? "gauge" : "counter");
        for (const auto& [place, slots] : places) {
            if (info.role && *info.role != place.first) continue;
            std::int64_t sum = 0;
            for (const auto* slot : slots) sum += slot->get(info.metric);
            out += fmt::format("tutti_{}{} {}\n", info.name, labels_of(place), sum);
        }
    }
    append_family(out, "process_up", "1 while a process of the place is ready.", "gauge");
    for (const auto& [place, slots] : places)
        out += fmt::format("tutti_process_up{} {}\n", labels_of(place),
                           newest_in(slots, Phase::ready) ? 1 : 0);
    append_family(out, "process_beat_age_seconds", "Time since the ready process last beat.",
                  "gauge");
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    for (const auto& [place, slots] : places)
        if (const auto* slot = newest_in(slots, Phase::ready))
            out += fmt::format("tutti_process_beat_age_seconds{} {:.3f}\n", labels_of(place),
                               static_cast<double>(now - slot->beat_ns.load()) / 1e9);
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = std::move(out)};
}

}  // namespace tutti::gateway
