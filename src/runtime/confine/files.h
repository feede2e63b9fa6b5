// SPDX-License-Identifier: Apache-2.0
// Landlock: folders that stay open to this process, and all others closed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace strata::runtime {

struct FileRule {
  enum class May : std::uint8_t {
    kRead,
    kChange,  // read, and make, replace and remove files
    kUse,     // a device: read, write and control
  };
  std::string path;
  May may = May::kRead;
};

// What it takes to read this file again later, though another has taken its place: its folder, and
// that of the file it leads to. In a broad folder, which holds much else, that file alone: another
// one in its place stays closed. None for what is no file, as a pipe: nobody reads it twice.
[[nodiscard]] std::vector<FileRule> rules_to_read_again(const std::string& file);

// The version of the kernel's interface; 0: it has none, or it is switched off.
[[nodiscard]] int landlock_version();

struct FilesConfined {
  int version = 0;     // in force; 0: nothing is
  int error = 0;       // an errno: what is there could not be used
  std::string path{};  // the one that could not be opened
};

// Files that are open stay so. For this thread and those it makes; nothing new may be privileged
// already. With `closes_tcp` no socket of the kernel's TCP can be bound or connected either, where
// the kernel knows how (version 4).
[[nodiscard]] FilesConfined confine_files(const std::vector<FileRule>& rules, bool closes_tcp);

}  // namespace strata::runtime
