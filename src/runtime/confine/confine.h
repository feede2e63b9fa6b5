// SPDX-License-Identifier: Apache-2.0
// confine(): from here on this process can do what it still has to, and nothing else.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

//   no new privileges ─> Landlock: folders ─> user and capabilities ─> seccomp: system calls
//
// 1. It is called once, when devices, sockets and files are open and before the first thread:
//    threads inherit all of it. Nothing undoes it.
// 2. Each layer holds alone. A kernel without Landlock leaves the others, and the state says so.
// 3. A call that is refused answers EPERM, and the kernel's audit log names it. One by another
//    architecture's numbers ends the process: nothing of ours makes it.

namespace strata::runtime {

// What a process still needs once it is confined. Everything that is open stays usable.
struct Needs {
  std::vector<std::string> reads{};   // folders whose files are opened later
  std::vector<std::string> writes{};  // folders in which files are made, replaced and removed
  // Files that are read again when somebody asks. They stay open to this process as far as its user
  // may read them; they do not decide on the user.
  std::vector<std::string> rereads{};
  bool host_sockets = false;   // sockets of the internet families, to anybody
  bool local_sockets = false;  // sockets of AF_UNIX
  bool taps = false;           // TAP devices are opened
};

struct ConfineOptions {
  bool is_wanted = true;
  std::string user{};  // empty: the one that started, or instead of root `kDefaultUser`
};
inline constexpr std::string_view kDefaultUser = "nobody";

struct ConfineFailure {
  std::string text;
  std::string hint;
};

// What the kernel says of this process.
struct Privileges {
  std::uint32_t user = 0;
  std::uint64_t capabilities = 0;  // effective
  bool has_no_new_privileges = false;
  bool is_filtered = false;  // by seccomp
};
// From the text of /proc/PID/status; nothing when it does not say all of it.
[[nodiscard]] std::optional<Privileges> parse_privileges(std::string_view status);

// Asked again and again, though nothing can be opened any more.
class Confinement {
 public:
  Confinement(int status, int landlock, std::string why_still_root);
  ~Confinement();
  Confinement(Confinement&& other) noexcept;
  Confinement& operator=(Confinement&&) = delete;

  // None where /proc is not there.
  [[nodiscard]] std::optional<Privileges> privileges() const;
  // The version of Landlock's interface that is in force; 0: this kernel has none.
  [[nodiscard]] int landlock() const { return landlock_; }
  // Root, without its capabilities: what could not be reached as anybody else. Empty otherwise.
  [[nodiscard]] const std::string& why_still_root() const { return why_still_root_; }

 private:
  int status_;
  int landlock_;
  std::string why_still_root_;
};

// Those of the files that this process may not read as things stand, by its user or by Landlock.
[[nodiscard]] std::vector<std::string> closed_among(const std::vector<std::string>& files);

[[nodiscard]] std::expected<Confinement, ConfineFailure> confine(const Needs& needs,
                                                                 const ConfineOptions& options);

}  // namespace strata::runtime
