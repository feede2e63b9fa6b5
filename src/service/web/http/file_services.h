// SPDX-License-Identifier: Apache-2.0
// FileServices: files over HTTP and nothing else, for stacks that have no dashboard.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "service/failure.h"
#include "service/stack_options.h"
#include "service/web/http/http_server.h"

namespace strata::service {

// Can files be served from there?
[[nodiscard]] Outcome<void> check_folder(const std::string& folder);

class FileServices {
 public:
  // Those of the services that are http; stack and executor outlive them.
  [[nodiscard]] static Outcome<std::unique_ptr<FileServices>> open(
      Stack& stack, Executor& executor, const std::vector<ServeOptions>& services);
  ~FileServices();
  FileServices(const FileServices&) = delete;
  FileServices& operator=(const FileServices&) = delete;

  [[nodiscard]] std::size_t connections() const { return server_.connections(); }

 private:
  class Folder;

  FileServices(Stack& stack, Executor& executor);
  [[nodiscard]] Outcome<void> add(const ServeOptions& options);

  Executor& executor_;
  HttpServer server_;
};

}  // namespace strata::service
