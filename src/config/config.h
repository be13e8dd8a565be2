// SPDX-License-Identifier: Apache-2.0
// What an operator can set. Plain data; made by load(), see settings.cc for each key's meaning.
#pragma once

#include "blob/bucket_options.h"
#include "models/model_card.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace tutti::config {

// One model and how many processes serve it.
struct Model {
    std::string id;
    std::string backend;  // tutti-engine-<backend> is the program that serves it
    models::Kind kind = models::Kind::asr_streaming;
    std::vector<std::string> languages;  // ISO 639-1; empty = any
    bool punctuates = false;             // its texts have punctuation without further ado
    std::vector<std::string> aliases;    // other names by which clients may ask for it
    std::string directory;               // of the model's files; empty = the backend's own place
    // What tells where speech is: the id of a served model of kind vad, for live streams and files;
    // empty = the first that is served, for files alone; "none" = energy.
    std::string vad;
    int replicas = 1;      // that it always has; 0 = loaded when somebody asks for it
    int max_replicas = 0;  // that it may get under load; 0 = no more than that, at least 1
    std::chrono::seconds idle_unload{600};  // loaded on demand, it goes unused so long; 0 = never
    std::uint64_t memory_bytes = 0;         // that one process takes; 0 = learned when it is loaded
    // The served model that gives the final of each live utterance, from the same audio; empty =
    // this one does. A final it does not give within the limit is this model's.
    std::string second_pass;
    std::chrono::milliseconds second_pass_limit{5000};
    // At once, a replica; 0 = as many as the backend can use, with its share of the cores.
    int whole_threads = 0;  // file segments decoded
    int live_threads = 0;   // utterances of microphones decoded

    bool operator==(const Model&) const = default;
};

struct Config {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8000;
    int gateways = 0;  // 0 = one for every two cores, at least 2
    int scribes = 1;
    int scale_limit = 64;  // most processes of one role or model
    std::string log_level = "info";
    std::string log_file;  // empty = standard error

    // Served; the first that recognises speech is the default.
    std::vector<std::string> models = {"en-us", "silero"};
    // Names of other services' models that mean the default model here.
    std::vector<std::string> model_aliases = {"whisper-1",
                                              "gpt-4o-transcribe",
                                              "gpt-4o-mini-transcribe",
                                              "gpt-4o-transcribe-diarize",
                                              "nova-3",
                                              "nova-2",
                                              "nova",
                                              "enhanced",
                                              "base",
                                              "general",
                                              "default"};
    std::vector<Model> known_models = {
        {.id = "en-us", .backend = "pocketsphinx", .languages = {"en"}},
        {.id = "tone", .backend = "tone", .languages = {"en", "zh"}, .vad = "none"},
        {.id = "silero", .backend = "silero", .kind = models::Kind::vad}};

    // Pages of these origins may call the HTTP interfaces (CORS), as the predecessors' did.
    std::vector<std::string> cors_origins = {"http://localhost", "http://localhost:5173",
                                             "http://127.0.0.1:5173"};

    // Who may load and unload models over HTTP: off (nobody), loopback, any.
    std::string admin_access = "loopback";

    std::string runtime_dir;     // empty = a private folder made under the system's
    std::string control_socket;  // empty = named after the port, in the system's place for such
    std::string pidfile;         // empty = none
    std::string user;            // of the children; empty = the supervisor's
    std::string group;           // empty = the user's own
    std::string umask = "0027";  // octal
    // Names that children get besides those every program needs.
    std::vector<std::string> pass_environment;
    std::string state_dir;  // what outlives the server; empty = none
    std::string spool_dir = "/var/tmp";
    blob::BucketOptions audio_store;  // where others fetch audio from; not set = nowhere
    std::string models_dir;  // each folder in it with a model.toml is a known model; empty = none
    std::uint64_t memory_budget_bytes = 0;  // of all engines together; 0 = no limit
    std::string program_dir;                // of our executables; empty = where this one lies
    std::string web_dir;                    // the console's files; empty = beside the executables

    std::uint64_t max_upload_bytes = 4ull << 30;
    std::chrono::seconds max_audio{4 * 3600};
    std::uint64_t max_frame_bytes = 1 << 20;
    std::chrono::milliseconds endpoint_silence{700};
    std::chrono::milliseconds min_endpoint_silence{200};
    std::chrono::seconds engine_wait{30};
    std::chrono::seconds request_timeout{30};
    std::chrono::seconds live_idle{10};
    std::chrono::seconds resume_window{60};  // 0 = live streams cannot be resumed

    // Limits of one gateway.
    int backlog = 4096;                   // connections the kernel holds until they are accepted
    std::uint32_t max_connections = 0;    // 0 = as many as its descriptors allow
    std::uint32_t max_handshakes = 1000;  // connections whose first request is not there yet
    std::uint32_t max_requests_in_flight = 1000;
    std::uint32_t max_waiting = 200;  // live streams for a model that is not loaded

    // How long a process may take to start, and the loop that does its work to turn once.
    std::chrono::seconds boot_limit{120};
    std::chrono::seconds gateway_beat_limit{10};
    std::chrono::seconds engine_beat_limit{60};
    std::chrono::seconds scribe_beat_limit{30};

    // A process is replaced after so much; 0 = never. Each limit is lowered by a random part of
    // recycle_jitter percent, so that processes which started together do not end together.
    std::uint64_t max_requests = 0;
    std::chrono::seconds max_lifetime{0};
    std::uint64_t max_rss_bytes = 0;
    std::uint32_t recycle_jitter = 20;

    std::chrono::seconds pre_stop{2};         // of a stop: not ready, but still accepting
    std::chrono::seconds stop_timeout{30};    // of a stop: for requests and last words
    std::chrono::seconds drain_timeout{300};  // the same for a process that has its successor
    std::chrono::seconds close_spread{20};    // over which live streams are told to come again

    bool operator==(const Config&) const = default;
};

// The known model of that id, or nullptr.
const Model* find_model(const Config& config, std::string_view id);

// The served model that recognises speech and that a client's name means: its id or one of its
// aliases; or nullptr. A name that means no model in particular (empty, model_aliases) means the
// first that knows the language, or the default.
const Model* resolve_model(const Config& config, std::string_view name,
                           std::string_view language = {});

// The served models that recognise speech; the first is the default. Never empty once loaded.
std::vector<const Model*> speech_models(const Config& config);

// The first served model of the kind that knows the language, or nullptr.
const Model* first_of(const Config& config, models::Kind kind, std::string_view language = {});

// The model of kind vad that its files are cut with, and the one its live streams are heard with;
// nullptr = by energy.
const Model* vad_of_files(const Config& config, const Model& model);
const Model* vad_of_streams(const Config& config, const Model& model);

// Processes that the model may have at once; at least 1.
int most_replicas(const Model& model);

bool knows_language(const Model& model, std::string_view language);

}  // namespace tutti::config
