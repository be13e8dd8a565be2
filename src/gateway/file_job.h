// SPDX-License-Identifier: Apache-2.0
// A spooled file on its way through a scribe, with somebody waiting.
//
//   FileJob job(services, exchange, {...});
//   while (auto event = co_await job.next()) ...      // Progress and Segment, then Done
//   auto transcript = co_await job.collect();         // or everything at once
//
// 1. A scribe that dies is replaced by another, with the same file; segments already handed out
//    come only once. A file that two scribes died of is Errc::internal.
// 2. When the client disconnects the job is cancelled and ends with Errc::client_gone.
#pragma once

#include "gateway/exchange.h"
#include "gateway/services.h"
#include "proto/job_messages.h"
#include "proto/transcript.h"

#include <optional>

namespace tutti::gateway {

// What is wanted besides the words; see proto::Submit.
struct FileExtras {
    std::string text = {};
    std::vector<std::string> hotwords = {};
    std::string speaker_model = {};
    bool needs_speakers = false;
};

class FileJob {
  public:
    FileJob(Services& services, Exchange& exchange, int file, const config::Model& model,
            FileExtras extras = {});
    ~FileJob();

    // Rejected becomes an error; Speakers are taken into the transcript. After Done or an error
    // there is nothing more.
    asio::awaitable<Result<proto::FromScribe>> next();

    // Runs the job to its end.
    asio::awaitable<Result<proto::Transcript>> collect();

    // What the segments handed out so far make together.
    const proto::Transcript& transcript() const { return transcript_; }

    // Ends the watch for the client's disconnect; to be called before the answer is written.
    asio::awaitable<void> finish();

  private:
    asio::awaitable<Result<void>> submit();
    asio::awaitable<Result<runtime::UnixSocket>> connect();
    asio::awaitable<void> watch_client();
    std::optional<proto::FromScribe> take_buffered();
    // False when all of it is known already; otherwise it is what is new.
    bool cut_to_news(proto::Segment& segment);

    Services& services_;
    Exchange& exchange_;
    int file_;
    const config::Model& model_;
    const FileExtras extras_;
    std::optional<runtime::IpcChannel> channel_;
    std::optional<Error> failure_;
    proto::Transcript transcript_;
    int connections_ = 0;
    bool is_begun_ = false;  // the present scribe works on it
    int lost_attempts_ = 0;  // by scribes that died after they had begun
    bool is_client_gone_ = false;
    runtime::TaskGroup tasks_;
};

}  // namespace tutti::gateway
