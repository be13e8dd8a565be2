// SPDX-License-Identifier: Apache-2.0
#include "runtime/task_group.h"

#include "base/check.h"
#include "base/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace tutti::runtime {
namespace {

void report(const char* name, std::exception_ptr failure) {
    if (!failure) return;
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& e) {
        if (e.code() != asio::error::operation_aborted)
            log::error("task={} failed: {}", name, e.what());
    } catch (const std::exception& e) {
        log::error("task={} failed: {}", name, e.what());
    }
}

}  // namespace

TaskGroup::TaskGroup(asio::io_context& loop)
    : loop_(loop), emptied_(loop, asio::steady_timer::time_point::max()) {
}

TaskGroup::~TaskGroup() {
    // A stopped loop never runs its tasks again; it destroys them itself.
    check(running_.empty() || loop_.stopped(), "tasks outlive their group");
}

void TaskGroup::spawn(const char* name, asio::awaitable<void> task) {
    const auto entry = running_.emplace(running_.end());
    asio::co_spawn(loop_, std::move(task),
                   asio::bind_cancellation_slot(entry->slot(),
                                                [this, entry, name](std::exception_ptr failure) {
                                                    report(name, failure);
                                                    running_.erase(entry);
                                                    if (running_.empty()) emptied_.cancel();
                                                }));
}

void TaskGroup::cancel() {
    // A task may end inside emit() and leave the list, so the next one is remembered first.
    for (auto it = running_.begin(); it != running_.end();) {
        auto current = it++;
        current->emit(asio::cancellation_type::terminal);
    }
}

asio::awaitable<void> TaskGroup::wait() {
    while (!running_.empty()) co_await emptied_.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace tutti::runtime
