// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_folder.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace strata::service {

HttpFolder::HttpFolder(Executor& executor, std::string path)
    : executor_(executor), path_(std::move(path)), alive_(std::make_shared<HttpFolder*>(this)) {}

HttpFolder::~HttpFolder() { *alive_ = nullptr; }

HttpFolder::Found HttpFolder::open(std::string_view path) {
  const auto kept = std::ranges::find(kept_, path, &Kept::path);
  if (kept != kept_.end()) return kept->file;
  if (!is_open()) return std::unexpected(http_status_of(errno));
  auto opened = HttpFile::open(folder_.get(), path);
  if (!opened) return std::unexpected(opened.error());
  auto file = share(std::make_shared<const HttpFile>(*std::move(opened)));
  if (file && kept_.size() < kKeptMax) kept_.push_back({std::string(path), *file});
  return file;
}

HttpFolder::Found HttpFolder::share(std::shared_ptr<const HttpFile> file) {
  if (!file->is_open()) return file;
  std::erase_if(large_, [](const auto& one) { return one.expired(); });
  for (const auto& one : large_) {
    auto known = one.lock();
    if (known != nullptr && known->is_same(*file)) return known;
  }
  if (large_.size() == kLargeMax) return std::unexpected(503U);
  large_.push_back(file);
  return file;
}

bool HttpFolder::is_open() {
  if (folder_) return true;
  folder_ = driver::Descriptor(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) return false;
  executor_.post([alive = alive_] {
    if (*alive != nullptr) (*alive)->forget();
  });
  return true;
}

void HttpFolder::forget() {
  folder_.reset();
  kept_.clear();
}

}  // namespace strata::service
