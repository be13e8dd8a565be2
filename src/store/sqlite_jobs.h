// SPDX-License-Identifier: Apache-2.0
// Rows of the table of jobs and what a step of their course does to them. Everything here runs in
// the writer's transaction or on a reader's connection, and throws SqliteError.
#pragma once

#include "store/job_store.h"
#include "store/sqlite_database.h"

namespace tutti::store {

// What the store cannot know by itself. Called on the writer's thread; must not block or throw.
struct StoreRules {
    // The payload of the webhook event about a job that has just come into its state; nullopt =
    // that state is not told. Without it nothing is.
    std::function<std::optional<std::string>(const Job&)> render_event;
    // Uniform in [0, 1).
    std::function<double()> random;
};

// A transaction under way.
struct Transaction {
    Database& db;
    const StoreRules& rules;
    Now now;
};

// What is told of an end beside its state.
struct Words {
    std::string reason;
    std::string message;
};

// A damaged row is thrown as Errc::io, naming the job.
std::optional<Job> find_job(Database& db, const TenantId& tenant, const JobId& id);
std::optional<Job> find_job(Database& db, const JobId& id);
Job load_job(Database& db, std::int64_t row);

// nullopt: the row is not what was submitted. The job is dead then, with reason "damaged", and
// nothing is told of it but the log.
std::optional<Job> load_intact_job(const Transaction& tx, std::int64_t row);

// Of a row with all columns, in the order of the schema; later versions append theirs.
Job read_job(const Query& row);

bool has_tombstone(Database& db, const TenantId& tenant, const JobId& id);

// With its endpoints; sets row and change.
void insert_job(const Transaction& tx, Job& job, const std::vector<std::string>& endpoints);

// The job after the step, written with the events it makes. An empty `words` keeps what the job
// said of its last failure while it goes on.
void write_step(const Transaction& tx, Job& job, const policy::JobStep& step, Words words = {});

ChangeNumber next_change(Database& db);

}  // namespace tutti::store
