// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_store.h"

#include "base/ids.h"
#include "store/sqlite_events.h"
#include "store/sqlite_open.h"
#include "store/sqlite_operations.h"
#include "store/sqlite_readers.h"
#include "store/sqlite_writer.h"

#include <filesystem>
#include <random>

namespace tutti::store {
namespace {

constexpr std::size_t kReaders = 2;

class SqliteStore : public JobStore {
  public:
    SqliteStore(SqliteOptions options, OpenFile file)
        : options_(std::move(options)),
          lock_(std::move(file.lock)),
          checkpointer_(Database(options_.path, Database::Access::write, options_.vfs), health_),
          readers_(open_readers()),
          writer_(std::move(file.db), options_.max_batch, health_, checkpointer_) {}

    void submit(NewJob job, Now now, Then<Submission> then) override;
    void find(TenantId tenant, JobId id, Then<Lookup> then) override;
    void list(TenantId tenant, JobFilter filter, Then<JobPage> then) override;
    void load_result(TenantId tenant, JobId id, Then<ResultLookup> then) override;
    void cancel(TenantId tenant, JobId id, Now now, Then<Command> then) override;
    void retry(TenantId tenant, JobId id, Now now, Then<Command> then) override;
    void remove(TenantId tenant, JobId id, Now now, Then<Command> then) override;
    void lease_next(LeaseRequest request, Now now, Then<std::optional<Job>> then) override;
    void renew(Lease lease, Progress progress, Now now, Then<Hold> then) override;
    void checkpoint(Lease lease, Segment segment, Then<Hold> then) override;
    void load_checkpoints(JobId id, Then<std::vector<Segment>> then) override;
    void finish(Lease lease, std::string result, Now now, Then<Ending> then) override;
    void fail(Lease lease, Failure failure, Now now, Then<Ending> then) override;
    void stopped(Lease lease, Now now, Then<Ending> then) override;
    void release(WorkerId worker, WorkerEnd end, Now now, Then<std::size_t> then) override;
    void expire(Now now, std::size_t limit, Then<Expired> then) override;
    void purge(Retention retention, Now now, Then<std::size_t> then) override;
    void list_garbage(std::size_t limit, Then<std::vector<std::string>> then) override;
    void forget_garbage(std::vector<std::string> places, Then<std::size_t> then) override;
    void load_stats(Then<StoreStats> then) override;
    void changes_since(ChangeNumber after, std::size_t limit,
                       Then<std::vector<JobChange>> then) override;
    void take_due(DueRequest request, Now now, Then<std::vector<WebhookEvent>> then) override;
    void record_attempt(std::string event, DeliveryAttempt attempt, AfterAttempt after,
                        Then<bool> then) override;
    void replay(TenantId tenant, std::string event, Now now, Then<bool> then) override;
    void load_event(TenantId tenant, std::string event,
                    Then<std::optional<EventHistory>> then) override;

  private:
    std::vector<Database> open_readers() const {
        std::vector<Database> connections;
        for (std::size_t i = 0; i < kReaders; ++i)
            connections.emplace_back(options_.path, Database::Access::read, options_.vfs);
        return connections;
    }

    // `work(Transaction)` in the writer's transaction.
    template <class T, class Work>
    void write(Durability durability, Now now, Work work, Then<T> then) {
        std::function<Result<T>(Database&)> operation =
            [this, now, work = std::move(work)](Database& db) -> Result<T> {
            return work(Transaction{db, options_.rules, now});
        };
        writer_.post<T>(durability, std::move(operation), std::move(then));
    }
    template <class T, class Work>
    void write_synced(Now now, Work work, Then<T> then) {
        write<T>(Durability::power_cut, now, std::move(work), std::move(then));
    }
    template <class T, class Work>
    void write_unsynced(Now now, Work work, Then<T> then) {
        write<T>(Durability::process_death, now, std::move(work), std::move(then));
    }
    template <class T, class Work>
    void read(Work work, Then<T> then) {
        std::function<Result<T>(Database&)> query =
            [work = std::move(work)](Database& db) -> Result<T> { return work(db); };
        readers_.post<T>(std::move(query), std::move(then));
    }

    Result<void> check_space() const;

