// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/file_services.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace strata::service {

Outcome<void> check_folder(const std::string& folder) {
  struct stat state{};
  if (::stat(folder.c_str(), &state) != 0) {
    return failed(fmt::format("http={}: {}", folder, std::strerror(errno)));
  }
  if (!S_ISDIR(state.st_mode)) return failed(fmt::format("http={}: not a folder", folder));
  if (::access(folder.c_str(), R_OK | X_OK) != 0) {
    return failed(fmt::format("http={}: {}", folder, std::strerror(errno)));
  }
  return {};
}

class FileServices::Folder final : public HttpSite {
 public:
  Folder(Executor& executor, std::string path) : folder_(executor, std::move(path)) {}
  std::optional<HttpAnswer> answer(const HttpRequest& request, const HttpPeer& /*peer*/,
                                   const HttpLater& /*later*/) override {
    return file_answer(request, folder_);
  }
  // Nobody was told to upgrade.
  std::unique_ptr<HttpGuest> welcome(const HttpRequest& /*request*/,
                                     std::unique_ptr<Transport> /*transport*/,
                                     std::string /*early*/, const HttpLater& /*later*/) override {
    return nullptr;
  }

 private:
  HttpFolder folder_;
};

FileServices::FileServices(Stack& stack, Executor& executor)
    : executor_(executor), server_(stack, executor) {}
FileServices::~FileServices() = default;

Outcome<std::unique_ptr<FileServices>> FileServices::open(
    Stack& stack, Executor& executor, const std::vector<ServeOptions>& services) {
  std::unique_ptr<FileServices> made(new FileServices(stack, executor));
  for (const ServeOptions& options : services) {
    if (options.service != Service::kHttp) continue;
    if (auto added = made->add(options); !added) return std::unexpected(std::move(added).error());
  }
  return made;
}

Outcome<void> FileServices::add(const ServeOptions& options) {
  if (auto usable = check_folder(options.folder); !usable) return usable;
  return server_.listen(options.port, std::make_shared<Folder>(executor_, options.folder));
}

}  // namespace strata::service
