// SPDX-License-Identifier: Apache-2.0
// The operations of job_store.h as they happen in the file: those with a Transaction inside the
// writer's, those with a Database on a reader's connection. They throw SqliteError.
#pragma once

#include "store/sqlite_jobs.h"

namespace tutti::store {

// sqlite_submit.cc: what clients ask for.
Result<void> check_new_job(const NewJob& job);
Submission submit_job(const Transaction& tx, const NewJob& job, const JobId& id);
Command cancel_job(const Transaction& tx, const TenantId& tenant, const JobId& id);
Command retry_job(const Transaction& tx, const TenantId& tenant, const JobId& id);
Command remove_job(const Transaction& tx, const TenantId& tenant, const JobId& id);

// sqlite_work.cc: what workers do.
std::optional<Job> lease_next_job(const Transaction& tx, const LeaseRequest& request);
Hold renew_lease(const Transaction& tx, const Lease& lease, const Progress& progress);
Hold keep_checkpoint(Database& db, const Lease& lease, const Segment& segment);
std::vector<Segment> read_checkpoints(Database& db, const JobId& id);
Ending finish_job(const Transaction& tx, const Lease& lease, const std::string& result);
Ending fail_job(const Transaction& tx, const Lease& lease, const Failure& failure);
Ending stop_job(const Transaction& tx, const Lease& lease);

// sqlite_upkeep.cc: what time and ends of processes do.
std::size_t release_worker(const Transaction& tx, const WorkerId& worker, WorkerEnd end);
Expired expire_jobs(const Transaction& tx, std::size_t limit);
std::size_t purge_jobs(const Transaction& tx, const Retention& retention);
void purge_job(const Transaction& tx, std::int64_t row);
std::vector<std::string> read_garbage(Database& db, std::size_t limit);
std::size_t forget_garbage_of(Database& db, const std::vector<std::string>& places);

// sqlite_look.cc: what is only looked at.
Lookup look_up(Database& db, const TenantId& tenant, const JobId& id);
Result<JobPage> list_jobs(Database& db, const TenantId& tenant, const JobFilter& filter);
ResultLookup look_up_result(Database& db, const TenantId& tenant, const JobId& id);
std::vector<JobChange> read_changes(Database& db, ChangeNumber after, std::size_t limit);
StoreStats read_stats(Database& db);

}  // namespace tutti::store
