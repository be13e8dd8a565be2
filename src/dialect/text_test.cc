// SPDX-License-Identifier: Apache-2.0
#include "dialect/base64.h"
#include "dialect/iso_time.h"
#include "dialect/json_text.h"
#include "dialect/language_names.h"
#include "dialect/test_support.h"
#include "dialect/utf8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tutti::dialect {
namespace {

TEST(Utf8, ReplacesWhatIsNotValid) {
    EXPECT_EQ(to_valid_utf8("plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
              "plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    const std::string bad = "\xef\xbf\xbd";
    EXPECT_EQ(to_valid_utf8("\xff"), bad);
    EXPECT_EQ(to_valid_utf8("a\xc3"), "a" + bad);
    EXPECT_EQ(to_valid_utf8("\xc0\xaf"), bad + bad);            // overlong
    EXPECT_EQ(to_valid_utf8("\xed\xa0\x80"), bad + bad + bad);  // a surrogate
    EXPECT_EQ(to_valid_utf8("\xf5\x80\x80\x80"), bad + bad + bad + bad);
}

TEST(Utf8, PrefixesCutNoCharacter) {
    EXPECT_EQ(utf8_prefix("a\xe2\x82\xac", 3), "a");
    EXPECT_EQ(utf8_prefix("a\xe2\x82\xac", 4), "a\xe2\x82\xac");
    EXPECT_EQ(utf8_prefix("\xe2\x82\xac", 2), "");
    EXPECT_EQ(character_count("a\xe2\x82\xac\xc3\xa9"), 3u);
}

TEST(JsonText, WritesNumbersForPeopleAndKeepsKeyOrder) {
    const json::object object{{"z", 2.1},
                              {"a", 0.0},
                              {"big", 12345.678},
                              {"n", 7},
                              {"none", nullptr},
                              {"list", json::array{1, true}},
                              {"empty", json::object()},
                              {"no", json::array()}};
    EXPECT_EQ(
        to_text(object),
        R"({"z":2.1,"a":0.0,"big":12345.678,"n":7,"none":null,"list":[1,true],"empty":{},"no":[]})");
}

TEST(JsonText, EscapesAndRepairsStrings) {
    EXPECT_EQ(to_text(json::value("a\"\n\x01")), R"("a\"\n\u0001")");
    EXPECT_EQ(to_text(json::object{{"k\xff", "v\xff"}}), "{\"k\xef\xbf\xbd\":\"v\xef\xbf\xbd\"}");
    EXPECT_EQ(test::parsed(to_text(json::value(std::string("a\0b", 3)))).as_string().size(), 3u);
}

TEST(JsonText, SecondsHaveThreeDecimalsAtMost) {
    for (const int ms : {0, 1, 10, 333, 1001, 59999, 86399999}) {
        const auto text = to_text(json::value(to_seconds(Millis(ms))));
        EXPECT_LE(text.size() - text.find('.') - 1, 3u) << text;
        EXPECT_EQ(std::llround(std::stod(text) * 1000), ms);
    }
}

TEST(JsonText, ConfidencesAreAlwaysNumbersFromZeroToOne) {
    EXPECT_EQ(to_text(json::value(to_confidence(0.98f))), "0.98");
    EXPECT_EQ(to_confidence(std::numeric_limits<float>::quiet_NaN()), 0);
    EXPECT_EQ(to_confidence(std::numeric_limits<float>::infinity()), 1);
    EXPECT_EQ(to_confidence(-1), 0);
}

TEST(JsonText, HostileTextIsNoObjectAndNoCrash) {
    std::mt19937 random(3);
    for (const auto& text : test::hostile_json()) (void)parse_json_object(text);
    EXPECT_FALSE(parse_json_object(std::string(100000, '[')));
    EXPECT_FALSE(parse_json_object("{\"type\":NaN}"));
    EXPECT_FALSE(parse_json_object("{\"a\":\"\xff\"}"));
    EXPECT_FALSE(parse_json_object("[]"));
    EXPECT_FALSE(parse_json_object("{} x"));
    EXPECT_TRUE(parse_json_object(" {\"a\":[1]} "));
    for (int i = 0; i < 20000; ++i) (void)parse_json_object("{" + test::random_bytes(random, 20));
}

TEST(Base64, DecodesTheStandardAlphabet) {
    EXPECT_EQ(decode_base64(""), "");
    EXPECT_EQ(decode_base64("Zg=="), "f");
    EXPECT_EQ(decode_base64("Zm8="), "fo");
    EXPECT_EQ(decode_base64("Zm9v"), "foo");
    EXPECT_EQ(decode_base64("+/+/"), "\xfb\xff\xbf");
    EXPECT_EQ(decode_base64("AAAA"), std::string(3, '\0'));
}

TEST(Base64, RefusesWhatIsNot) {
    for (const auto text : {"Z", "Zm", "Zm9", "Zm9v\n", " Zm9", "Zm 9", "====", "Z===", "=m9v",
                            "Zm=v", "Zm9v====", "-_-_", "Zm9\xff"})
        EXPECT_EQ(decode_base64(text), std::nullopt) << text;
    EXPECT_EQ(decode_base64(std::string_view("A\0AA", 4)), std::nullopt);
}

TEST(Base64, RandomBytesNeverCrash) {
    std::mt19937 random(4);
    for (int i = 0; i < 20000; ++i) (void)decode_base64(test::random_bytes(random, 4 * (i % 8)));
}

TEST(IsoTime, IsUtcWithTheWantedFraction) {
    using namespace std::chrono;
    const system_clock::time_point moment =
        sys_days(year(2026) / 2 / 28) + hours(23) + minutes(5) + seconds(9) + microseconds(12345);
    EXPECT_EQ(iso_time(moment, Fraction::milliseconds), "2026-02-28T23:05:09.012Z");
    EXPECT_EQ(iso_time(moment, Fraction::microseconds), "2026-02-28T23:05:09.012345Z");
}

TEST(LanguageNames, AreEnglishAndIgnoreRegions) {
    EXPECT_EQ(english_name_of("en"), "english");
    EXPECT_EQ(english_name_of("zh-Hans"), "chinese");
    EXPECT_EQ(english_name_of("tlh"), "tlh");
}

}  // namespace
}  // namespace tutti::dialect
