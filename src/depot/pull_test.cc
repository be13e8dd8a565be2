// SPDX-License-Identifier: Apache-2.0
#include "depot/pull.h"

#include "depot/claim.h"
#include "depot/fault_server.h"
#include "depot/shelf.h"
#include "depot/test_archive.h"
#include "depot/verify.h"
#include "models/test_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::depot {
namespace {

namespace fs = std::filesystem;
using test::FaultServer;
using test::Packer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// SHA-256 of "test".
constexpr const char* kDigest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

class PullTest : public testing::Test {
  protected:
    PullTest() {
        for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"})
            ::unsetenv(name);
    }

    // The bytes of an archive with a model of that id.
    std::string archive(const std::string& id, const std::string& data = "test",
                        const std::string& version = "1") {
        Packer packer(folder_ / "packed.tar.gz");
        packer.file("top/model.toml", "id = '" + id +
                                          "'\nkind = 'vad'\nbackend = 'b'\nversion = '" + version +
                                          "'\n[[files]]\nrole = 'r'\npath = 'deep/data'\n" +
                                          "size = 4\nsha256 = '" + kDigest + "'\n");
        packer.file("top/deep/data", data).file("top/README.md", "about");
        packer.close();
        return folder_.read("packed.tar.gz");
    }
    Result<Pulled> get(const std::string& what, const std::string& sha256 = {}) {
        PullRequest request{
            .models_dir = dir(), .what = what, .sha256 = sha256, .reserved_ids = {"built-in"}};
        request.download_limits.first_pause = request.download_limits.longest_pause =
            std::chrono::milliseconds(1);
        request.download_limits.tries = tries_;
        request.unpack_limits = unpack_limits_;
        return pull(request, catalogue_, work_);
    }
    std::string fault_of(const std::string& what, const std::string& sha256 = {}) {
        const auto pulled = get(what, sha256);
        return pulled ? "fine" : pulled.error().context;
    }
    // What a reader of models_dir sees.
    std::vector<std::string> models() const {
        std::vector<std::string> ids;
        for (const auto& model : list_models(dir()).value())
            ids.push_back(model.id() + (model.fault.empty() ? "" : " broken"));
        return ids;
    }
    // What is left of work, downloads included.
    std::vector<std::string> leftovers() const {
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(dir())) {
            const auto name = entry.path().filename().string();
            if (name == ".partial")
                for (const auto& part : fs::directory_iterator(entry.path()))
                    found.push_back(part.path().extension());
            else if (name.starts_with('.'))
                found.push_back(name);
        }
        std::ranges::sort(found);
        return found;
    }
    void use_catalogue(const std::string& toml) {
        catalogue_ = parse_catalogue(toml, "list").value();
    }
    std::string digest_of_text(const std::string& bytes) {
        folder_.write("hashed", bytes);
        return digest_of(folder_ / "hashed", {}).value();
    }
    fs::path dir() const { return folder_ / "models"; }

    models::test::Folder folder_;
    Catalogue catalogue_;
    UnpackLimits unpack_limits_;
    Work work_;
    int tries_ = 3;
};

