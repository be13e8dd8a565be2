// SPDX-License-Identifier: Apache-2.0
#include "media/sandbox.h"

#include <climits>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <iterator>
#include <span>

namespace tutti::media {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#elif defined(__clang__)
constexpr bool kIsSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kIsSanitized = false;
#endif

Result<void> limit(int resource, rlim_t value) {
    const rlimit both{value, value};
    if (::setrlimit(static_cast<__rlimit_resource_t>(resource), &both) != 0)
        return errno_error("setrlimit");
    return {};
}

Result<void> set_limits(const SandboxLimits& limits) {
    const std::pair<int, rlim_t> table[] = {
        {RLIMIT_CORE, 0},
        {RLIMIT_CPU, static_cast<rlim_t>(limits.cpu_time.count())},
        {RLIMIT_FSIZE, limits.output_bytes},
        {RLIMIT_NOFILE, 3},
        {RLIMIT_AS, limits.memory_bytes},
    };
    // The runtime of a sanitizer reserves terabytes and probes memory through pipes of its own.
    const auto count = std::size(table) - (kIsSanitized ? 2 : 0);
    for (const auto& [resource, value] : std::span(table, count))
        if (auto set = limit(resource, value); !set) return set;
    return {};
}

Result<void> give_up_rights() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("PR_SET_NO_NEW_PRIVS");
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return errno_error("PR_SET_DUMPABLE");
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return errno_error("PR_SET_PDEATHSIG");
    return {};
}

// Collects rules; the first failure is kept.
class Filter {
  public:
    Filter() : context_(seccomp_init(SCMP_ACT_KILL_PROCESS)) { failed_ = context_ ? 0 : -ENOMEM; }
    ~Filter() { seccomp_release(context_); }
    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;

    template <class... Condition>
    void allow(int call, Condition... conditions) {
        if (failed_ == 0)
            failed_ = seccomp_rule_add(context_, SCMP_ACT_ALLOW, call, sizeof...(conditions),
                                       conditions...);
    }

    Result<void> load() {
        if (failed_ == 0) failed_ = seccomp_load(context_);
        if (failed_ == 0) return {};
        return Error(std::error_code(-failed_, std::generic_category()), "seccomp");
    }

  private:
    scmp_filter_ctx context_;
    int failed_;
};

scmp_arg_cmp equals(unsigned argument, scmp_datum_t value) {
    return {argument, SCMP_CMP_EQ, value, 0};
}

// Of the bits in `mask` exactly those of `value` are set.
scmp_arg_cmp has_bits(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

Result<void> forbid_calls() {
    Filter filter;
    const auto without_exec = has_bits(2, PROT_EXEC, 0);
    filter.allow(SCMP_SYS(read), equals(0, STDIN_FILENO));
    filter.allow(SCMP_SYS(pread64), equals(0, STDIN_FILENO));
    filter.allow(SCMP_SYS(write), equals(0, STDOUT_FILENO));
    filter.allow(SCMP_SYS(write), equals(0, STDERR_FILENO));
    filter.allow(SCMP_SYS(mmap), without_exec, has_bits(3, MAP_ANONYMOUS, MAP_ANONYMOUS));
    filter.allow(SCMP_SYS(mprotect), without_exec);
    for (const int call : {SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise),
                           SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
                           SCMP_SYS(rt_sigreturn), SCMP_SYS(exit), SCMP_SYS(exit_group)})
        filter.allow(call);
    return filter.load();
}

}  // namespace

Result<Confinement> enter_sandbox(const SandboxLimits& limits) {
    // glibc reads the zone file at the first use of a date, and containers carry dates.
    ::tzset();
    if (::close_range(3, UINT_MAX, 0) != 0) return errno_error("close_range");
    if (auto done = set_limits(limits); !done) return done.error();
    if (auto done = give_up_rights(); !done) return done.error();
    if (kIsSanitized) return Confinement::limits_only;
    if (auto done = forbid_calls(); !done) return done.error();
    return Confinement::full;
}

}  // namespace tutti::media
