// SPDX-License-Identifier: Apache-2.0
// HttpFolder: the files below a folder, each opened once a turn however many ask for it.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "driver/descriptor.h"
#include "service/web/http/http_file.h"
#include "strata/executor.h"

// Requests come in batches, and most of a small answer's cost is the file: opening, looking,
// closing. What was found is kept until the next turn and no longer, so that whoever changes a
// file, or puts another folder in the place of this one, is seen by the next request. A large file
// is open once for all whom it is being sent to, for they may take long and be many.

namespace strata::service {

class HttpFolder {
 public:
  // So many files stay open, until the next turn.
  static constexpr std::size_t kKeptMax = 16;
  // So many large ones at a time, however long their answers take; for others the answer is 503.
  static constexpr std::size_t kLargeMax = 64;
  using Found = std::expected<std::shared_ptr<const HttpFile>, unsigned>;

  HttpFolder(Executor& executor, std::string path);
  ~HttpFolder();
  HttpFolder(const HttpFolder&) = delete;
  HttpFolder& operator=(const HttpFolder&) = delete;

  // As HttpFile::open().
  [[nodiscard]] Found open(std::string_view path);

 private:
  struct Kept {
    std::string path;
    std::shared_ptr<const HttpFile> file;
  };
  [[nodiscard]] bool is_open();
  // The one of the same file that is open already, if there is one.
  [[nodiscard]] Found share(std::shared_ptr<const HttpFile> file);
  void forget();

  Executor& executor_;
  std::string path_;
  driver::Descriptor folder_;
  std::vector<Kept> kept_;
  std::vector<std::weak_ptr<const HttpFile>> large_;
  std::shared_ptr<HttpFolder*> alive_;
};

}  // namespace strata::service