    const SqliteOptions options_;
    UniqueFd lock_;  // until everything below is closed
    StoreHealth health_;
    SqliteCheckpointer checkpointer_;  // closes the file last
    SqliteReaders readers_;
    EventTurns turns_;     // the writer's thread
    SqliteWriter writer_;  // first to end: it uses all of the above
};

Result<void> SqliteStore::check_space() const {
    if (options_.reserve_bytes == 0) return {};
    std::error_code error;
    const auto folder = std::filesystem::path(options_.path).parent_path();
    const auto space = std::filesystem::space(folder.empty() ? "." : folder, error);
    if (!error && space.available < options_.reserve_bytes)
        return Error(Errc::no_space, "the disk of the job store is nearly full");
    return {};
}

void SqliteStore::submit(NewJob job, Now now, Then<Submission> then) {
    if (auto checked = check_new_job(job); !checked) return then(checked.error());
    auto work = [this, job = std::move(job),
                 id = JobId{random_hex(16)}](const Transaction& tx) -> Result<Submission> {
        if (auto checked = check_space(); !checked) return checked.error();
        return submit_job(tx, job, id);
    };
    write_synced<Submission>(now, std::move(work), std::move(then));
}

void SqliteStore::find(TenantId tenant, JobId id, Then<Lookup> then) {
    read<Lookup>([tenant, id](Database& db) { return look_up(db, tenant, id); }, std::move(then));
}

void SqliteStore::list(TenantId tenant, JobFilter filter, Then<JobPage> then) {
    read<JobPage>([tenant, filter](Database& db) { return list_jobs(db, tenant, filter); },
                  std::move(then));
}

void SqliteStore::load_result(TenantId tenant, JobId id, Then<ResultLookup> then) {
    read<ResultLookup>([tenant, id](Database& db) { return look_up_result(db, tenant, id); },
                       std::move(then));
}

void SqliteStore::cancel(TenantId tenant, JobId id, Now now, Then<Command> then) {
    auto work = [tenant, id](const Transaction& tx) { return cancel_job(tx, tenant, id); };
    write_synced<Command>(now, std::move(work), std::move(then));
}

void SqliteStore::retry(TenantId tenant, JobId id, Now now, Then<Command> then) {
    auto work = [tenant, id](const Transaction& tx) { return retry_job(tx, tenant, id); };
    write_synced<Command>(now, std::move(work), std::move(then));
}

void SqliteStore::remove(TenantId tenant, JobId id, Now now, Then<Command> then) {
    auto work = [tenant, id](const Transaction& tx) { return remove_job(tx, tenant, id); };
    write_synced<Command>(now, std::move(work), std::move(then));
}

void SqliteStore::lease_next(LeaseRequest request, Now now, Then<std::optional<Job>> then) {
    auto work = [request](const Transaction& tx) { return lease_next_job(tx, request); };
    write_synced<std::optional<Job>>(now, std::move(work), std::move(then));
}

void SqliteStore::renew(Lease lease, Progress progress, Now now, Then<Hold> then) {
    auto work = [lease, progress](const Transaction& tx) {
        return renew_lease(tx, lease, progress);
    };
    write_unsynced<Hold>(now, std::move(work), std::move(then));
}

void SqliteStore::checkpoint(Lease lease, Segment segment, Then<Hold> then) {
    auto work = [lease, segment = std::move(segment)](const Transaction& tx) {
        return keep_checkpoint(tx.db, lease, segment);
    };
    write_unsynced<Hold>({}, std::move(work), std::move(then));
}

void SqliteStore::load_checkpoints(JobId id, Then<std::vector<Segment>> then) {
    read<std::vector<Segment>>([id](Database& db) { return read_checkpoints(db, id); },
                               std::move(then));
}

void SqliteStore::finish(Lease lease, std::string result, Now now, Then<Ending> then) {
    auto work = [lease, result = std::move(result)](const Transaction& tx) {
        return finish_job(tx, lease, result);
    };
    write_synced<Ending>(now, std::move(work), std::move(then));
}

void SqliteStore::fail(Lease lease, Failure failure, Now now, Then<Ending> then) {
    auto work = [lease, failure](const Transaction& tx) { return fail_job(tx, lease, failure); };
    write_synced<Ending>(now, std::move(work), std::move(then));
}

void SqliteStore::stopped(Lease lease, Now now, Then<Ending> then) {
    auto work = [lease](const Transaction& tx) { return stop_job(tx, lease); };
    write_synced<Ending>(now, std::move(work), std::move(then));
}

void SqliteStore::release(WorkerId worker, WorkerEnd end, Now now, Then<std::size_t> then) {
    auto work = [worker, end](const Transaction& tx) { return release_worker(tx, worker, end); };
    write_synced<std::size_t>(now, std::move(work), std::move(then));
}

void SqliteStore::expire(Now now, std::size_t limit, Then<Expired> then) {
    auto work = [limit](const Transaction& tx) { return expire_jobs(tx, limit); };
    write_synced<Expired>(now, std::move(work), std::move(then));
}

void SqliteStore::purge(Retention retention, Now now, Then<std::size_t> then) {
    auto work = [retention](const Transaction& tx) { return purge_jobs(tx, retention); };
    write_synced<std::size_t>(now, std::move(work), std::move(then));
}

void SqliteStore::list_garbage(std::size_t limit, Then<std::vector<std::string>> then) {
    read<std::vector<std::string>>([limit](Database& db) { return read_garbage(db, limit); },
                                   std::move(then));
}

void SqliteStore::forget_garbage(std::vector<std::string> places, Then<std::size_t> then) {
    auto work = [places = std::move(places)](const Transaction& tx) {
        return forget_garbage_of(tx.db, places);
    };
    write_unsynced<std::size_t>({}, std::move(work), std::move(then));
}

void SqliteStore::load_stats(Then<StoreStats> then) {
    read<StoreStats>(read_stats, std::move(then));
}

void SqliteStore::changes_since(ChangeNumber after, std::size_t limit,
                                Then<std::vector<JobChange>> then) {
    auto work = [after, limit](Database& db) { return read_changes(db, after, limit); };
    read<std::vector<JobChange>>(std::move(work), std::move(then));
}

void SqliteStore::take_due(DueRequest request, Now now, Then<std::vector<WebhookEvent>> then) {
    auto work = [this, request](const Transaction& tx) { return turns_.take(tx, request); };
    write_unsynced<std::vector<WebhookEvent>>(now, std::move(work), std::move(then));
}

void SqliteStore::record_attempt(std::string event, DeliveryAttempt attempt, AfterAttempt after,
                                 Then<bool> then) {
    auto work = [event = std::move(event), attempt = std::move(attempt),
                 after](const Transaction& tx) {
        return record_event_attempt(tx.db, event, attempt, after);
    };
    write_unsynced<bool>({}, std::move(work), std::move(then));
}

void SqliteStore::replay(TenantId tenant, std::string event, Now now, Then<bool> then) {
    auto work = [tenant, event](const Transaction& tx) {
        return replay_event(tx.db, tenant, event, tx.now);
    };
    write_synced<bool>(now, std::move(work), std::move(then));
}

void SqliteStore::load_event(TenantId tenant, std::string event,
                             Then<std::optional<EventHistory>> then) {
    auto work = [tenant, event](Database& db) { return find_event(db, tenant, event); };
    read<std::optional<EventHistory>>(std::move(work), std::move(then));
}

void fill_in(SqliteOptions& options) {
    if (options.boot_id.empty()) options.boot_id = load_boot_id();
    if (options.rules.random) return;
    // Called on the writer's thread alone.
    auto engine = std::make_shared<std::mt19937_64>(std::random_device{}());
    options.rules.random = [engine] { return std::uniform_real_distribution<>()(*engine); };
}

}  // namespace

Result<std::unique_ptr<JobStore>> load_sqlite_store(SqliteOptions options, Now now) {
    fill_in(options);
    auto file = load_store_file(
        {.path = options.path, .vfs = options.vfs, .boot_id = options.boot_id}, now);
    if (!file) return file.error();
    try {
        return std::unique_ptr<JobStore>(
            std::make_unique<SqliteStore>(std::move(options), *std::move(file)));
    } catch (const SqliteError& failure) {
        return failure.error();
    }
}

}  // namespace tutti::store
