// SPDX-License-Identifier: Apache-2.0
#include "config/surroundings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tutti::config {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A folder with all that the default configuration of model tone needs; tests spoil it.
class Surroundings : public testing::Test {
  protected:
    Surroundings() {
        char name[] = "/tmp/tutti-surroundings-XXXXXX";
        folder_ = ::mkdtemp(name);
        fs::permissions(folder_, fs::perms(0755));
        for (const char* program : {"tutti", "tutti-decode", "tutti-engine-tone"})
            make_program(program);
        fs::create_directory(folder_ / "spool");
        auto& c = loaded_.config;
        c.models = {"tone"};
        c.program_dir = folder_;
        c.spool_dir = folder_ / "spool";
    }
    ~Surroundings() override { fs::remove_all(folder_); }

    void make_program(const std::string& name) {
        std::ofstream(folder_ / name) << "#!/bin/true\n";
        fs::permissions(folder_ / name, fs::perms(0755));
    }
    std::string error(std::optional<Account> children = {}) const {
        const auto done = check_surroundings(loaded_, children);
        return done ? "no error" : done.error().message();
    }
    Model& tone() { return *std::ranges::find(loaded_.config.known_models, "tone", &Model::id); }

    fs::path folder_;
    LoadedConfig loaded_;
};

TEST_F(Surroundings, AreFineWhenEverythingIsThere) {
    tone().directory = folder_;
    loaded_.config.log_file = folder_ / "log";
    loaded_.config.pidfile = folder_ / "pid";
    EXPECT_EQ(error(), "no error");
    EXPECT_FALSE(fs::exists(folder_ / "log")) << "looking changes nothing";
}

TEST_F(Surroundings, AHostMustResolve) {
    loaded_.config.host = "::1";
    EXPECT_EQ(error(), "no error");
    loaded_.config.host = "300.1.2.3";
    loaded_.origins["host"] = "environment TUTTI_HOST";
    EXPECT_THAT(error(), HasSubstr("host: 300.1.2.3 does not resolve: "));
    EXPECT_THAT(error(), testing::EndsWith("(environment TUTTI_HOST)"));
}

TEST_F(Surroundings, AnEngineMustBeAProgramThatRuns) {
    const auto engine = folder_ / "tutti-engine-tone";
    fs::permissions(engine, fs::perms(0644));
    EXPECT_THAT(error(), HasSubstr("model.tone.backend: cannot run " + engine.string() +
                                   ": Permission denied (default)"));
    fs::remove(engine);
    EXPECT_THAT(error(), HasSubstr("tutti-engine-tone: No such file"));
    fs::create_directory(engine);
    EXPECT_THAT(error(), HasSubstr("is not a program"));
}

TEST_F(Surroundings, OurOwnProgramsMustLieBeside) {
    fs::remove(folder_ / "tutti-decode");
    EXPECT_THAT(error(), HasSubstr("program_dir: cannot run"));
}

TEST_F(Surroundings, OnlyServedModelsCount) {
    loaded_.config.known_models.push_back({.id = "x", .backend = "y", .directory = "/nonexistent"});
    EXPECT_EQ(error(), "no error");
    loaded_.config.models.push_back("x");
    EXPECT_THAT(error(), HasSubstr("model.x.backend: cannot run"));
    make_program("tutti-engine-y");
    EXPECT_THAT(
        error(),
        HasSubstr("model.x.directory: /nonexistent cannot be used: No such file or directory"));
}

TEST_F(Surroundings, AModelFolderHasTheFilesOfItsCard) {
    const auto model = folder_ / "model";
    fs::create_directory(model);
    tone().directory = model;
    const std::string digest(64, '0');
    std::ofstream(model / "model.toml")
        << "id = 'tone'\nkind = 'vad'\nbackend = 'tone'\n[[files]]\nrole = 'r'\npath = 'data'\n"
           "size = 4\nsha256 = '"
        << digest << "'\n";
    loaded_.origins["model.tone.directory"] = "file tutti.toml:3";
    const auto data = (model / "data").string();
    EXPECT_THAT(error(), HasSubstr("model.tone.directory: " + data +
                                   ": No such file or directory (file tutti.toml:3)"));
    std::ofstream(data) << "123";
    EXPECT_THAT(error(), HasSubstr(data + ": has 3 bytes, not the 4 of model.toml"));
    std::ofstream(data) << "1234";
    EXPECT_EQ(error(), "no error");
    std::ofstream(model / "model.toml") << "id = ";
    EXPECT_THAT(error(), HasSubstr("model.toml:1: "));
}

TEST_F(Surroundings, TheSpoolMustBeAFolder) {
    loaded_.config.spool_dir = folder_ / "nonexistent";
    EXPECT_THAT(error(), HasSubstr("spool_dir: " + loaded_.config.spool_dir +
                                   " cannot be used: No such file"));
    loaded_.config.spool_dir = folder_ / "tutti";
    EXPECT_THAT(error(), HasSubstr("is not a folder"));
}

TEST_F(Surroundings, TheKeyOfTheAudioStoreMustBeThere) {
    auto& store = loaded_.config.audio_store;
    store.url = "http://127.0.0.1:1";
    store.key_file = folder_ / "store.key";
    EXPECT_THAT(error(), HasSubstr("audio_store_key_file: " + store.key_file + " cannot be read"));
    std::ofstream(store.key_file) << "id\nsecret\n";
    EXPECT_EQ(error(), "no error");
    store.key_file = {};
    store.key_env = {"PATH", "TUTTI_TEST_UNSET"};
    EXPECT_THAT(error(), HasSubstr("audio_store_key_env: TUTTI_TEST_UNSET is not set"));
}

TEST_F(Surroundings, FoldersOfTheSupervisorsFilesMustExist) {
    loaded_.config.pidfile = folder_ / "no" / "pid";
    EXPECT_THAT(error(), HasSubstr("pidfile: "));
    loaded_.config.pidfile.clear();
    loaded_.config.control_socket = folder_ / "no" / "ctl";
    EXPECT_THAT(error(), HasSubstr("control_socket: "));
    loaded_.config.control_socket.clear();
    loaded_.config.log_file = "/proc/nonexistent/log";
    EXPECT_THAT(error(),
                HasSubstr("log_file: /proc/nonexistent cannot be used: No such file or directory"));
}

TEST_F(Surroundings, AccessIsThatOfTheChildren) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can run children as another user";
    const Account nobody{65534, 65534};
    EXPECT_THAT(error(nobody), HasSubstr("spool_dir: " + loaded_.config.spool_dir +
                                         " cannot be written to: Permission denied"));
    EXPECT_EQ(::geteuid(), 0u) << "we are ourselves again";
    EXPECT_EQ(error(), "no error");
    fs::permissions(loaded_.config.spool_dir, fs::perms(0777));
    EXPECT_EQ(error(nobody), "no error");
    fs::permissions(folder_, fs::perms(0700));
    EXPECT_THAT(error(nobody), HasSubstr("cannot run"));
}

}  // namespace
}  // namespace tutti::config
