// SPDX-License-Identifier: Apache-2.0
// The folder of the node, and the unix sockets in it that the supervisor makes for its children.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

#include <filesystem>
#include <string>
#include <utility>

namespace tutti::supervisor {

Result<UniqueFd> listen_unix(const std::filesystem::path& path);

// Where engines and scribes are called. Kept by the supervisor through the deaths of the processes
// behind it, so that a call to a dead one waits for its successor. The file goes with its owner.
class Endpoint {
  public:
    static Result<Endpoint> make(std::filesystem::path path);

    Endpoint() = default;
    Endpoint(Endpoint&& other) noexcept
        : path_(std::exchange(other.path_, {})), listener_(std::move(other.listener_)) {}
    Endpoint& operator=(Endpoint&& other) noexcept {
        std::swap(path_, other.path_);
        std::swap(listener_, other.listener_);
        return *this;
    }
    ~Endpoint();

    int listener() const { return listener_.get(); }
    const std::filesystem::path& path() const { return path_; }

  private:
    Endpoint(std::filesystem::path path, UniqueFd listener)
        : path_(std::move(path)), listener_(std::move(listener)) {}

    std::filesystem::path path_;
    UniqueFd listener_;
};

// A datagram socket, where gateways hand each other fresh connections.
Result<UniqueFd> bind_datagram(const std::filesystem::path& path);

// A private folder (mode 0700) for the node's unix sockets. It is locked while its owner lives
// and removed with it; folders whose owner was killed are removed by the next one made.
class RuntimeDir {
  public:
    // Inside `parent`, or the system's place for such folders when empty.
    static Result<RuntimeDir> make(const std::string& parent);

    RuntimeDir(RuntimeDir&& other) noexcept
        : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
    RuntimeDir& operator=(RuntimeDir&&) = delete;
    ~RuntimeDir();

    const std::filesystem::path& path() const { return path_; }

  private:
    RuntimeDir(std::filesystem::path path, UniqueFd lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}

    std::filesystem::path path_;
    UniqueFd lock_;
};

}  // namespace tutti::supervisor
