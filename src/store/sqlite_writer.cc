// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_writer.h"

#include "base/log.h"

#include <algorithm>

namespace tutti::store {

namespace {

// When the log has this many frames (of 4 KiB) the checkpointer copies it; when it cannot keep up,
// the writer does, while nobody of this process adds to it.
constexpr int kFramesToCopy = 1000;
constexpr int kFramesToCopyHere = 16'000;

}  // namespace

SqliteWriter::SqliteWriter(Database db, std::size_t max_batch, StoreHealth& health,
                           SqliteCheckpointer& checkpointer)
    : db_(std::move(db)), max_batch_(max_batch), health_(health), checkpointer_(checkpointer) {
    db_.keep_log_on_close();
    thread_ = std::thread([this] { run(); });
}

SqliteWriter::~SqliteWriter() {
    {
        const std::scoped_lock lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

std::optional<Error> SqliteWriter::enqueue(std::unique_ptr<Operation> operation) {
    {
        const std::scoped_lock lock(mutex_);
        if (queue_.size() >= kMaxQueue)
            return Error(Errc::busy, "the job store has too much to do");
        queue_.push_back(std::move(operation));
    }
    changed_.notify_one();
    return std::nullopt;
}

void SqliteWriter::run() {
    for (;;) {
        // Gone before the next wait: what its callers gave us may hold a loop open.
        Batch batch = take_batch();
        if (batch.empty()) return;
        write(batch);
        for (auto& operation : batch) operation->tell();
        tend_log();
    }
}

SqliteWriter::Batch SqliteWriter::take_batch() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
    Batch batch;
    while (!queue_.empty() && batch.size() < max_batch_) {
        batch.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    return batch;
}

void SqliteWriter::write(Batch& batch) {
    if (const auto cause = health_.broken()) {
        for (auto& operation : batch) operation->fail(*cause);
        return;
    }
    try {
        write_open(batch);
    } catch (const SqliteError& failure) {
        on_failure(batch, failure);
    }
}

void SqliteWriter::write_open(Batch& batch) {
    const bool is_synced = std::any_of(batch.begin(), batch.end(), [](const auto& operation) {
        return operation->durability == Durability::power_cut;
    });
    db_.set_durability(is_synced ? Durability::power_cut : Durability::process_death);
    db_.begin_write();
    for (auto& operation : batch) run_one(*operation);
    db_.commit();
}

void SqliteWriter::run_one(Operation& operation) {
    db_.execute("SAVEPOINT operation");
    bool is_kept = false;
    try {
        is_kept = operation.run(db_);
    } catch (const SqliteError& failure) {
        // A full disk may have ended the whole transaction.
        if (failure.is_final() || !db_.in_transaction()) throw;
        operation.fail(failure.error());
    }
    if (!is_kept) db_.execute("ROLLBACK TO operation");
    db_.execute("RELEASE operation");
}

void SqliteWriter::on_failure(Batch& batch, const SqliteError& failure) {
    db_.roll_back();
    for (auto& operation : batch) operation->fail(failure.error());
    if (failure.is_final())
        health_.set_broken(failure.error());
    else
        log::warn("store={}", failure.error().context);
}

void SqliteWriter::tend_log() {
    if (db_.log_frames() < kFramesToCopy || health_.broken()) return;
    checkpointer_.wake();
    if (db_.log_frames() < kFramesToCopyHere) return;
    try {
        db_.checkpoint();
    } catch (const SqliteError& failure) {
        if (failure.is_final()) health_.set_broken(failure.error());
    }
}

}  // namespace tutti::store
