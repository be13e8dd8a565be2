// SPDX-License-Identifier: Apache-2.0
#include "gateway/upload.h"

#include "dialect/header_value.h"
#include "dialect/multipart.h"

namespace tutti::gateway {
namespace {

// Where the data of the running part goes.
class FormReceiver {
  public:
    FormReceiver(Services& services, FormParts parts) : services_(services), parts_(parts) {}

    asio::awaitable<Result<void>> take(const dialect::MultipartEvent& event) {
        if (const auto* begin = std::get_if<dialect::PartBegin>(&event))
            co_return co_await on_begin(*begin);
        if (const auto* data = std::get_if<dialect::PartData>(&event))
            co_return co_await on_data(data->bytes);
        if (std::holds_alternative<dialect::PartEnd>(event) && target_ == Target::field)
            upload_.form.add(std::move(name_), std::move(value_));
        co_return Result<void>();
    }
    Upload& upload() { return upload_; }

  private:
    enum class Target { file, field, nowhere };

    asio::awaitable<Result<void>> on_begin(const dialect::PartBegin& begin) {
        name_ = begin.name;
        value_.clear();
        if (begin.name == parts_.file && !upload_.file) {
            auto file = co_await SpoolFile::create(services_.files, services_.config.spool_dir);
            if (!file) co_return file.error();
            upload_.file.emplace(std::move(*file));
            upload_.filename = begin.filename.value_or("");
            target_ = Target::file;
        } else {
            const bool is_text = !parts_.text.empty() && begin.name == parts_.text;
            target_ = begin.filename && !is_text ? Target::nowhere : Target::field;
        }
        co_return Result<void>();
    }
    asio::awaitable<Result<void>> on_data(std::string_view bytes) {
        if (target_ == Target::file) co_return co_await upload_.file->append(bytes);
        if (target_ == Target::field) {
            value_ += bytes;
            if (value_.size() > parts_.field_limit)
                co_return Error(Errc::too_large, "the field '" + name_ + "' is too long");
        }
        co_return Result<void>();
    }

    Services& services_;
    const FormParts parts_;
    Upload upload_;
    Target target_ = Target::nowhere;
    std::string name_, value_;
};

}  // namespace

asio::awaitable<Result<Upload>> receive_form(Exchange& exchange, Services& services,
                                             FormParts parts) {
    const auto boundary = dialect::multipart_boundary(exchange.header("content-type"));
    if (!boundary) co_return boundary.error();
    dialect::MultipartParser parser(*boundary);
    FormReceiver receiver(services, parts);
    for (;;) {
        const auto piece = co_await exchange.read_body();
        if (!piece) co_return piece.error();
        if (piece->empty() && exchange.is_body_read()) break;
        const auto events = parser.push(*piece);
        if (!events) co_return events.error();
        for (const auto& event : *events) {
            const auto taken = co_await receiver.take(event);
            if (!taken) co_return taken.error();
        }
    }
    if (auto complete = parser.finish(); !complete) co_return complete.error();
    co_return std::move(receiver.upload());
}

asio::awaitable<Result<RawUpload>> receive_raw(Exchange& exchange, Services& services,
                                               std::string_view prefix) {
    auto file = co_await SpoolFile::create(services.files, services.config.spool_dir);
    if (!file) co_return file.error();
    if (auto done = co_await file->append(prefix); !done) co_return done.error();
    runtime::Sha256 sha;
    std::uint64_t received = 0;
    for (;;) {
        const auto piece = co_await exchange.read_body();
        if (!piece) co_return piece.error();
        if (piece->empty() && exchange.is_body_read()) break;
        received += piece->size();
        if (auto done = co_await file->append(*piece, &sha); !done) co_return done.error();
    }
    co_return RawUpload{std::move(*file), sha.finish_hex(), received};
}

asio::awaitable<Result<std::string>> read_text(Exchange& exchange, std::size_t limit) {
    std::string text;
    for (;;) {
        const auto piece = co_await exchange.read_body();
        if (!piece) co_return piece.error();
        if (piece->empty()) co_return text;
        if (text.size() + piece->size() > limit)
            co_return Error(Errc::too_large, "the body is larger than this request can be");
        text.append(*piece);
    }
}

}  // namespace tutti::gateway
