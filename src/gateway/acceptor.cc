// SPDX-License-Identifier: Apache-2.0
#include "gateway/acceptor.h"

#include "base/log.h"
#include "gateway/connection.h"
#include "policy/even_load.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>

#include <cstring>

namespace tutti::gateway {
namespace {

using asio::ip::tcp;
using std::chrono::steady_clock;

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);
constexpr auto kPause = std::chrono::milliseconds(100);
constexpr auto kComplainEvery = std::chrono::seconds(1);
// Taken in one turn of the loop; others have their turn in between.
constexpr int kBatch = 64;
constexpr int kLastBatches = 64;  // as many as a listener's queue holds

tcp protocol_of(int socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    return address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4();
}

tcp::acceptor inherited_listener(asio::io_context& loop) {
    ::fcntl(runtime::kListenerFd, F_SETFD, FD_CLOEXEC);
    ::fcntl(runtime::kListenerFd, F_SETFL, ::fcntl(runtime::kListenerFd, F_GETFL) | O_NONBLOCK);
    return {loop, protocol_of(runtime::kListenerFd), runtime::kListenerFd};
}

UniqueFd inherited_inbox() {
    ::fcntl(runtime::kHandoverFd, F_SETFD, FD_CLOEXEC);
    return UniqueFd(runtime::kHandoverFd);
}

bool is_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

}  // namespace

Acceptor::Acceptor(Services& services, runtime::TaskGroup& connections)
    : services_(services),
      connections_(connections),
      listener_(inherited_listener(services.loop)),
      reserve_(runtime::kScoreboardFd),
      handover_(services.loop, reserve_, inherited_inbox()),
      refuser_(services.loop) {
}

void Acceptor::update(const proto::Roster& roster) {
    peers_.clear();
    own_peer_ = roster.peers.size();
    const auto slots = services_.worker.board().slots();
    for (const auto& peer : roster.peers) {
        if (peer.role != proto::Role::gateway || peer.slot >= slots.size()) continue;
        if (&slots[peer.slot] == &services_.slot) own_peer_ = peers_.size();
        peers_.push_back({&slots[peer.slot], peer.socket});
    }
}

asio::awaitable<void> Acceptor::run_listener() {
    while (!is_stopped_) {
        const auto [error] = co_await listener_.async_wait(tcp::acceptor::wait_read, use_result);
        if (is_stopped_) co_return;
        if (error || accept_some() == Outcome::starved) co_await rest();
    }
}

asio::awaitable<void> Acceptor::run_inbox() {
    while (!is_stopped_) {
        const auto error = co_await handover_.wait();
        if (is_stopped_) co_return;
        if (error || receive_some() == Outcome::starved) co_await rest();
    }
}

asio::awaitable<void> Acceptor::rest() {
    asio::steady_timer pause(services_.loop, kPause);
    co_await pause.async_wait(use_result);
}

Acceptor::Outcome Acceptor::accept_some() {
    for (int n = 0; n < kBatch; ++n) {
        UniqueFd socket(
            ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket) {
            const auto outcome = on_accept_error(errno);
            if (outcome == Outcome::more) continue;
            return outcome;
        }
        if (!hand_on(socket)) take(std::move(socket));
    }
    return Outcome::more;
}

Acceptor::Outcome Acceptor::on_accept_error(int error) {
    if (error == EAGAIN) return Outcome::drained;
    if (!is_shortage(error)) return Outcome::more;  // the client was faster gone
    complain(std::strerror(error));
    refuse_with_reserve();
    return Outcome::starved;
}

void Acceptor::refuse_with_reserve() {
    reserve_.give_up();
    UniqueFd socket(
        ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) refuse(std::move(socket));
    reserve_.take_back();
}

Acceptor::Outcome Acceptor::receive_some() {
    for (int n = 0; n < kBatch; ++n) {
        auto received = handover_.receive();
        if (!received) return Outcome::drained;
        if (received->is_last_descriptor) {
            complain("no descriptor left for a connection handed over");
            refuse(std::move(received->socket));
            reserve_.take_back();
            return Outcome::starved;
        }
        take(std::move(received->socket));
    }
    return Outcome::more;
}

// One that ends may have read its inbox for the last time before the roster says so.
bool Acceptor::may_take(const Peer& peer) {
    return peer.slot->phase.load(std::memory_order_relaxed) == runtime::Phase::ready;
}

bool Acceptor::hand_on(const UniqueFd& socket) {
    if (is_stopped_ || own_peer_ >= peers_.size()) return false;
    counts_.clear();
    for (const auto& peer : peers_)
        counts_.push_back(peer.slot->get(runtime::Metric::http_connections));
    const auto receiver = policy::choose_receiver(counts_, own_peer_);
    if (!receiver || !may_take(peers_[*receiver])) return false;
    if (!handover_.send(socket.get(), peers_[*receiver].socket)) return false;
    services_.slot.add(runtime::Metric::connections_handed_on);
    return true;
}

void Acceptor::take(UniqueFd socket) {
    if (!services_.admission.takes_connection()) return refuse(std::move(socket));
    tcp::socket stream(services_.loop);
    boost::system::error_code error;
    stream.assign(protocol_of(socket.get()), socket.get(), error);
    if (error) {
        complain("a connection cannot be watched");
        return refuse(std::move(socket));
    }
    (void)socket.release();
    connections_.spawn("connection", serve_connection(services_, std::move(stream),
                                                      Admission::Place(services_.admission)));
}

void Acceptor::refuse(UniqueFd socket) {
    services_.admission.count_refusal();
    refuser_.refuse(std::move(socket));
}

void Acceptor::complain(const char* what) {
    const auto now = steady_clock::now();
    if (now < complained_at_ + kComplainEvery) return;
    complained_at_ = now;
    log::warn("connections have to wait: {}", what);
}

// What waits already was promised an answer by the kernel. Released as Handover::close() does: the
// supervisor and a successor hold the same socket, and without a copy of ours the kernel gives
// nothing more to a place that has no successor.
void Acceptor::stop() {
    if (std::exchange(is_stopped_, true)) return;
    for (int n = 0; n < kLastBatches && accept_some() == Outcome::more; ++n) {
    }
    for (int n = 0; n < kLastBatches && receive_some() == Outcome::more; ++n) {
    }
    boost::system::error_code ignored;
    listener_.cancel(ignored);
    const UniqueFd released(listener_.release(ignored));
    handover_.close();
}

}  // namespace tutti::gateway
