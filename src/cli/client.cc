// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include "cli/event_stream.h"
#include "cli/server_event.h"
#include "dialect/json_text.h"

#include <fmt/format.h>

namespace tutti::cli {
namespace {

constexpr std::size_t kMaxAnswer = 1 << 20;

FormFields fields_of(const TranscriptionRequest& request) {
    FormFields fields = {{"model", request.model},
                         {"stream", "true"},
                         {"include[]", "progress"},
                         {"timestamp_granularities[]", "word"},
                         {"timestamp_granularities[]", "segment"}};
    if (!request.language.empty()) fields.emplace_back("language", request.language);
    return fields;
}

http::request<http::empty_body> upload_head(const Form& form, const InputFile& file) {
    http::request<http::empty_body> head(http::verb::post, "/v1/audio/transcriptions", 11);
    head.set(http::field::content_type, form.content_type());
    head.content_length(form.size_with(file.size()));
    return head;
}

// The rest of the body is not sent once the server has answered: it refuses the file.
asio::awaitable<Result<void>> send_file(HttpCall& call, InputFile& file,
                                        const Client::OnProgress& on_progress) {
    while (!call.is_answered_early()) {
        const auto piece = file.read();
        if (!piece) co_return piece.error();
        if (piece->empty()) break;
        // A failure to send is explained by the answer, if there is one to be read.
        if (auto sent = co_await call.send(*piece); !sent) break;
        on_progress({Stage::uploading, static_cast<double>(file.position()),
                     static_cast<double>(file.size())});
    }
    co_return Result<void>();
}

asio::awaitable<Result<void>> upload(HttpCall& call, InputFile& file, const Form& form,
                                     const Client::OnProgress& on_progress) {
    auto head = upload_head(form, file);
    if (auto sent = co_await call.send_head(std::move(head)); !sent) co_return sent;
    if (auto sent = co_await call.send(form.head()); !sent) co_return sent;
    if (auto sent = co_await send_file(call, file, on_progress); !sent) co_return sent;
    if (file.position() == file.size() && !call.is_answered_early())
        (void)co_await call.send(form.tail());
    co_return Result<void>();
}

// Reads events up to the last one.
asio::awaitable<Result<json::object>> follow(HttpCall& call,
                                             const Client::OnProgress& on_progress) {
    EventStream stream;
    for (;;) {
        const auto piece = co_await call.receive();
        if (!piece) co_return piece.error();
        if (piece->empty())
            co_return Error(Errc::io,
                            "the server's answer ended before the transcript was complete");
        const auto events = stream.push(*piece);
        if (!events) co_return events.error();
        for (const auto& data : *events) {
            auto event = read_event(data);
            if (!event) co_return event.error();
            if (auto* done = std::get_if<Finished>(&*event)) co_return std::move(done->transcript);
            if (const auto* failed = std::get_if<Failed>(&*event))
                co_return Error(Errc::bad_request, failed->message);
            if (const auto* at = std::get_if<Recognised>(&*event))
                on_progress({Stage::recognising, at->seconds, at->duration});
        }
    }
}

// The first model of a list whose models are Tutti's: other services answer the same question.
std::string first_model(std::string_view body) {
    const auto object = dialect::parse_json_object(body);
    const auto* data = object ? object->if_contains("data") : nullptr;
    if (!data || !data->is_array() || data->get_array().empty()) return {};
    const auto* card = data->get_array().front().if_object();
    if (!card || dialect::find_string(*card, "owned_by") != "tutti") return {};
    return std::string(dialect::find_string(*card, "id").value_or(""));
}

}  // namespace

Client::Client(asio::io_context& loop, ServerAddress address)
    : loop_(loop), address_(std::move(address)) {
}

asio::awaitable<Result<std::string>> Client::default_model() {
    HttpCall call(loop_, address_);
    if (auto done = co_await call.connect(); !done) co_return done.error();
    http::request<http::empty_body> head(http::verb::get, "/v1/models", 11);
    const auto sent = co_await call.send_head(std::move(head));
    if (!sent) co_return Error(Errc::unavailable, sent.error().message());
    const auto received = co_await call.receive_head();
    if (!received) co_return Error(Errc::unavailable, received.error().message());
    const auto body = co_await call.receive_text(kMaxAnswer);
    if (!body) co_return Error(Errc::unavailable, body.error().message());
    auto model = call.status() == 200 ? first_model(*body) : std::string();
    if (model.empty())
        co_return Error(Errc::unavailable,
                        fmt::format("what answers at {} is no Tutti server", address_.url()));
    co_return model;
}

asio::awaitable<Result<json::object>> Client::transcribe(InputFile& file,
                                                         const TranscriptionRequest& request,
                                                         const OnProgress& on_progress) {
    HttpCall call(loop_, address_);
    if (auto done = co_await call.connect(); !done) co_return done.error();
    const Form form(fields_of(request), request.file_name);
    const auto sent = co_await upload(call, file, form, on_progress);
    if (!sent) co_return sent.error();
    if (auto received = co_await call.receive_head(); !received) co_return received.error();
    if (call.status() == 200) co_return co_await follow(call, on_progress);
    const auto body = co_await call.receive_text(kMaxAnswer);
    co_return Error(Errc::bad_request, refusal_message(call.status(), body ? *body : ""));
}

}  // namespace tutti::cli
