// SPDX-License-Identifier: Apache-2.0
// The byte layout of messages between our processes, and the frames they travel in.
//
//   frame   := u32 length | body          length counts the body only
//   body    := u8 type | fields in order  little-endian; no padding
//   string, vector := u32 count | elements
//
// A message is a struct with `kType` and `tied(self)`, a tuple of references to its fields; layout
// is written down there once and used in both directions. Peers are not trusted: every count is
// checked against the bytes present, and a body must be used up exactly.
#pragma once

#include "base/error.h"
#include "proto/transcript.h"

#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

namespace tutti::proto {

static_assert(std::endian::native == std::endian::little, "messages are little-endian");

// Bytes owned by somebody else. After decoding, a view into the frame that was decoded.
using ByteView = std::string_view;

inline constexpr std::size_t kFrameHeader = 4;

template <class T>
concept Scalar = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <class T>
concept Tied = requires(T& value) {
    T::tied(value);
};

// Appends values to a string.
class Writer {
  public:
    explicit Writer(std::string& out) : out_(out) {}

    template <Scalar T>
    void put(T value) {
        out_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void put(Millis value) { put<std::int64_t>(value.count()); }
    void put(std::string_view bytes) {
        put(static_cast<std::uint32_t>(bytes.size()));
        out_.append(bytes);
    }
    void put(const std::string& bytes) { put(std::string_view(bytes)); }
    template <class T>
    void put(const std::vector<T>& items) {
        put(static_cast<std::uint32_t>(items.size()));
        for (const auto& item : items) put(item);
    }
    void put(const Word& w) { put_all(w.text, w.start, w.end, w.confidence); }
    void put(const Utterance& u) {
        put_all(u.text, u.words, u.start, u.end, u.confidence, u.language);
    }
    template <Tied T>
    void put(const T& value) {
        std::apply([this](const auto&... field) { this->put_all(field...); }, T::tied(value));
    }

  private:
    template <class... T>
    void put_all(const T&... values) {
        (put(values), ...);
    }

    std::string& out_;
};

// Takes values from a body. After the first shortfall every further take fails too.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    bool ok() const { return ok_; }
    bool is_used_up() const { return ok_ && rest_.empty(); }

    template <Scalar T>
    void take(T& value) {
        if (!has(sizeof value)) return;
        if constexpr (std::is_same_v<T, bool>) {
            value = rest_[0] != 0;
        } else {
            std::memcpy(&value, rest_.data(), sizeof value);
        }
        rest_.remove_prefix(sizeof value);
    }
    void take(Millis& value) {
        std::int64_t count = 0;
        take(count);
        value = Millis(count);
    }
    void take(std::string_view& bytes) {
        std::uint32_t size = 0;
        take(size);
        if (!has(size)) return;
        bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
    }
    void take(std::string& bytes) {
        std::string_view view;
        take(view);
        bytes = view;
    }
    template <class T>
    void take(std::vector<T>& items) {
        std::uint32_t count = 0;
        take(count);
        items.clear();
        // Grows with the bytes that are really there, never by the declared count.
        while (ok_ && count-- > 0) {
            if (rest_.empty()) return fail();
            take(items.emplace_back());
        }
    }
    void take(Word& w) { take_all(w.text, w.start, w.end, w.confidence); }
    void take(Utterance& u) { take_all(u.text, u.words, u.start, u.end, u.confidence, u.language); }
    template <Tied T>
    void take(T& value) {
        std::apply([this](auto&... field) { this->take_all(field...); }, T::tied(value));
    }

  private:
    template <class... T>
    void take_all(T&... values) {
        (take(values), ...);
    }
    bool has(std::size_t size) {
        if (ok_ && rest_.size() >= size) return true;
        fail();
        return false;
    }
    void fail() { ok_ = false; }

    std::string_view rest_;
    bool ok_ = true;
};

// Appends the frame of `message` to `out`.
template <class Message>
void append_frame(std::string& out, const Message& message) {
    const auto header_at = out.size();
    out.append(kFrameHeader, '\0');
    Writer writer(out);
    writer.put(Message::kType);
    writer.put(message);
    const auto length = static_cast<std::uint32_t>(out.size() - header_at - kFrameHeader);
    std::memcpy(out.data() + header_at, &length, sizeof length);
}

// Length of the frame that begins `bytes`, header included; 0 when fewer than kFrameHeader bytes
// are there.
inline std::size_t frame_size(std::string_view bytes) {
    if (bytes.size() < kFrameHeader) return 0;
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    return kFrameHeader + length;
}

// Decodes one body into the alternative of `Variant` whose kType it carries.
template <class Variant>
Result<Variant> decode(std::string_view body) {
    Reader reader(body);
    std::uint8_t type = 0;
    reader.take(type);
    Result<Variant> result = Error(Errc::protocol_violation, "unknown message type");
    if (!reader.ok()) return result;
    [&]<class... Message>(std::type_identity<std::variant<Message...>>) {
        (
            [&] {
                if (type != Message::kType) return;
                Message message;
                reader.take(message);
                if (reader.is_used_up())
                    result = Variant(std::move(message));
                else
                    result = Error(Errc::protocol_violation, "message of the wrong size");
            }(),
            ...);
    }(std::type_identity<Variant>{});
    return result;
}

}  // namespace tutti::proto
