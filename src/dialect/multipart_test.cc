// SPDX-License-Identifier: Apache-2.0
#include "dialect/multipart.h"

#include "dialect/test_support.h"

#include <gtest/gtest.h>

namespace tutti::dialect {
namespace {

const std::string kBody =
    "ignored preamble\r\n--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ntiny\r\n"
    "--B \t\r\nCONTENT-TYPE: audio/wav\r\ncontent-disposition: form-data; name=\"file\"; "
    "filename=\"a \\\"b\\\".wav\"\r\n\r\n\r\n--\r\n-B\r\n\r\r\n--\r\n"
    "--B\r\nContent-Disposition: form-data; name=empty\r\n\r\n\r\n--B--\r\nepilogue --B";

// The events as one line each; pieces of data are joined.
std::string told(const std::vector<MultipartEvent>& events, bool& in_data) {
    std::string out;
    for (const auto& event : events) {
        if (const auto* data = std::get_if<PartData>(&event)) {
            out += (in_data ? "" : "data ") + std::string(data->bytes);
            in_data = true;
            continue;
        }
        if (in_data) out += '\n';
        in_data = false;
        if (const auto* part = std::get_if<PartBegin>(&event))
            out += "part " + part->name + "|" + part->filename.value_or("-") + "|" +
                   part->content_type + "\n";
        else
            out += std::holds_alternative<PartEnd>(event) ? "end\n" : "done\n";
    }
    return out;
}

// Parses `body` in pieces of the sizes `next_size` gives; an error is told as its name.
template <class NextSize>
std::string parse(std::string_view body, NextSize next_size, MultipartLimits limits = {}) {
    MultipartParser parser("B", limits);
    std::string out;
    bool in_data = false;
    while (!body.empty()) {
        const auto size = std::min<std::size_t>(next_size(), body.size());
        const std::string piece(body.substr(0, size));
        body.remove_prefix(size);
        const auto events = parser.push(piece);
        if (!events) return std::string(name_of(events.error().errc()));
        out += told(*events, in_data);
    }
    const auto end = parser.finish();
    return end ? out : std::string(name_of(end.error().errc()));
}

std::string parse_whole(std::string_view body, MultipartLimits limits = {}) {
    return parse(
        body, [&] { return body.size(); }, limits);
}

std::string part(std::string_view headers, std::string_view data = "x") {
    return "--B\r\n" + std::string(headers) + "\r\n\r\n" + std::string(data) + "\r\n--B--";
}

TEST(Multipart, TellsPartsAsTheyCome) {
    EXPECT_EQ(parse_whole(kBody),
              "part model|-|\ndata tiny\nend\n"
              "part file|a \"b\".wav|audio/wav\ndata \r\n--\r\n-B\r\n\r\r\n--\nend\n"
              "part empty|-|\nend\ndone\n");
}

TEST(Multipart, AnyCutGivesTheSameEvents) {
    const auto whole = parse_whole(kBody);
    for (std::size_t size = 1; size < kBody.size(); ++size)
        ASSERT_EQ(parse(kBody, [&] { return size; }), whole) << size;
    std::mt19937 random(5);
    for (int round = 0; round < 2000; ++round)
        ASSERT_EQ(parse(kBody, [&] { return 1 + random() % 30; }), whole) << round;
}

TEST(Multipart, DataThatLooksLikeDelimitersSurvivesAnyCut) {
    std::mt19937 random(6);
    static constexpr std::string_view alphabet = "\r\n-Bx";
    for (int round = 0; round < 5000; ++round) {
        std::string data;
        for (auto n = random() % 60; n > 0; --n) data += alphabet[random() % alphabet.size()];
        if (("\r\n" + data).find("\r\n--B") != std::string::npos) continue;
        const auto body = part("Content-Disposition: form-data; name=f", data);
        const auto expected =
            "part f|-|\n" + (data.empty() ? "" : "data " + data + "\n") + "end\ndone\n";
        ASSERT_EQ(parse(body, [&] { return 1 + random() % 5; }), expected);
    }
}

TEST(Multipart, EveryCutShortBodyIsNoticed) {
    const auto end = kBody.find("--B--") + 5;
    for (std::size_t size = 0; size < end; ++size)
        EXPECT_EQ(parse_whole(kBody.substr(0, size)), "bad_request") << size;
}

TEST(Multipart, RefusesMalformedParts) {
    for (const auto* headers :
         {"", "X: y", "Content-Disposition: attachment; name=f", "Content-Disposition: form-data",
          "no colon here", ": no name", "Content-Disposition: form-data; name=\"open"})
        EXPECT_EQ(parse_whole(part(headers)), "bad_request") << headers;
    EXPECT_EQ(parse_whole("--Bad\r\n\r\n"), "bad_request");
    EXPECT_EQ(parse_whole("--B\nContent-Disposition: form-data; name=f\n\nx\n--B--"),
              "bad_request");
}

TEST(Multipart, KeepsItsLimits) {
    const std::string name = "Content-Disposition: form-data; name=f";
    EXPECT_EQ(parse_whole(part(name + "\r\nX: " + std::string(9000, 'x'))), "too_large");
    EXPECT_EQ(parse_whole("--B\r\nX: " + std::string(9000, 'x')), "too_large");
    EXPECT_EQ(parse_whole(std::string(9000, 'x')), "bad_request");
    EXPECT_EQ(parse_whole("--B" + std::string(9000, ' ')), "bad_request");
    std::string many;
    for (int i = 0; i < 3; ++i) many += "--B\r\n" + name + "\r\n\r\nx\r\n";
    many += "--B--";
    EXPECT_EQ(parse_whole(many, {8192, 2}), "too_large");
    EXPECT_NE(parse_whole(many, {8192, 3}), "too_large");
}

TEST(Multipart, FailsTheSameWayForEver) {
    MultipartParser parser("B");
    ASSERT_FALSE(parser.push("--Bx\r\n"));
    EXPECT_FALSE(parser.push(kBody));
    EXPECT_FALSE(parser.finish());
}

TEST(Multipart, UnderstandsFileNamesBeyondAscii) {
    const std::string base = "Content-Disposition: form-data; name=f; ";
    EXPECT_EQ(parse_whole(part(base + "filename*=UTF-8''na%C3%AFve.wav")).substr(0, 19),
              "part f|na\xc3\xafve.wav|\n");
    EXPECT_EQ(parse_whole(part(base + "filename*=latin1''x")).substr(0, 9), "part f|-|");
    EXPECT_EQ(parse_whole(part(base + "filename=\"\xc3\xaf\"")).substr(0, 11),
              "part f|\xc3\xaf|\n");
}

TEST(Multipart, RandomBytesNeverCrash) {
    std::mt19937 random(7);
    for (int round = 0; round < 20000; ++round) {
        auto body = round % 2 ? kBody : test::random_bytes(random, random() % 80);
        for (int i = 0; i < 3 && !body.empty(); ++i)
            body[random() % body.size()] = static_cast<char>(random());
        const auto whole = parse_whole(body);
        const auto cut = parse(body, [&] { return 1 + random() % 20; });
        ASSERT_EQ(cut, whole);
    }
}

TEST(MultipartBoundary, IsFoundQuotedOrNot) {
    EXPECT_EQ(*multipart_boundary("multipart/form-data; boundary=openai-x1"), "openai-x1");
    EXPECT_EQ(*multipart_boundary("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b:c\""),
              "a b:c");
    EXPECT_EQ(*multipart_boundary("multipart/form-data;boundary=" + std::string(70, 'x')),
              std::string(70, 'x'));
}

TEST(MultipartBoundary, IsRefusedWhenMissingOrUnusable) {
    for (const auto& type :
         {std::string("multipart/form-data"), std::string("multipart/form-data; boundary="),
          std::string("multipart/form-data; boundary=\"\""), std::string("audio/wav; boundary=x"),
          std::string(""), std::string("multipart/form-data; boundary=\"x"),
          std::string("multipart/form-data; boundary=\"x \""),
          std::string("multipart/form-data; boundary=\"\r\nx\""),
          "multipart/form-data; boundary=" + std::string(71, 'x')})
        EXPECT_FALSE(multipart_boundary(type)) << type;
}

}  // namespace
}  // namespace tutti::dialect
