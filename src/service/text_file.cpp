// SPDX-License-Identifier: Apache-2.0
#include "service/text_file.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

namespace strata::service {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

Outcome<std::string> read_text_file(const std::string& path) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return failed(fmt::format("{}: cannot be read", path));
  std::string text(kTextFileMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return failed(fmt::format("{}: cannot be read", path));
  if (text.size() > kTextFileMax) {
    return failed(
        fmt::format("{}: larger than {} bytes, which no such file is", path, kTextFileMax));
  }
  return text;
}

}  // namespace strata::service
