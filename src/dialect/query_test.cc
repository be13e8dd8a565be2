// SPDX-License-Identifier: Apache-2.0
#include "dialect/query.h"

#include "dialect/header_value.h"
#include "dialect/test_support.h"

#include <gtest/gtest.h>

namespace tutti::dialect {
namespace {

TEST(Query, DecodesAndKeepsRepeatedNamesInOrder) {
    const auto query = parse_query("keyterm=a%20b&model=nova-3&keyterm=c+d&flag&&x=%C3%A9%3D");
    ASSERT_TRUE(query);
    EXPECT_EQ(query->find_all("keyterm"), (std::vector<std::string_view>{"a b", "c d"}));
    EXPECT_EQ(query->find("model"), "nova-3");
    EXPECT_EQ(query->find("x"), "\xc3\xa9=");
    EXPECT_EQ(query->find("flag"), std::nullopt);
    EXPECT_EQ(query->find("absent"), std::nullopt);
}

TEST(Query, TheLastOfSeveralValuesCounts) {
    EXPECT_EQ(parse_query("a=1&a=2")->find("a"), "2");
    EXPECT_EQ(parse_query("a=1&a=")->find("a"), "1");
}

TEST(Query, RefusesBadEscapes) {
    for (const auto text : {"a=%", "a=%4", "a=%zz", "%=1", "a=1&b=%4g"}) {
        const auto query = parse_query(text);
        ASSERT_FALSE(query) << text;
        EXPECT_EQ(query.error().error.errc(), Errc::bad_request);
    }
}

TEST(Query, RandomBytesNeverCrash) {
    std::mt19937 random(1);
    for (int i = 0; i < 20000; ++i)
        (void)parse_query(test::random_bytes(random, random() % 40) + "%4&=%");
}

TEST(Query, BoolsAreReadInTheirCommonForms) {
    for (const auto text : {"true", "True", "TRUE", "1"})
        EXPECT_TRUE(*bool_field(test::fields({{"f", text}}), "f", false)) << text;
    for (const auto text : {"false", "False", "0"})
        EXPECT_FALSE(*bool_field(test::fields({{"f", text}}), "f", true)) << text;
    EXPECT_TRUE(*bool_field({}, "f", true));
    EXPECT_TRUE(*bool_field(test::fields({{"f", ""}}), "f", true));
    const auto bad = bool_field(test::fields({{"f", "maybe"}}), "f", true);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().param, "f");
    EXPECT_EQ(bad.error().value, "maybe");
    EXPECT_NE(bad.error().error.message().find("f: must be true or false"), std::string::npos);
}

TEST(Query, IntegersAreCheckedForFormAndRange) {
    const auto read = [](std::string text) {
        return int_field(test::fields({{"n", std::move(text)}}), "n", {-5, 100});
    };
    EXPECT_EQ(**read("100"), 100);
    EXPECT_EQ(**read("-5"), -5);
    EXPECT_EQ(*read(""), std::nullopt);
    for (const auto text : {"101", "-6", "1.5", " 1", "1 ", "+1", "0x1", "abc", "99999999999999"}) {
        const auto bad = read(text);
        ASSERT_FALSE(bad) << text;
        EXPECT_NE(bad.error().error.message().find("from -5 to 100"), std::string::npos);
    }
}

TEST(Query, NamesOfModelsAndLanguagesAreCheckedForForm) {
    EXPECT_EQ(*model_field(test::fields({{"model", "org/whisper-1:x"}})), "org/whisper-1:x");
    EXPECT_EQ(*model_field({}), "");
    EXPECT_FALSE(model_field(test::fields({{"model", "a b"}})));
    EXPECT_FALSE(model_field(test::fields({{"model", std::string("a\0b", 3)}})));
    EXPECT_FALSE(model_field(test::fields({{"model", std::string(129, 'a')}})));
    EXPECT_EQ(*language_field(test::fields({{"language", "zh-Hant-TW"}})), "zh-Hant-TW");
    EXPECT_FALSE(language_field(test::fields({{"language", "en_US"}})));
    EXPECT_FALSE(language_field(test::fields({{"language", std::string(36, 'a')}})));
}

TEST(Query, ErrorsShowHostileValuesShortAndPrintable) {
    const auto bad =
        bool_field(test::fields({{"f", "\x1b[2J" + std::string(5000, 'x')}}), "f", true);
    ASSERT_FALSE(bad);
    EXPECT_LT(bad.error().error.message().size(), 200u);
    EXPECT_EQ(bad.error().error.message().find('\x1b'), std::string::npos);
}

TEST(HeaderValue, SplitsLists) {
    EXPECT_EQ(split_list(" token, abc ,,\tx"),
              (std::vector<std::string_view>{"token", "abc", "x"}));
    EXPECT_TRUE(split_list("").empty());
    EXPECT_TRUE(split_list(" , ").empty());
}

TEST(HeaderValue, FindsParametersQuotedOrNot) {
    const std::string_view value =
        R"(form-data; name="a;b=\"c\""; filename=x.wav ;empty=;Last="C:\d\e")";
    EXPECT_EQ(main_value(value), "form-data");
    EXPECT_EQ(find_parameter(value, "name"), R"(a;b="c")");
    EXPECT_EQ(find_parameter(value, "FILENAME"), "x.wav");
    EXPECT_EQ(find_parameter(value, "empty"), "");
    EXPECT_EQ(find_parameter(value, "last"), R"(C:\d\e)");
    EXPECT_EQ(find_parameter(value, "b"), std::nullopt);
    EXPECT_EQ(find_parameter("a; flag; x=1", "x"), "1");
    EXPECT_EQ(find_parameter("a; x=\"never closed", "x"), std::nullopt);
    EXPECT_EQ(find_parameter("a; x=\"", "x"), std::nullopt);
    EXPECT_EQ(find_parameter("a; x=", "x"), "");
    EXPECT_EQ(find_parameter("a;", "x"), std::nullopt);
}

TEST(HeaderValue, RandomBytesNeverCrash) {
    std::mt19937 random(2);
    static constexpr std::string_view alphabet = "ab;=\"\\ ,\t";
    for (int i = 0; i < 50000; ++i) {
        std::string value;
        for (auto n = random() % 20; n > 0; --n) value += alphabet[random() % alphabet.size()];
        (void)find_parameter(value, "a");
        (void)split_list(value);
    }
}

}  // namespace
}  // namespace tutti::dialect
