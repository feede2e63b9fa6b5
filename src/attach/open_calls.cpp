// SPDX-License-Identifier: Apache-2.0
// Opening the files of /proc/net that tell of the stack: the program gets a text of ours instead.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attach/handlers.h"
#include "attach/proc/net_text.h"

namespace strata::attach {
namespace {

// A path of a program, as far as it can be one of ours. What does not end in time is none.
std::optional<std::string> read_path(const ProgramMemory& memory, std::uint64_t address) {
  constexpr std::uint64_t kPage = 4096;
  std::array<char, client::kNetPathMax + 1> text{};
  std::size_t size = 0;
  // It may end just in front of a page that is not there.
  while (size < text.size()) {
    const std::size_t count =
        std::min<std::size_t>(text.size() - size, kPage - (address + size) % kPage);
    const auto room = std::as_writable_bytes(std::span(text)).subspan(size, count);
    if (memory.read(address + size, room) < 0) return std::nullopt;
    const void* const end = std::memchr(text.data() + size, 0, count);
    if (end != nullptr) return std::string(text.data());
    size += count;
  }
  return std::nullopt;
}

// Where a path begins that does not at the root: in an open folder, or where the program stands.
std::string folder_of(pid_t thread, int number) {
  const std::string process = "/proc/" + std::to_string(thread);
  const std::string link =
      number == AT_FDCWD ? process + "/cwd" : process + "/fd/" + std::to_string(number);
  std::array<char, client::kNetPathMax + 1> folder{};
  const ssize_t size = ::readlink(link.c_str(), folder.data(), folder.size());
  return {folder.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// To be read from its beginning, and by nobody to be written.
Descriptor make_file(const std::string& text) {
  const Descriptor file(::memfd_create("net", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (!file || !write_all(file.get(), text)) return {};
  if (::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return {};
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  return Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

Answer open_net_file(Request& request, client::NetFile which, bool closes_on_exec) {
  Server& server = request.server;
  const std::vector<OpenSocket> sockets = server.open_sockets();
  const Descriptor file = make_file(net_text(which, {server.stack(), sockets, request.now}));
  if (!file) return -ENFILE;
  const Answer number = server.notifications().answer_with(request.call, file.get(),
                                                           {.closes_on_exec = closes_on_exec});
  return number < 0 ? number : kAnswered;
}

bool is_open_call(int number) {
#if defined(__x86_64__)
  if (number == __NR_open) return true;
#endif
  return number == __NR_openat;
}

Operation handle_open(Request& request) {
  const unsigned first = request.call.number == __NR_openat ? 1 : 0;
  const auto path = read_path(request.memory, request.argument(first));
  if (!path || !client::may_be_net_file(*path)) return kPassOn;
  const int where = first == 0 ? AT_FDCWD : request.number;
  const std::string folder =
      path->starts_with('/') ? std::string() : folder_of(request.call.thread, where);
  const auto file = client::net_file_of(*path, folder);
  if (!file) return kPassOn;
  return open_net_file(request, *file, (request.integer(first + 1) & O_CLOEXEC) != 0);
}

}  // namespace strata::attach
