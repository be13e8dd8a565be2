// SPDX-License-Identifier: Apache-2.0
#include "depot/download.h"

#include "base/log.h"
#include "base/version.h"

#include "depot/partial_file.h"
#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <thread>

namespace tutti::depot {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr long kMostRedirections = 10;

struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using List = std::unique_ptr<curl_slist, FreeList>;

void set_up_library() {
    static const auto code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) throw std::runtime_error("libcurl cannot start");
}

// Faults that another try may not meet.
bool is_passing(CURLcode code) {
    static constexpr std::array kPassing = {CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY,
                                            CURLE_COULDNT_CONNECT,      CURLE_PARTIAL_FILE,
                                            CURLE_OPERATION_TIMEDOUT,   CURLE_GOT_NOTHING,
                                            CURLE_SEND_ERROR,           CURLE_RECV_ERROR,
                                            CURLE_SSL_CONNECT_ERROR,    CURLE_HTTP2,
                                            CURLE_HTTP2_STREAM,         CURLE_WEIRD_SERVER_REPLY};
    return std::ranges::count(kPassing, code) > 0;
}

// One request and what came of it.
class Try {
  public:
    Try(const std::string& url, PartialFile& file, const DownloadLimits& limits, const Work& work)
        : url_(url), file_(file), limits_(limits), work_(work), easy_(curl_easy_init()) {}

    enum class End { done, again, failed };
    End run();

    const Error& error() const { return error_; }
    std::optional<std::chrono::seconds> asked_pause() const { return head_.retry_after; }

  private:
    void set_options();
    End end_of(CURLcode code);
    End end_with_body();
    End end_without_body();
    End again(const std::string& why);
    End fail(Errc code, const std::string& why);
    bool begin_body();
    std::size_t take(std::string_view bytes);
    bool goes_on(std::uint64_t received);

    static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
        static_cast<Try*>(self)->head_.add_line({data, size});
        return size;
    }
    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<Try*>(self)->take({data, size});
    }
    static int on_progress(void* self, curl_off_t, curl_off_t received, curl_off_t, curl_off_t) {
        return static_cast<Try*>(self)->goes_on(static_cast<std::uint64_t>(received)) ? 0 : 1;
    }

    const std::string& url_;
    PartialFile& file_;
    const DownloadLimits& limits_;
    const Work& work_;
    Easy easy_;
    List headers_;
    ResponseHead head_;
    std::optional<Act> act_;  // decided with the first byte of the body
    bool is_stalled_ = false;
    std::uint64_t received_ = 0;
    Clock::time_point received_at_ = Clock::now();
    Error error_;
    std::array<char, CURL_ERROR_SIZE> reason_{};
};

