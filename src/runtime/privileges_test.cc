// SPDX-License-Identifier: Apache-2.0
#include "runtime/privileges.h"

#include "base/unique_fd.h"

#include <csignal>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <sstream>

namespace tutti::runtime {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr RunAs kNobody{65534, 65534};

std::string error_of(const Result<std::optional<RunAs>>& result) {
    return result ? "no error" : result.error().message();
}

// The text after "name:" in /proc/PID/status, its blanks made single spaces.
std::string status_of(pid_t pid, const std::string& name) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with(name + ":")) continue;
        std::istringstream words(line.substr(name.size() + 1));
        std::string out, word;
        while (words >> word) out += (out.empty() ? "" : " ") + word;
        return out;
    }
    return "no such line";
}

// A process of its own that does `act`, tells how that went (0 = well) and lives until it is
// destroyed.
class Child {
  public:
    explicit Child(const std::function<int()>& act) {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        UniqueFd reader(ends[0]), writer(ends[1]);
        pid_ = ::fork();
        if (pid_ == 0) {
            const char outcome = static_cast<char>(act());
            [[maybe_unused]] const auto n = ::write(writer.get(), &outcome, 1);
            for (;;) ::pause();
        }
        writer.reset();
        char outcome = 99;
        EXPECT_EQ(::read(reader.get(), &outcome, 1), 1) << "the child died";
        outcome_ = outcome;
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    pid_t pid() const { return pid_; }
    int outcome() const { return outcome_; }

  private:
    pid_t pid_ = 0;
    int outcome_ = 99;
};

// Only root can become another user.
class AsRoot : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "not run by root";
    }
};

TEST(ResolveUser, IsNothingWhenNothingIsNamedOrWeAreThatAlready) {
    EXPECT_EQ(resolve_user("", "").value(), std::nullopt);
    EXPECT_EQ(resolve_user(std::to_string(::geteuid()), std::to_string(::getegid())).value(),
              std::nullopt);
}

TEST(ResolveUser, TellsWhatIsWrong) {
    EXPECT_THAT(error_of(resolve_user("no-such-user", "")), HasSubstr("no user 'no-such-user'"));
    EXPECT_THAT(error_of(resolve_user("", "no-such-group")), HasSubstr("no group 'no-such-group'"));
    EXPECT_THAT(error_of(resolve_user("4294967295", "")), HasSubstr("no user"));
    EXPECT_THAT(error_of(resolve_user("3999999999", "")), HasSubstr("set group too"));
    EXPECT_EQ(resolve_user("no-such-user", "").error().errc(), Errc::bad_config);
}

TEST_F(AsRoot, ResolveUserFindsNamesAndNumbers) {
    EXPECT_EQ(resolve_user("nobody", "").value(), kNobody);
    EXPECT_EQ(resolve_user("65534", "").value(), kNobody);
    EXPECT_EQ(resolve_user("nobody", "daemon").value(), (RunAs{65534, 1}));
    EXPECT_EQ(resolve_user("3999999999", "12").value(), (RunAs{3999999999, 12}));
    EXPECT_EQ(resolve_user("root", "").value(), std::nullopt);
    EXPECT_THAT(error_of(resolve_user("root", "daemon")), HasSubstr("must not be root"));
}

TEST_F(AsRoot, ResolveUserIsAnErrorWhenWeAreNotRoot) {
    const Child child([] {
        if (!drop_to(kNobody)) return 1;
        if (resolve_user("nobody", "").value()) return 2;
        const auto other = resolve_user("daemon", "");
        return !other && other.error().message().find("only root") != std::string::npos ? 0 : 3;
    });
    EXPECT_EQ(child.outcome(), 0);
}

TEST(RunAsFlag, ComesBackAsItWas) {
    EXPECT_EQ(to_flag(std::nullopt), "");
    EXPECT_EQ(to_flag(RunAs{7, 8}), "7:8");
    EXPECT_EQ(parse_run_as("").value(), std::nullopt);
    EXPECT_EQ(parse_run_as("7:8").value(), (RunAs{7, 8}));
    for (const char* bad : {":", "7", "7:", ":8", "-1:8", "7:8:9", "0:0", "4294967295:1", "a:b"})
        EXPECT_FALSE(parse_run_as(bad)) << bad;
}

TEST_F(AsRoot, DropToLeavesNothingOfRoot) {
    const Child child([] {
        const gid_t groups[] = {0, 1, 2};
        if (::setgroups(3, groups) != 0) return 1;
        if (!restrict_self("65534:1")) return 2;
        if (::setresuid(0, 0, 0) == 0 || ::seteuid(0) == 0) return 3;
        if (::setresgid(0, 0, 0) == 0) return 4;
        return ::open("/proc/self/environ", O_RDONLY) < 0 ? 5 : 0;
    });
    EXPECT_EQ(child.outcome(), 0);
    EXPECT_EQ(status_of(child.pid(), "Uid"), "65534 65534 65534 65534");
    EXPECT_EQ(status_of(child.pid(), "Gid"), "1 1 1 1");
    EXPECT_EQ(status_of(child.pid(), "Groups"), "");
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
        EXPECT_EQ(status_of(child.pid(), set), "0000000000000000") << set;
    EXPECT_EQ(status_of(child.pid(), "NoNewPrivs"), "1");
}

TEST(RestrictSelf, ForbidsNewPrivilegesEvenToTheSameUser) {
    const Child child([] { return restrict_self("") ? 0 : 1; });
    EXPECT_EQ(child.outcome(), 0);
    EXPECT_EQ(status_of(child.pid(), "NoNewPrivs"), "1");
    EXPECT_EQ(status_of(child.pid(), "Uid"), status_of(::getpid(), "Uid"));
}

TEST_F(AsRoot, RestrictSelfFailsWhereTheUserCannotBeChanged) {
    const Child child([] {
        if (!drop_to(kNobody)) return 1;
        return restrict_self("1:1") ? 2 : 0;
    });
    EXPECT_EQ(child.outcome(), 0);
    const Child confused([] { return restrict_self("0:0") ? 1 : 0; });
    EXPECT_EQ(confused.outcome(), 0);
}

TEST_F(AsRoot, GiveToChangesTheOwnerOfTheFileItselfOnly) {
    std::string name = (fs::temp_directory_path() / "privileges-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    const fs::path folder = name;
    std::ofstream(folder / "file") << "x";
    fs::create_symlink(folder / "file", folder / "link");
    EXPECT_TRUE(give_to(folder, kNobody));
    EXPECT_TRUE(give_to(folder / "link", kNobody));
    struct stat info {};
    ASSERT_EQ(::stat(folder.c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, kNobody.uid);
    EXPECT_EQ(info.st_gid, kNobody.gid);
    ASSERT_EQ(::stat((folder / "file").c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 0u) << "the link was followed";
    const auto missing = give_to(folder / "missing", kNobody);
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message(), HasSubstr("missing"));
    fs::remove_all(folder);
}

}  // namespace
}  // namespace tutti::runtime
