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

Outcome<std::string> read_text_file(const std::string& path, std::size_t most) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return failed(fmt::format("{}: cannot be read", path));
  constexpr std::size_t kPiece = std::size_t{1} << 16U;
  std::string text;
  for (std::size_t got = kPiece; got == kPiece && text.size() <= most;) {
    const std::size_t before = text.size();
    text.resize(before + kPiece);
    got = std::fread(text.data() + before, 1, kPiece, file.get());
    text.resize(before + got);
  }
  if (std::ferror(file.get()) != 0) return failed(fmt::format("{}: cannot be read", path));
  if (text.size() > most) {
    return failed(fmt::format("{}: larger than {} bytes, which no such file is", path, most));
  }
  return text;
}

}  // namespace strata::service
