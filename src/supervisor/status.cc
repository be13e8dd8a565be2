// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status.h"

#include "base/version.h"

#include <boost/json/array.hpp>
#include <fmt/chrono.h>
#include <unistd.h>

namespace tutti::supervisor {
namespace {

namespace json = boost::json;
using runtime::Metric;

double seconds(std::chrono::steady_clock::duration duration) {
    return static_cast<double>(
               std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) /
           1000;
}

std::string_view name_of(Process::State state) {
    switch (state) {
        case Process::State::starting:
            return "starting";
        case Process::State::ready:
            return "ready";
        case Process::State::draining:
            return "draining";
    }
    return "unknown";
}

std::string_view name_of(Server::State state) {
    switch (state) {
        case Server::State::starting:
            return "starting";
        case Server::State::ready:
            return "ready";
        case Server::State::draining:
            return "draining";
        case Server::State::stopping:
            return "stopping";
    }
    return "unknown";
}

std::string_view state_of(const Place& place) {
    if (place.serving()) return "ready";
    if (place.is_failing()) return "failing";
    if (place.is_wanted()) return "starting";
    return place.is_empty() ? "stopped" : "draining";
}

using Memory = std::map<pid_t, std::uint64_t>;

json::object status_of(const Process& process, Memory& memory) {
    const auto& slot = process.slot();
    const bool is_engine = process.peer().role == proto::Role::engine;
    return {{"pid", process.pid()},
            {"state", name_of(process.state())},
            {"generation", process.generation().number},
            {"uptime_seconds", seconds(process.age())},
            {"beat_age_seconds", seconds(process.beat_age())},
            {"rss_bytes", memory[process.pid()]},
            {"requests", process.requests()},
            {"connections", slot.get(Metric::http_connections)},
            {"streams", slot.get(is_engine ? Metric::engine_streams : Metric::live_streams)}};
}

json::object status_of(const Place& place, Memory& memory) {
    json::array processes;
    place.each([&](const Process& process) { processes.push_back(status_of(process, memory)); });
    return {{"name", place.name()},
            {"role", proto::name_of(place.role())},
            {"number", place.number()},
            {"model", place.model()},
            {"state", state_of(place)},
            {"deaths", place.deaths()},
            {"last_death", place.last_death()},
            {"processes", std::move(processes)}};
}

json::value report_of(const std::optional<Server::ReloadReport>& report) {
    if (!report) return nullptr;
    return json::object{{"at", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(report->at))},
                        {"ok", report->error.empty()},
                        {"error", report->error}};
}

}  // namespace

json::array status_of(const Models& models) {
    json::array list;
    for (const auto& one : models.facts())
        list.push_back(json::object{{"id", one.note.id},
                                    {"kind", models::name_of(one.kind)},
                                    {"backend", one.backend},
                                    {"state", proto::name_of(one.note.state)},
                                    {"why", one.note.why},
                                    {"on_demand", one.note.is_on_demand},
                                    {"pinned", one.is_pinned},
                                    {"replicas", one.replicas},
                                    {"ready", one.ready},
                                    {"memory_bytes", one.memory},
                                    {"evictions", one.evictions}});
    return list;
}

json::object status_of(const Server& server, bool is_upgrading) {
    auto memory = server.memory();
    json::array places;
    for (const auto& place : server.places()) places.push_back(status_of(*place, memory));
    return {{"version", kVersion},
            {"pid", ::getpid()},
            {"state", name_of(server.state())},
            {"uptime_seconds", seconds(server.age())},
            {"url", server.url()},
            {"generation", server.generation().number},
            {"upgrade", is_upgrading ? json::value("running") : json::value(nullptr)},
            {"last_reload", report_of(server.last_reload())},
            {"models", status_of(server.models())},
            {"places", std::move(places)}};
}

}  // namespace tutti::supervisor
