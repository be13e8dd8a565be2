// SPDX-License-Identifier: Apache-2.0
#include "config/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace tutti::config {
namespace {

using testing::Contains;
using testing::ContainsRegex;
using testing::HasSubstr;

class Explain : public testing::Test {
  protected:
    Explain()
        : path_(std::filesystem::temp_directory_path() /
                ("tutti-explain-test-" + std::to_string(getpid()) + ".toml")) {}
    ~Explain() override { std::filesystem::remove(path_); }

    Result<LoadedConfig> load_file(std::string_view toml, const char* const* environment = nullptr,
                                   std::map<std::string, std::string> flags = {}) {
        std::ofstream(path_) << toml;
        return load_with_origins(
            {.file = path_.string(), .environment = environment, .flags = std::move(flags)});
    }
    std::string in_file(int line) const {
        return "file " + path_.string() + ":" + std::to_string(line);
    }

    std::filesystem::path path_;
};

std::string line_of(const std::string& text, const std::string& start) {
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(start)) return line;
    return "no line " + start;
}

TEST_F(Explain, NamesWhereEachValueCameFrom) {
    const char* const environment[] = {"TUTTI_SCRIBES=5", "TUTTI_PORT=4", nullptr};
    const auto loaded =
        load_file("gateways = 3\nport = 1\nmodels = [\n  'tone' ]\n", environment, {{"port", "6"}});
    ASSERT_TRUE(loaded) << loaded.error().message();
    const auto text = explain(*loaded);
    EXPECT_THAT(line_of(text, "port"), ContainsRegex("^port = 6  +# flag$"));
    EXPECT_THAT(line_of(text, "scribes"),
                ContainsRegex("^scribes = 5  +# environment TUTTI_SCRIBES$"));
    EXPECT_THAT(line_of(text, "gateways"), HasSubstr("gateways = 3 "));
    EXPECT_THAT(line_of(text, "gateways"), testing::EndsWith("  # " + in_file(1)));
    EXPECT_THAT(line_of(text, "models"), testing::StartsWith("models = [\"tone\"] "));
    EXPECT_THAT(line_of(text, "models"), testing::EndsWith("  # " + in_file(3)));
    EXPECT_THAT(line_of(text, "spool_dir"),
                ContainsRegex("^spool_dir = \"/var/tmp\"  +# default$"));
}

TEST_F(Explain, KnowsTheLineOfEachSettingOfAModel) {
    const auto loaded =
        load_file("[[model]]\nid = 'tone'\nreplicas = 2\n\n[[model]]\nid = 'x'\nbackend = 'y'\n");
    ASSERT_TRUE(loaded) << loaded.error().message();
    EXPECT_EQ(origin_of(*loaded, "model.tone.replicas"), in_file(3));
    EXPECT_EQ(origin_of(*loaded, "model.tone.backend"), "default");
    EXPECT_EQ(origin_of(*loaded, "model.x.id"), in_file(6));
    EXPECT_THAT(explain(*loaded), HasSubstr("\n[[model]]\nid = \"x\""));
}

TEST_F(Explain, IsReadAgainAsTheSameConfiguration) {
    auto loaded = load_file(
        "log_level = 'debug'\ncors_origins = []\nspool_dir = '/tmp/with \"quotes\" # and more'\n"
        "pass_environment = ['A', 'B']\n[[model]]\nid = 'other'\nbackend = 'sherpa'\n"
        "languages = ['de', 'fr']\nwhole_threads = 3\n");
    ASSERT_TRUE(loaded) << loaded.error().message();
    loaded->config.web_dir = "/a\nb\tc";
    const auto again = parse(explain(*loaded), "explained");
    ASSERT_TRUE(again) << again.error().message() << "\n" << explain(*loaded);
    EXPECT_EQ(*again, loaded->config);
}

TEST_F(Explain, AFileNameCannotBreakTheText) {
    path_ = path_.string() + "\nport = 7 #";
    const auto loaded = load_file("port = 1\n");
    ASSERT_TRUE(loaded) << loaded.error().message();
    const auto again = parse(explain(*loaded), "explained");
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->port, 1);
}

TEST_F(Explain, RemarksStandInOneColumnButForLongValues) {
    const auto loaded = load_file("");
    ASSERT_TRUE(loaded);
    std::istringstream in(explain(*loaded));
    std::map<std::size_t, int> columns;
    for (std::string line; std::getline(in, line);)
        if (const auto at = line.find("  # "); at != line.npos) ++columns[at];
    const auto most =
        std::ranges::max_element(columns, {}, [](const auto& one) { return one.second; });
    EXPECT_GE(most->second, 40);
    for (const auto& [column, count] : columns) EXPECT_GE(column, most->first);
}

}  // namespace
}  // namespace tutti::config