TEST_F(PullTest, BringsAModelFromAUrl) {
    const auto bytes = archive("m");
    FaultServer server(bytes);
    server.next({.cut_after = 20});
    const auto pulled = get(server.url());
    ASSERT_TRUE(pulled) << pulled.error().context;
    EXPECT_EQ(pulled->id, "m");
    EXPECT_EQ(pulled->folder, dir() / "m");
    EXPECT_THAT(pulled->note, HasSubstr("its SHA-256 is " + digest_of_text(bytes)));
    EXPECT_EQ(folder_.read("models/m/deep/data"), "test");
    EXPECT_EQ(folder_.read("models/m/README.md"), "about");
    EXPECT_THAT(models(), ElementsAre("m"));
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST_F(PullTest, TakesALocalFileAndLeavesItAlone) {
    folder_.write("it.tar.gz", archive("m"));
    const auto url = "file://" + (folder_ / "it.tar.gz").string();
    EXPECT_EQ(fault_of(url, digest_of_text(archive("m"))), "fine");
    EXPECT_THAT(models(), ElementsAre("m"));
    EXPECT_TRUE(fs::exists(folder_ / "it.tar.gz"));
    EXPECT_THAT(fault_of("file:///nonexistent.zip"), HasSubstr("nonexistent.zip"));
}

TEST_F(PullTest, ReplacesAModelOfTheSameId) {
    FaultServer server(archive("m", "test", "1"));
    ASSERT_TRUE(get(server.url()));
    FaultServer newer(archive("m", "test", "2"));
    ASSERT_TRUE(get(newer.url()));
    EXPECT_EQ(find_model(dir(), "m").value().card->version, "2");
    EXPECT_THAT(models(), ElementsAre("m"));
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST_F(PullTest, WhatFailsChangesNothing) {
    FaultServer server(archive("m", "test", "1"));
    ASSERT_TRUE(get(server.url()));
    FaultServer spoilt(archive("m", "tesT", "2"));
    EXPECT_THAT(fault_of(spoilt.url()), HasSubstr("does not match its card: "));
    FaultServer good(archive("m", "test", "3"));
    EXPECT_THAT(fault_of(good.url(), std::string(64, '0')), HasSubstr("it is not used"));
    good.next({.status = 404});
    EXPECT_THAT(fault_of(good.url()), HasSubstr("404 Not Found"));
    FaultServer text("no archive");
    EXPECT_THAT(fault_of(text.url()), HasSubstr("cannot be unpacked"));
    unpack_limits_.bytes = 3;
    EXPECT_THAT(fault_of(good.url()), HasSubstr("unpacks to more than 3 bytes"));
    EXPECT_EQ(find_model(dir(), "m").value().card->version, "1");
    EXPECT_EQ(folder_.read("models/m/deep/data"), "test");
    EXPECT_THAT(models(), ElementsAre("m"));
    for (const auto& left : leftovers()) EXPECT_TRUE(left == ".part" || left == ".toml") << left;
}

TEST_F(PullTest, ACorruptedDownloadIsNotKept) {
    auto bytes = archive("m");
    const auto digest = digest_of_text(bytes);
    FaultServer server(bytes);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    server.next({.content = bytes});
    EXPECT_THAT(fault_of(server.url(), digest), HasSubstr("it is not used"));
    EXPECT_THAT(leftovers(), IsEmpty()) << "else the next pull would meet it again";
    server.next({.content = archive("m")});
    EXPECT_EQ(fault_of(server.url(), digest), "fine");
}

TEST_F(PullTest, ADownloadThatEndsEarlyIsGoneOnWith) {
    FaultServer server(archive("m"));
    tries_ = 1;
    server.next({.cut_after = 50});
    EXPECT_THAT(fault_of(server.url()), HasSubstr("given up"));
    EXPECT_THAT(models(), IsEmpty());
    EXPECT_THAT(leftovers(), ElementsAre(".part", ".toml"));
    EXPECT_EQ(fault_of(server.url()), "fine");
    EXPECT_EQ(server.asked()[1].range, "bytes=50-");
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST_F(PullTest, AnArchiveMustHoldOneModel) {
    const auto fault = [&](const std::function<void(Packer&)>& fill) {
        Packer packer(folder_ / "a.zip");
        fill(packer);
        packer.close();
        return fault_of("file://" + (folder_ / "a.zip").string());
    };
    EXPECT_THAT(fault([](Packer& packer) { packer.file("x/y", ""); }),
                HasSubstr("holds no folder with a model.toml"));
    EXPECT_THAT(
        fault([](Packer& packer) { packer.file("x/model.toml", "").file("y/model.toml", ""); }),
        HasSubstr("several folders"));
    EXPECT_THAT(fault([](Packer& packer) { packer.file("x/model.toml", "id = "); }),
                HasSubstr("the archive's card: "));
    EXPECT_THAT(fault([](Packer& packer) { packer.symlink("x/model.toml", "/etc/passwd"); }),
                HasSubstr("is a link"));
    EXPECT_THAT(fault([](Packer& packer) {
                    packer.file("model.toml", "id = 'built-in'\nkind = 'vad'\nbackend = 'b'\n");
                }),
                HasSubstr("would replace the built-in 'built-in'"));
    EXPECT_THAT(fault([](Packer& packer) {
                    packer.file("model.toml",
                                "id = 'far'\nkind = 'asr-offline'\nbackend = 'upstream'\n");
                }),
                HasSubstr("a model on another server"));
    EXPECT_EQ(fault([](Packer& packer) {
                  packer.file("model.toml", "id = 'flat'\nkind = 'vad'\nbackend = 'b'\n");
              }),
              "fine");
    EXPECT_THAT(models(), ElementsAre("flat"));
}

TEST_F(PullTest, MakesTheCardOfACatalogueEntry) {
    Packer packer(folder_ / "a.tar.bz2");
    packer.file("release-1/enc.onnx", "test").file("release-1/test_wavs/0.wav", "noise");
    packer.file("release-1/LICENSE", "free").file("release-1/sub/tokens.txt", "a 1\n");
    packer.symlink("release-1/test_wavs/1.wav", "0.wav");
    packer.close();
    FaultServer archive_server(folder_.read("a.tar.bz2"));
    FaultServer file_server("embedding");
    const auto list =
        "[[model]]\nid = 'm'\nkind = 'diarization'\nbackend = 'b'\nlicence = 'MIT'\n" +
        std::string("[model.options]\nfamily = 'f'\n") + "[[model.downloads]]\nurl = '" +
        archive_server.url("/x.tar.bz2") + "'\n" + "[[model.downloads]]\nurl = '" +
        file_server.url("/emb.onnx") + "'\n" +
        "[[model.files]]\nrole = 'enc'\npath = 'enc.onnx'\n" +
        "[[model.files]]\nrole = 'emb'\npath = 'emb.onnx'\n" +
        "[[model.files]]\nrole = 'tokens'\npath = 'sub/tokens.txt'\n";
    use_catalogue(list);
    const auto pulled = get("m");
    ASSERT_TRUE(pulled) << pulled.error().context;
    EXPECT_THAT(pulled->note, HasSubstr("could not be compared"));
    EXPECT_EQ(pulled->bytes, 17u);
    const auto folder = find_model(dir(), "m").value();
    EXPECT_EQ(folder.card->files[0], (models::ModelFile{"enc", "enc.onnx", 4, kDigest}));
    EXPECT_EQ(folder.card->options.at("family"), "f");
    EXPECT_THAT(find_faults(*folder.card, folder.path, {}).value(), IsEmpty());
    EXPECT_THAT(folder_.read("models/m/model.toml"), HasSubstr(archive_server.url("/x.tar.bz2")));
    EXPECT_TRUE(fs::exists(folder.path / "LICENSE"));
    EXPECT_FALSE(fs::exists(folder.path / "test_wavs"));
    EXPECT_THAT(fault_of("m", std::string(64, 'a')), HasSubstr("several downloads"));
    use_catalogue(list + "[[model.files]]\nrole = 'more'\npath = 'more.onnx'\n");
    EXPECT_THAT(fault_of("m"), HasSubstr("what was downloaded has no file more.onnx (more)"));
}

TEST_F(PullTest, ComparesWithTheDigestsOfTheCatalogue) {
    FaultServer server("test");
    const auto list = [&](const std::string& digest) {
        return "[[model]]\nid = 'm'\nkind = 'vad'\nbackend = 'b'\n[[model.downloads]]\nurl = '" +
               server.url("/data.onnx") +
               "'\n[[model.files]]\nrole = 'r'\npath = 'data.onnx'\nsha256 = '" + digest + "'\n";
    };
    use_catalogue(list(std::string(64, 'a')));
    EXPECT_THAT(fault_of("m"), HasSubstr("not what the catalogue says: "));
    use_catalogue(list(kDigest));
    EXPECT_EQ(get("m").value().note, "");
}

TEST_F(PullTest, RefusesWhatItCannotFetch) {
    EXPECT_THAT(fault_of("nonsense"), HasSubstr("neither in the catalogue"));
    EXPECT_THAT(fault_of("ftp://x/y.zip"), HasSubstr("only http, https and file"));
    EXPECT_THAT(fault_of("http://x/y.zip", "abc"), HasSubstr("64 hexadecimal digits"));
    EXPECT_FALSE(fs::exists(dir())) << "nothing was touched";
}

TEST_F(PullTest, OneCommandAtATimePullsTheSame) {
    FaultServer server(archive("m"));
    server.next({.cut_after = 20, .stalls = true});
    std::string second;
    // From inside the first pull, while it holds its claim. Another process would see the same: a
    // lock belongs to the descriptor that took it.
    work_.on_progress = [&](Stage stage, std::uint64_t, std::uint64_t) {
        if (stage != Stage::downloading || !second.empty()) return;
        const Work none;
        const auto other = pull({.models_dir = dir(), .what = server.url()}, catalogue_, none);
        second = other ? "fine" : other.error().context;
    };
    work_.is_canceled = [&] { return !second.empty(); };
    EXPECT_EQ(fault_of(server.url()), "interrupted");
    EXPECT_EQ(second, "another command is downloading this");
    EXPECT_THAT(leftovers(), ElementsAre(".part", ".toml"));
}

TEST_F(PullTest, WorkOfKilledCommandsIsSweptAway) {
    folder_.write("models/.new-0123456789abcdef/half", "x");
    folder_.write("models/.new-fedcba9876543210/half", "x");
    folder_.write("models/.partial/none", "");
    const auto claim = Claim::take(dir() / ".partial/fedcba9876543210.pull");
    ASSERT_TRUE(claim);
    FaultServer server(archive("m"));
    ASSERT_TRUE(get(server.url()));
    EXPECT_FALSE(fs::exists(dir() / ".new-0123456789abcdef"));
    EXPECT_TRUE(fs::exists(dir() / ".new-fedcba9876543210")) << "somebody works there";
}

}  // namespace
}  // namespace tutti::depot
