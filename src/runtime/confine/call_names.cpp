// SPDX-License-Identifier: Apache-2.0
#include "runtime/confine/call_names.h"

#include <sys/syscall.h>

namespace strata::runtime {
namespace {

constexpr std::uint32_t kAtWork[] = {
    // What every packet, turn and client costs: the first are found first.
    __NR_read, __NR_write, __NR_readv, __NR_writev, __NR_recvmsg, __NR_sendmsg, __NR_recvfrom,
    __NR_sendto, __NR_epoll_pwait, __NR_clock_gettime, __NR_futex,
#ifdef __NR_epoll_pwait2
    __NR_epoll_pwait2,
#endif
#ifdef __NR_epoll_wait
    __NR_epoll_wait,
#endif
#ifdef __NR_recvmmsg
    __NR_recvmmsg,
#endif
    __NR_sendmmsg, __NR_epoll_ctl, __NR_epoll_create1, __NR_eventfd2, __NR_ppoll, __NR_pselect6,
#ifdef __NR_poll
    __NR_poll,
#endif
#ifdef __NR_select
    __NR_select,
#endif
    __NR_timerfd_create, __NR_timerfd_settime, __NR_timerfd_gettime,
    // Sockets that are there.
    __NR_getsockopt, __NR_setsockopt, __NR_getsockname, __NR_getpeername, __NR_shutdown,
#ifdef __NR_accept
    __NR_accept,
#endif
    __NR_accept4,
    // Descriptors that are there, and memory that looks like a file.
    __NR_close, __NR_fcntl, __NR_dup, __NR_dup3, __NR_lseek, __NR_pread64, __NR_pwrite64,
    __NR_preadv, __NR_pwritev, __NR_fstat, __NR_ftruncate, __NR_fsync, __NR_fdatasync,
    __NR_memfd_create,
#ifdef __NR_dup2
    __NR_dup2,
#endif
    // The C library takes the time zone's file for changed where it may not look; nothing is read.
    __NR_newfstatat,
    // Memory. What makes it executable is looked at.
    __NR_brk, __NR_munmap, __NR_mremap, __NR_madvise,
    // Time, chance and what this process is.
    __NR_clock_getres, __NR_clock_nanosleep, __NR_nanosleep, __NR_gettimeofday, __NR_getrandom,
    __NR_getpid, __NR_getppid, __NR_gettid, __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid,
    __NR_getrusage, __NR_times, __NR_uname, __NR_sysinfo, __NR_getcpu,
#ifdef __NR_time
    __NR_time,
#endif
#ifdef __NR_getrlimit
    __NR_getrlimit,
#endif
    // Threads and signals of its own; the end, its children's included.
    __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_rt_sigtimedwait,
    __NR_sigaltstack, __NR_set_robust_list, __NR_set_tid_address, __NR_sched_yield,
    __NR_sched_getaffinity, __NR_sched_setaffinity, __NR_restart_syscall, __NR_wait4, __NR_waitid,
#ifdef __NR_rseq
    __NR_rseq,
#endif
#ifdef __NR_membarrier
    __NR_membarrier,
#endif
    __NR_exit, __NR_exit_group};

constexpr std::uint32_t kOnFiles[] = {
#ifdef __NR_open
    __NR_open,
#endif
#ifdef __NR_access
    __NR_access,
#endif
#ifdef __NR_stat
    __NR_stat,       __NR_lstat,
#endif
#ifdef __NR_readlink
    __NR_readlink,
#endif
    __NR_openat,     __NR_openat2, __NR_faccessat, __NR_faccessat2,
    __NR_readlinkat, __NR_statx,   __NR_getdents64};

constexpr std::uint32_t kThatChangeFiles[] = {
#ifdef __NR_unlink
    __NR_unlink,
#endif
#ifdef __NR_rename
    __NR_rename,
#endif
#ifdef __NR_renameat
    __NR_renameat,
#endif
    __NR_renameat2, __NR_unlinkat};

}  // namespace

std::span<const std::uint32_t> calls_at_work() { return kAtWork; }
std::span<const std::uint32_t> calls_on_files() { return kOnFiles; }
std::span<const std::uint32_t> calls_that_change_files() { return kThatChangeFiles; }

}  // namespace strata::runtime