void Try::set_options() {
    CURL* const easy = easy_.get();
    curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    // Who asks for https never ends at a server that anybody may play.
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                     url_.starts_with("https:") ? "https" : "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, kMostRedirections);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.connect.count()));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // nor does an interrupt wait for a resolver
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, fmt::format("tutti/{}", kVersion).c_str());
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason_.data());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Try::on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Try::on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &Try::on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, this);
    const auto& kept = file_.kept();
    if (!kept.can_go_on()) return;
    curl_easy_setopt(easy, CURLOPT_RANGE, fmt::format("{}-", kept.bytes).c_str());
    headers_.reset(curl_slist_append(nullptr, ("If-Range: " + kept.validator).c_str()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
}

Try::End Try::run() {
    set_options();
    return end_of(curl_easy_perform(easy_.get()));
}

// False when there is no body to take.
bool Try::begin_body() {
    act_ = judge(head_, file_.kept());
    if (*act_ == Act::take_rest) return true;
    if (*act_ != Act::take_all) return false;
    if (const auto done = file_.start_over(head_.validator(), head_.total()); !done) {
        error_ = done.error();
        return false;
    }
    return true;
}

std::size_t Try::take(std::string_view bytes) {
    if (!act_ && !begin_body()) return 0;
    const auto total = std::max(head_.total().value_or(0), file_.kept().bytes + bytes.size());
    if (total > limits_.bytes) {
        error_ =
            Error(Errc::too_large, fmt::format("{} has {} bytes or more; at most {} are allowed",
                                               shown_url(url_), total, limits_.bytes));
        return 0;
    }
    if (const auto done = file_.append(bytes); !done) {
        error_ = done.error();
        return 0;
    }
    work_.progress(Stage::downloading, file_.kept().bytes, file_.kept().total.value_or(0));
    return bytes.size();
}

bool Try::goes_on(std::uint64_t received) {
    if (work_.must_end()) return false;
    const auto now = Clock::now();
    if (received != received_) received_at_ = now;
    received_ = received;
    // A connection that is still being made has its own limit.
    is_stalled_ = head_.status != 0 || received_ > 0
                      ? now - received_at_ > limits_.stall
                      : now - received_at_ > limits_.stall + limits_.connect;
    return !is_stalled_;
}

Try::End Try::again(const std::string& why) {
    error_ = Error(Errc::unavailable, fmt::format("{}: {}", shown_url(url_), why));
    return End::again;
}

Try::End Try::fail(Errc code, const std::string& why) {
    error_ = Error(code, fmt::format("{}: {}", shown_url(url_), why));
    return End::failed;
}

Try::End Try::end_of(CURLcode code) {
    if (error_.code) return End::failed;  // the disk, or a limit
    if (work_.must_end()) {
        error_ = canceled();
        return End::failed;
    }
    if (is_stalled_)
        return again(fmt::format("nothing came for {} s",
                                 std::chrono::ceil<std::chrono::seconds>(limits_.stall).count()));
    const bool has_body = act_ == Act::take_all || act_ == Act::take_rest;
    if (code == CURLE_OK && has_body) return end_with_body();
    if (code == CURLE_OK || code == CURLE_WRITE_ERROR) return end_without_body();
    const std::string why = reason_[0] ? reason_.data() : curl_easy_strerror(code);
    if (is_passing(code)) return again(why);
    return fail(Errc::unavailable, why);
}

// A server may send less than was asked for, and says so.
Try::End Try::end_with_body() {
    const auto& kept = file_.kept();
    if (!kept.total || *kept.total == kept.bytes) return End::done;
    if (kept.bytes < *kept.total) return again("the server sent only a part");
    if (auto done = file_.start_over({}, {}); !done) {
        error_ = done.error();
        return End::failed;
    }
    return again("the server sent more than it said, and the download begins anew");
}

Try::End Try::end_without_body() {
    if (!act_ && begin_body()) return End::done;  // a file without a byte
    if (error_.code) return End::failed;
    const auto answer = "the server answers " + status_text(head_.status);
    switch (*act_) {
        case Act::finish:
            return End::done;
        case Act::start_over:
            if (auto done = file_.start_over({}, {}); !done) {
                error_ = done.error();
                return End::failed;
            }
            return again(answer + ", and the download begins anew");
        case Act::wait:
            return again(answer);
        default:
            return fail(Errc::not_found, answer);
    }
}

// Woken by a signal at once, since that may be what ends the work.
void pause(milliseconds time, const Work& work) {
    constexpr milliseconds kSlice{50};
    const auto end = Clock::now() + time;
    while (!work.must_end() && Clock::now() < end) std::this_thread::sleep_for(kSlice);
}

}  // namespace

Result<void> download(const std::string& url, const fs::path& path, const DownloadLimits& limits,
                      const Work& work) {
    set_up_library();
    auto file = PartialFile::open(path, url);
    if (!file) return file.error();
    auto pause_time = limits.first_pause;
    auto most = file->kept().bytes;
    for (int fruitless = 0;;) {
        if (file->kept().is_whole()) return {};
        Try attempt(url, *file, limits, work);
        const auto end = attempt.run();
        if (end == Try::End::done) return {};
        if (end == Try::End::failed) return attempt.error();
        if (file->kept().bytes > most) {
            most = file->kept().bytes;
            fruitless = 0;
            pause_time = limits.first_pause;
        }
        if (++fruitless >= limits.tries)
            return Error(Errc::unavailable, attempt.error().context + "; given up");
        const auto asked = attempt.asked_pause().value_or(std::chrono::seconds(0));
        const auto time = std::min(limits.longest_pause, std::max<milliseconds>(pause_time, asked));
        work.remark(fmt::format("{}; trying again in {:.1f} s", attempt.error().context,
                                std::chrono::duration<double>(time).count()));
        pause(time, work);
        if (work.must_end()) return canceled();
        pause_time = std::min(limits.longest_pause, pause_time * 2);
    }
}

std::string shown_url(const std::string& url) {
    const auto scheme = url.find("://");
    const auto begin = scheme == url.npos ? 0 : scheme + 3;
    const auto at = url.substr(0, url.find_first_of("/?#", begin)).rfind('@');
    const bool has_user = scheme != url.npos && at != url.npos && at >= begin;
    constexpr std::size_t kLongest = 2000;
    return log::printable(has_user ? url.substr(0, begin) + url.substr(at + 1) : url, kLongest);
}

Result<std::optional<fs::path>> local_path_of(const std::string& url) {
    const auto bad = [&](std::string_view why) {
        return Error(Errc::bad_parameter, fmt::format("{}: {}", shown_url(url), why));
    };
    const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
        CURLUE_OK)
        return bad("is no URL");
    char* scheme = nullptr;
    if (curl_url_get(parsed.get(), CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return bad("is no URL");
    const std::string name = scheme;
    curl_free(scheme);
    if (name == "http" || name == "https") return std::optional<fs::path>();
    if (name != "file") return bad("only http, https and file are allowed");
    char* path = nullptr;
    if (curl_url_get(parsed.get(), CURLUPART_PATH, &path, CURLU_URLDECODE) != CURLUE_OK)
        return bad("names no file");
    std::optional<fs::path> found(path);
    curl_free(path);
    return found;
}

}  // namespace tutti::depot
