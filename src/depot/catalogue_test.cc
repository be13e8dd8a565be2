// SPDX-License-Identifier: Apache-2.0
#include "depot/catalogue.h"

#include "depot/unpack.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace tutti::depot {
namespace {

std::string fault_of(const std::string& text) {
    const auto parsed = parse_catalogue(text, "list");
    return parsed ? "fine" : parsed.error().context;
}

TEST(Catalogue, OfTheProgramIsWhole) {
    const auto& catalogue = built_in_catalogue();
    EXPECT_GE(catalogue.entries.size(), 15u);
    std::set<std::string> families;
    for (const auto& entry : catalogue.entries) {
        const auto& card = entry.card;
        EXPECT_EQ(card.backend, "sherpa") << card.id;
        EXPECT_FALSE(card.title.empty()) << card.id;
        families.insert(card.options.at("family"));
        for (const auto& download : entry.downloads) {
            EXPECT_TRUE(download.url.starts_with(
                "https://github.com/k2-fsa/sherpa-onnx/releases/download/"))
                << download.url;
            if (is_archive_name(download.url)) continue;
            const auto name = download.url.substr(download.url.rfind('/') + 1);
            EXPECT_EQ(std::ranges::count(card.files, name, &models::ModelFile::path), 1) << name;
        }
    }
    for (const char* family : {"transducer", "paraformer", "sense_voice", "whisper", "nemo_ctc",
                               "ct_transformer", "pyannote"})
        EXPECT_TRUE(families.contains(family)) << family;
    EXPECT_EQ(catalogue.find("whisper-tiny")->card.files.size(), 3u);
    EXPECT_EQ(catalogue.find("nothing"), nullptr);
}

TEST(Catalogue, SaysWhatIsWrong) {
    const std::string head = "[[model]]\nid = 'm'\nkind = 'vad'\nbackend = 'b'\n";
    const std::string files = "[[model.files]]\nrole = 'r'\npath = 'p'\n";
    const std::string download = "[[model.downloads]]\nurl = 'http://x/a.zip'\n";
    EXPECT_EQ(fault_of(head + download + files), "fine");
    EXPECT_EQ(fault_of(""), "list: has no [[model]] tables");
    EXPECT_THAT(fault_of("x = ["), testing::StartsWith("list:1: "));
    EXPECT_EQ(fault_of(head + files), "list:1: downloads must be a list of tables");
    EXPECT_EQ(fault_of(head + download), "list:1: files is missing");
    EXPECT_EQ(fault_of(head + files + "[[model.downloads]]\nurl = 'ftp://x/a'\n"),
              "list:1: ftp://x/a: only http, https and file are allowed");
    EXPECT_EQ(fault_of(head + download + "sha256 = 'x'\n" + files),
              "list:1: downloads.sha256 must be 64 hexadecimal digits");
    EXPECT_EQ(fault_of(head + download + files + head + download + files),
              "list: two models have the id m");
    EXPECT_EQ(fault_of(head + "colour = 'red'\n" + download + files),
              "list:1: colour is not known");
}

TEST(Catalogue, KnowsWhetherThereAreDigests) {
    const std::string digest = "sha256 = '" + std::string(64, 'a') + "'\n";
    const std::string head = "[[model]]\nid = 'm'\nkind = 'vad'\nbackend = 'b'\n";
    const std::string files = "[[model.files]]\nrole = 'r'\npath = 'p'\n";
    const std::string download = "[[model.downloads]]\nurl = 'http://x/a.zip'\n";
    const auto has = [](const std::string& text) {
        return parse_catalogue(text, "list").value().entries[0].has_digests();
    };
    EXPECT_FALSE(has(head + download + files));
    EXPECT_TRUE(has(head + download + digest + files));
    EXPECT_TRUE(has(head + download + files + digest));
}

}  // namespace
}  // namespace tutti::depot
