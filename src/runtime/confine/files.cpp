// SPDX-License-Identifier: Apache-2.0
#include "runtime/confine/files.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace strata::runtime {
namespace {

// As far as this file knows the interface; what a kernel lacks of it is left out. Headers are older
// than kernels, so that the later numbers stand here.
constexpr std::uint64_t kTruncate = 1U << 14U;       // version 3
constexpr std::uint64_t kControlDevice = 1U << 15U;  // version 5
constexpr std::uint64_t kAllOfVersion1 = (1U << 13U) - 1;
constexpr std::uint64_t kTcp = 3;                        // version 4: bind and connect
constexpr std::uint64_t kAbstractSocketsAndSignals = 3;  // version 6

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kChange = kRead | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                  kTruncate;
constexpr std::uint64_t kUse =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kControlDevice;
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                   LANDLOCK_ACCESS_FS_READ_FILE | kTruncate | kControlDevice;

// The kernel takes a longer one than it knows as long as the rest is zero.
struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scopes = 0;
};

std::uint64_t files_of(int version) {
  std::uint64_t all = kAllOfVersion1;
  if (version >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) all |= kTruncate;
  if (version >= 5) all |= kControlDevice;
  return all;
}

std::uint64_t rights_of(FileRule::May may) {
  switch (may) {
    case FileRule::May::kRead: return kRead;
    case FileRule::May::kChange: return kChange;
    case FileRule::May::kUse: return kUse;
  }
  return 0;
}

// The root, what lies directly in it as /etc and /root, and what people call their home. A rule
// for a folder is one for all below it.
bool is_broad(const std::filesystem::path& folder) {
  return std::distance(folder.begin(), folder.end()) <= 2 || folder.parent_path() == "/home";
}

int add_rule(int ruleset, const FileRule& rule, std::uint64_t known) {
  const int path = ::open(rule.path.c_str(), O_PATH | O_CLOEXEC);
  if (path < 0) return errno;
  struct stat state{};
  std::uint64_t rights = rights_of(rule.may) & known;
  if (::fstat(path, &state) == 0 && !S_ISDIR(state.st_mode)) rights &= kOfFiles;
  landlock_path_beneath_attr beneath{};
  beneath.allowed_access = rights;
  beneath.parent_fd = path;
  const long added =
      ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
  const int error = added == 0 ? 0 : errno;
  ::close(path);
  return error;
}

}  // namespace

std::vector<FileRule> rules_to_read_again(const std::string& file) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path target = fs::canonical(file, error);
  if (error || !fs::is_regular_file(target, error)) return {};
  const fs::path near = fs::canonical(fs::absolute(file, error).parent_path(), error);
  if (error) return {};
  std::vector<FileRule> rules;
  for (const fs::path& folder : {near, target.parent_path()}) {
    const fs::path path = is_broad(folder) ? target : folder;
    if (std::ranges::find(rules, path.string(), &FileRule::path) != rules.end()) continue;
    rules.push_back({path.string(), FileRule::May::kRead});
  }
  return rules;
}

int landlock_version() {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? static_cast<int>(version) : 0;
}

FilesConfined confine_files(const std::vector<FileRule>& rules, bool closes_tcp) {
  const int version = landlock_version();
  if (version == 0) return {};
  Ruleset wanted{.files = files_of(version)};
  if (version >= 4 && closes_tcp) wanted.network = kTcp;
  if (version >= 6) wanted.scopes = kAbstractSocketsAndSignals;
  const int ruleset =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &wanted, sizeof(wanted), 0));
  if (ruleset < 0) return {.error = errno};
  FilesConfined done{.version = version};
  for (const FileRule& rule : rules) {
    done.error = add_rule(ruleset, rule, wanted.files);
    if (done.error == 0) continue;
    done.path = rule.path;
    break;
  }
  if (done.error == 0 && ::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
    done.error = errno;
  }
  ::close(ruleset);
  return done;
}

}  // namespace strata::runtime
