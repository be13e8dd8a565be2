// SPDX-License-Identifier: Apache-2.0
#include "depot/response.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace tutti::depot {
namespace {

ResponseHead head_of(std::initializer_list<const char*> lines) {
    ResponseHead head;
    for (const char* line : lines) head.add_line(line);
    return head;
}

TEST(ResponseHead, ReadsTheLinesThatCount) {
    const auto head = head_of({"HTTP/1.1 206 Partial Content\r\n", "ETag: \"abc\"\r\n",
                               "content-RANGE: bytes 5-9/10\r\n", "Content-Length:5\r\n",
                               "Retry-After: 7\r\n", "nonsense\r\n", "\r\n"});
    EXPECT_EQ(head.status, 206);
    EXPECT_EQ(head.etag, "\"abc\"");
    EXPECT_EQ(head.range, (ContentRange{5, 10}));
    EXPECT_EQ(head.length, 5u);
    EXPECT_EQ(head.total(), 10u);
    EXPECT_EQ(head.retry_after, std::chrono::seconds(7));
}

TEST(ResponseHead, OfARedirectionIsForgotten) {
    const auto head = head_of({"HTTP/1.1 302 Found", "ETag: \"old\"", "HTTP/2 200 "});
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.etag, "");
}

TEST(ResponseHead, AWeakEtagValidatesNothing) {
    EXPECT_EQ(head_of({"HTTP/1.1 200 OK", "ETag: W/\"a\""}).validator(), "");
    EXPECT_EQ(head_of({"HTTP/1.1 200 OK", "ETag: W/\"a\"", "Last-Modified: then"}).validator(),
              "then");
    EXPECT_EQ(head_of({"HTTP/1.1 200 OK", "ETag: \"a\"", "Last-Modified: then"}).validator(),
              "\"a\"");
}

TEST(ContentRange, RefusesWhatMakesNoSense) {
    EXPECT_EQ(parse_content_range("bytes */7"), (ContentRange{std::nullopt, 7}));
    EXPECT_EQ(parse_content_range("bytes 1-2/*"), (ContentRange{1, std::nullopt}));
    for (const char* bad : {"", "bytes", "lines 1-2/3", "bytes 2-1/3", "bytes 1-3/3", "bytes 1/3",
                            "bytes -1-2/3", "bytes 1-2", "bytes 99999999999999999999-2/3"})
        EXPECT_EQ(parse_content_range(bad), std::nullopt) << bad;
}

TEST(Judge, DecidesByStatusAndByWhatIsKept) {
    const Kept nothing;
    const Kept part{.bytes = 5, .validator = "\"a\"", .total = 10};
    const struct {
        std::initializer_list<const char*> head;
        Kept kept;
        Act act;
    } table[] = {
        {{"HTTP/1.1 200 OK"}, nothing, Act::take_all},
        {{"HTTP/1.1 200 OK"}, part, Act::take_all},
        {{"HTTP/1.1 206 P", "Content-Range: bytes 5-9/10"}, part, Act::take_rest},
        {{"HTTP/1.1 206 P", "Content-Range: bytes 4-9/10"}, part, Act::start_over},
        {{"HTTP/1.1 206 P", "Content-Range: bytes 5-9/11"}, part, Act::start_over},
        {{"HTTP/1.1 206 P"}, part, Act::start_over},
        {{"HTTP/1.1 206 P", "Content-Range: bytes 0-9/10"}, nothing, Act::start_over},
        {{"HTTP/1.1 416 R", "Content-Range: bytes */5"}, part, Act::finish},
        {{"HTTP/1.1 416 R", "Content-Range: bytes */4"}, part, Act::start_over},
        {{"HTTP/1.1 416 R"}, nothing, Act::give_up},
        {{"HTTP/1.1 404 N"}, part, Act::give_up},
        {{"HTTP/1.1 304 N"}, part, Act::give_up},
        {{"HTTP/1.1 429 T"}, part, Act::wait},
        {{"HTTP/1.1 408 T"}, part, Act::wait},
        {{"HTTP/1.1 503 S"}, part, Act::wait},
    };
    for (const auto& [head, kept, act] : table)
        EXPECT_EQ(judge(head_of(head), kept), act) << *head.begin() << " " << kept.bytes;
}

}  // namespace
}  // namespace tutti::depot
