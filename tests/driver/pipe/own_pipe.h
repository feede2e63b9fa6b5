// SPDX-License-Identifier: Apache-2.0
// A name for a pipe that nobody else uses, for the length of one test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace strata::driver::pipe {

class OwnPipe {
 public:
  OwnPipe() {
    std::string pattern = std::filesystem::temp_directory_path() / "strata-pipe-XXXXXX";
    folder_ = ::mkdtemp(pattern.data()) == nullptr ? "" : pattern;
  }
  ~OwnPipe() { std::filesystem::remove_all(folder_); }
  OwnPipe(const OwnPipe&) = delete;
  OwnPipe& operator=(const OwnPipe&) = delete;

  [[nodiscard]] std::string name() const { return folder_ + "/link"; }

 private:
  std::string folder_;
};

}  // namespace strata::driver::pipe
