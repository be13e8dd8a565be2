// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/http_transfer.h"

#include "base/log.h"
#include "base/version.h"

#include <fmt/format.h>

#include <new>

namespace tutti::engine {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kHeaderLimit = 64 * 1024;

bool is_closing(CURLcode code) {
    return code == CURLE_COULDNT_CONNECT || code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR ||
           code == CURLE_RECV_ERROR || code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM ||
           code == CURLE_PARTIAL_FILE;
}

bool is_about_trust(CURLcode code) {
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_ISSUER_ERROR;
}

}  // namespace

HttpTransfer::HttpTransfer(const HttpRequest& request, const PoolOptions& options, TimePoint now)
    : answer_limit_(options.answer_limit),
      server_(options.server),
      is_repeatable_(request.is_repeatable),
      moved_at_(now),
      easy_(curl_easy_init()) {
    if (!easy_) throw std::bad_alloc();
    // "Expect" would cost a second with servers that do not answer it.
    std::vector<std::string> lines = {"Expect:"};
    lines.insert(lines.end(), request.headers.begin(), request.headers.end());
    for (const auto& line : lines) {
        auto* longer = curl_slist_append(headers_.get(), line.c_str());
        if (!longer) throw std::bad_alloc();
        static_cast<void>(headers_.release());
        headers_.reset(longer);
    }
    set_up(request, options);
}

void HttpTransfer::set_up(const HttpRequest& request, const PoolOptions& options) {
    auto* easy = easy_.get();
    const auto set = [easy](CURLoption option, auto value) {
        curl_easy_setopt(easy, option, value);
    };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);  // the key must go nowhere else
    set(CURLOPT_PROXY, "");           // nor through what the environment names
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_USERAGENT, fmt::format("tutti/{}", kVersion).c_str());
    set_method(request);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    // Over TLS a new request waits for a connection under way, which may carry both.
    set(CURLOPT_PIPEWAIT, request.url.starts_with("https:") ? 1L : 0L);
    if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // a slow resolver must not hold up everybody else
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_DNS_CACHE_TIMEOUT, static_cast<long>(options.name_cache.count()));
    set(CURLOPT_MAXAGE_CONN, static_cast<long>(options.idle_limit.count()));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
    set(CURLOPT_ERRORBUFFER, why_.data());
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(this));
}

// What libcurl calls a POST is any request with a body.
void HttpTransfer::set_method(const HttpRequest& request) {
    auto* easy = easy_.get();
    if (request.method == "POST" || request.method == "PUT") {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
    }
    if (request.method != "POST")
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

std::size_t HttpTransfer::on_body(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<HttpTransfer*>(self);
    transfer.is_too_large_ = transfer.body_.size() + size > transfer.answer_limit_;
    if (transfer.is_too_large_) return 0;
    transfer.body_.append(data, size);
    return size;
}

std::size_t HttpTransfer::on_header(char*, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<HttpTransfer*>(self);
    transfer.header_bytes_ += size;
    transfer.is_too_large_ = transfer.header_bytes_ > kHeaderLimit;
    return transfer.is_too_large_ ? 0 : size;
}

long HttpTransfer::number(CURLINFO info) const {
    long value = 0;
    curl_easy_getinfo(handle(), info, &value);
    return value;
}

curl_off_t HttpTransfer::bytes(CURLINFO info) const {
    curl_off_t value = 0;
    curl_easy_getinfo(handle(), info, &value);
    return value;
}

bool HttpTransfer::is_silent(TimePoint now, milliseconds limit) {
    const auto moved = bytes(CURLINFO_SIZE_UPLOAD_T) + bytes(CURLINFO_SIZE_DOWNLOAD_T) +
                       number(CURLINFO_REQUEST_SIZE) + static_cast<curl_off_t>(header_bytes_);
    const bool is_connected = bytes(CURLINFO_PRETRANSFER_TIME_T) > 0;
    if (moved != moved_ || !is_connected) moved_at_ = now;
    moved_ = moved;
    return now - moved_at_ >= limit;
}

bool HttpTransfer::has_sent() const {
    return number(CURLINFO_REQUEST_SIZE) > 0 || bytes(CURLINFO_SIZE_UPLOAD_T) > 0;
}

AttemptEnd HttpTransfer::end(CURLcode code) const {
    AttemptEnd end{.is_repeatable = is_repeatable_,
                   .has_sent = has_sent(),
                   .was_reused = connections_made() == 0,
                   .was_closed = is_closing(code),
                   .has_answer_begun = header_bytes_ > 0 || !body_.empty()};
    if (code != CURLE_OK) return end;
    end.status = static_cast<int>(number(CURLINFO_RESPONSE_CODE));
    const auto seconds = bytes(CURLINFO_RETRY_AFTER);
    if (seconds > 0) end.retry_after = std::chrono::seconds(std::min<curl_off_t>(seconds, 86400));
    return end;
}

Error HttpTransfer::error(CURLcode code) const {
    if (is_too_large_) return Error(Errc::internal, "the answer of " + server_ + " is too large");
    if (is_about_trust(code))
        return Error(Errc::internal, "the certificate of " + server_ + " is not trusted");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return Error(Errc::unavailable, server_ + " did not answer in time");
    if (header_bytes_ > 0) return Error(Errc::unavailable, server_ + " broke off its answer");
    if (has_sent()) return Error(Errc::unavailable, server_ + " gave no answer");
    return Error(Errc::unavailable, server_ + " cannot be reached");
}

std::string HttpTransfer::detail(CURLcode code) const {
    return log::printable(why_[0] ? why_.data() : curl_easy_strerror(code));
}

HttpReply HttpTransfer::take_reply() {
    return {static_cast<int>(number(CURLINFO_RESPONSE_CODE)), std::move(body_)};
}

}  // namespace tutti::engine
