// SPDX-License-Identifier: Apache-2.0
// One sending of a request over libcurl, and what came of it. For http_pool.cc; its thread only.
#pragma once

#include "engine/upstream/http_pool.h"

#include <curl/curl.h>

#include <array>
#include <memory>

namespace tutti::engine {

class HttpTransfer {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    // The request and the options must outlive it. Throws std::bad_alloc when libcurl is out of
    // memory.
    HttpTransfer(const HttpRequest& request, const PoolOptions& options, TimePoint now);
    HttpTransfer(const HttpTransfer&) = delete;
    HttpTransfer& operator=(const HttpTransfer&) = delete;

    CURL* handle() const { return easy_.get(); }
    // Connected, and no byte went either way for so long.
    bool is_silent(TimePoint now, std::chrono::milliseconds limit);

    // Of a transfer that is over, or is given up (CURLE_OPERATION_TIMEDOUT).
    AttemptEnd end(CURLcode code) const;
    // Why there is no answer, for callers; detail() is for the log and names addresses.
    Error error(CURLcode code) const;
    std::string detail(CURLcode code) const;
    HttpReply take_reply();
    long connections_made() const { return number(CURLINFO_NUM_CONNECTS); }
    bool has_sent() const;

  private:
    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self);
    static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self);
    void set_up(const HttpRequest& request, const PoolOptions& options);
    void set_method(const HttpRequest& request);
    long number(CURLINFO info) const;
    curl_off_t bytes(CURLINFO info) const;

    struct Free {
        void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
        void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    };
    const std::size_t answer_limit_;
    const std::string& server_;  // as errors name it
    const bool is_repeatable_;
    std::array<char, CURL_ERROR_SIZE> why_{};
    std::string body_;
    std::size_t header_bytes_ = 0;
    bool is_too_large_ = false;
    curl_off_t moved_ = 0;  // bytes either way when they were last looked at
    TimePoint moved_at_;
    std::unique_ptr<curl_slist, Free> headers_;
    std::unique_ptr<CURL, Free> easy_;
};

}  // namespace tutti::engine
