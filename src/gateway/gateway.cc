// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.h"

#include "base/exit_code.h"
#include "base/log.h"
#include "gateway/acceptor.h"
#include "gateway/drain.h"
#include "gateway/services.h"
#include "policy/resume_token.h"
#include "runtime/key_file.h"

#include <sys/resource.h>

namespace tutti::gateway {
namespace {

std::uint64_t descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

policy::GatewayLimits limits_of(const config::Config& config) {
    return policy::limits_within(
        {config.max_connections, config.max_handshakes, config.max_requests_in_flight},
        descriptor_limit());
}

// A loop that can be emptied while what its tasks refer to still exists.
class Loop : public asio::io_context {
  public:
    Loop() : asio::io_context(1) {}
    // REQUIRES: it has stopped.
    void drop_tasks() { shutdown(); }
};

class Gateway {
  public:
    Gateway(const config::Config& config, std::size_t slot_index, std::string resume_key)
        : worker_(loop_, proto::Role::gateway, slot_index),
          services_{.loop = loop_,
                    .config = config,
                    .worker = worker_,
                    .slot = worker_.slot(),
                    .engines = dispatch::Engines(loop_, worker_.slot()),
                    .scribes = Scribes(loop_),
                    .site = StaticSite::load(config.web_dir),
                    .host = HostSampler(loop_),
                    .admission = Admission(limits_of(config), worker_.slot()),
                    .resting = Resting(loop_, [this](auto kind) { return rest_limit(kind); }),
                    .resume_key = std::move(resume_key)},
          connections_(loop_),
          acceptor_(services_, connections_),
          drain_(services_, acceptor_, connections_),
          tasks_(loop_) {}

    int run();

  private:
    asio::awaitable<void> drain();
    void on_roster(const proto::Roster& roster);
    void on_drain(const proto::Drain& drain);
    void on_lost_parent();
    std::chrono::seconds rest_limit(Resting::Kind kind) const;
    void log_limits() const;

    Loop loop_;
    runtime::Worker worker_;
    Services services_;
    int exit_code_ = exit_code::ok;
    bool takes_connections_ = false;
    runtime::TaskGroup connections_;
    Acceptor acceptor_;
    Drain drain_;
    runtime::TaskGroup tasks_;
};

int Gateway::run() {
    worker_.on_roster = [this](const proto::Roster& roster) { on_roster(roster); };
    worker_.on_drain = [this](const proto::Drain& drain) { on_drain(drain); };
    worker_.on_lost_parent = [this] { on_lost_parent(); };
    services_.engines.on_wanted = [this](const std::string& model) { worker_.post_wanted(model); };
    tasks_.spawn("worker", worker_.run());
    tasks_.spawn("host sampler", services_.host.run());
    tasks_.spawn("resting", services_.resting.run());
    tasks_.spawn("refuser", acceptor_.run_refuser());
    log_limits();
    worker_.post_ready({});
    loop_.run();
    loop_.drop_tasks();
    return exit_code_;
}

void Gateway::on_roster(const proto::Roster& roster) {
    services_.engines.update(roster);
    services_.scribes.update(roster);
    acceptor_.update(roster);
    // Until then it may be a successor that is not to serve yet.
    if (std::exchange(takes_connections_, true)) return;
    tasks_.spawn("accept", acceptor_.run_listener());
    tasks_.spawn("handover", acceptor_.run_inbox());
}

void Gateway::on_lost_parent() {
    log::error("the supervisor is gone");
    exit_code_ = exit_code::lost_parent;
    services_.is_orphaned = true;
    on_drain({.limit = services_.config.stop_timeout});
}

void Gateway::on_drain(const proto::Drain& drain) {
    const bool has_begun = drain_.has_begun();
    drain_.on_drain({drain.pre_stop, drain.close_spread, drain.limit});
    if (!has_begun) tasks_.spawn("drain", this->drain());
}

asio::awaitable<void> Gateway::drain() {
    co_await drain_.run();
    loop_.stop();
}

std::chrono::seconds Gateway::rest_limit(Resting::Kind kind) const {
    const auto limit = services_.admission.rest_limit(services_.is_closing);
    return kind == Resting::Kind::kept ? limit : std::min(limit, services_.config.request_timeout);
}

void Gateway::log_limits() const {
    const auto& limits = services_.admission.limits();
    log::info("takes {} connections, {} handshakes and {} requests at once", limits.connections,
              limits.handshakes, limits.requests);
    if (const auto descriptors = descriptor_limit(); limits.connections >= descriptors)
        log::warn("max_connections is more than the {} descriptors allow", descriptors);
}

}  // namespace

int run(const config::Config& config, std::size_t slot_index) {
    auto resume_key = runtime::take_inherited_key(runtime::kResumeKeyFd, policy::kResumeKeySize);
    if (!resume_key) {
        // A supervisor of an older version, before its upgrade, gives none.
        log::warn("live streams cannot be resumed elsewhere: {}", resume_key.error().message());
        resume_key = runtime::random_key(policy::kResumeKeySize);
    }
    Gateway gateway(config, slot_index, std::move(*resume_key));
    return gateway.run();
}

}  // namespace tutti::gateway
