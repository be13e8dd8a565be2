// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/onnx_metadata.h"

#include "base/log.h"

#include <fmt/format.h>

#include <fstream>
#include <istream>
#include <optional>
#include <sstream>
#include <string_view>

namespace tutti::engine::sherpa {
namespace {

constexpr std::uint64_t kGraphField = 7;
constexpr std::uint64_t kMetadataField = 14;
constexpr std::uint64_t kLastField = 100;  // an ONNX model has none beyond 25
constexpr std::uint64_t kLongestEntry = 1 << 24;

// A protobuf message of which `left` bytes are still to come.
class Message {
  public:
    Message(std::istream& in, std::uint64_t size) : in_(in), left_(size) {}

    bool is_at_end() const { return left_ == 0; }

    std::optional<std::uint64_t> varint() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const int byte = left_ > 0 ? in_.get() : -1;
            if (byte < 0) return std::nullopt;
            --left_;
            value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return value;
        }
        return std::nullopt;
    }

    bool skip(std::uint64_t size) {
        if (size > left_) return false;
        left_ -= size;
        return static_cast<bool>(in_.seekg(static_cast<std::streamoff>(size), std::ios::cur));
    }

    std::optional<std::string> bytes(std::uint64_t size) {
        if (size > left_ || size > kLongestEntry) return std::nullopt;
        std::string value(size, '\0');
        left_ -= size;
        if (!in_.read(value.data(), static_cast<std::streamsize>(size))) return std::nullopt;
        return value;
    }

    // Past a value of that wire type.
    bool skip_value(std::uint64_t wire_type) {
        switch (wire_type) {
            case 0:
                return varint().has_value();
            case 1:
                return skip(8);
            case 2: {
                const auto size = varint();
                return size && skip(*size);
            }
            case 5:
                return skip(4);
            default:
                return false;
        }
    }

  private:
    std::istream& in_;
    std::uint64_t left_;
};

bool read_entry(const std::string& body, Metadata& metadata) {
    std::istringstream in(body);
    Message entry(in, body.size());
    std::string key, value;
    while (!entry.is_at_end()) {
        const auto tag = entry.varint();
        if (!tag) return false;
        if (*tag != (1 << 3 | 2) && *tag != (2 << 3 | 2)) {
            if (!entry.skip_value(*tag & 7)) return false;
            continue;
        }
        const auto size = entry.varint();
        auto text = size ? entry.bytes(*size) : std::nullopt;
        if (!text) return false;
        (*tag >> 3 == 1 ? key : value) = std::move(*text);
    }
    metadata[key] = value;
    return true;
}

// nullptr, or what is wrong.
const char* read_model(Message& model, Metadata& metadata) {
    constexpr const char* kBroken = "is no ONNX model, or is cut off";
    bool has_graph = false;
    while (!model.is_at_end()) {
        const auto tag = model.varint();
        if (!tag || *tag >> 3 == 0 || *tag >> 3 > kLastField) return kBroken;
        has_graph |= *tag == (kGraphField << 3 | 2);
        if (*tag != (kMetadataField << 3 | 2)) {
            if (!model.skip_value(*tag & 7)) return kBroken;
            continue;
        }
        const auto size = model.varint();
        const auto body = size ? model.bytes(*size) : std::nullopt;
        if (!body || !read_entry(*body, metadata)) return kBroken;
    }
    return has_graph ? nullptr : "is no ONNX model: it has no graph";
}

}  // namespace

Result<Metadata> read_onnx_metadata(const std::filesystem::path& file) {
    const auto name = log::printable(file.string());
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    std::ifstream in(file, std::ios::binary);
    if (error || !in) return Error(Errc::bad_config, fmt::format("{}: cannot be read", name));
    Metadata metadata;
    Message model(in, size);
    if (const auto* fault = read_model(model, metadata))
        return Error(Errc::bad_config, fmt::format("{}: {}", name, fault));
    return metadata;
}

}  // namespace tutti::engine::sherpa
