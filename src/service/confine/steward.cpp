// SPDX-License-Identifier: Apache-2.0
#include "service/confine/steward.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "driver/tap.h"
#include "runtime/confine/confine.h"
#include "service/confine/confined.h"
#include "strata/devices.h"

namespace strata::service {
namespace {

using driver::Descriptor;

enum class Wish : char { kOpen = 'o', kRemove = 'r' };

// Both ends are one program, and so agree on its layout.
struct Reply {
  bool is_done = false;
  DeviceCapabilities capabilities{};
  unsigned index = 0;
  std::array<char, 16> name{};
  std::array<char, 512> text{};
  std::array<char, 512> hint{};
};
static_assert(std::is_trivially_copyable_v<Reply>);

// A queue of the device, and the socket by which its interface is asked.
constexpr std::size_t kDescriptors = 2;
using Room = std::array<char, CMSG_SPACE(kDescriptors * sizeof(int))>;

template <std::size_t kSize>
void put(std::array<char, kSize>& to, const std::string& text) {
  const std::size_t count = std::min(text.size(), kSize - 1);
  std::copy_n(text.data(), count, to.data());
}

Reply refusal(const std::string& text, const std::string& hint = {}) {
  Reply reply;
  put(reply.text, text);
  put(reply.hint, hint);
  return reply;
}

bool send_reply(int channel, Reply reply, const std::array<int, kDescriptors>* descriptors) {
  iovec bytes{&reply, sizeof(reply)};
  alignas(cmsghdr) Room room{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  if (descriptors != nullptr) {
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(*descriptors));
    std::memcpy(CMSG_DATA(rights), descriptors->data(), sizeof(*descriptors));
  }
  return ::sendmsg(channel, &message, MSG_NOSIGNAL) == sizeof(reply);
}

// ---- the steward's side ----

std::optional<Reply> find_fault(const std::string& text) {
  const auto spec = DeviceSpec::parse(text);
  if (!spec) return refusal(spec.error().text, spec.error().hint);
  if (spec->kind != "tap" && spec->kind != "tun") return refusal(text + ": is no TAP device");
  if (spec->find("netns") != nullptr) {
    return refusal(text + ": a confined stack takes devices of its own network only",
                   "leave netns= out, or start the stack with --no-confine");
  }
  const std::string* const queues = spec->find("queues");
  if (queues != nullptr && *queues != "1") return refusal(text + ": one queue is all it can have");
  return std::nullopt;
}

bool open_for(int channel, const std::string& text) {
  if (const auto fault = find_fault(text)) return send_reply(channel, *fault, nullptr);
  const auto device = open_device(text);
  if (!device) {
    return send_reply(channel, refusal(device.error().text, device.error().hint), nullptr);
  }
  // What the kind says.
  const auto& tap = static_cast<const driver::Tap&>(**device);
  Reply reply;
  reply.is_done = true;
  reply.capabilities = tap.capabilities();
  reply.index = tap.link().index();
  put(reply.name, tap.link().name());
  const std::array<int, kDescriptors> descriptors{tap.descriptor(), tap.link().socket()};
  return send_reply(channel, reply, &descriptors);
}

bool answer(int channel, const std::string& file) {
  std::array<char, Steward::kSpecBytesMax + 1> wish;
  ssize_t count = 0;
  do {
    count = ::recv(channel, wish.data(), wish.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count <= 0) return false;
  if (wish[0] == static_cast<char>(Wish::kOpen)) {
    return open_for(channel, std::string(wish.data() + 1, static_cast<std::size_t>(count) - 1));
  }
  Reply done;
  done.is_done = !file.empty() && ::unlink(file.c_str()) == 0;
  return send_reply(channel, done, nullptr);
}

// Keeps the channel alone: a TAP device lives as long as somebody holds it.
int leave_all_but(int channel) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2}) {
    ::signal(signal, SIG_IGN);
  }
  constexpr int kKept = 3;
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int high = ::fcntl(channel, F_DUPFD_CLOEXEC, 64);
  for (int standard = 0; nothing >= 0 && standard < kKept; ++standard) ::dup2(nothing, standard);
  ::dup2(high, kKept);
  ::syscall(SYS_close_range, kKept + 1, ~0U, 0);
  return kKept;
}

[[noreturn]] void serve(int inherited, const std::string& file) {
  const int channel = leave_all_but(inherited);
  ::prctl(PR_SET_NAME, "strata-steward");
  runtime::Needs needs{.reads = {}, .writes = {}, .taps = true};
  if (!file.empty()) needs.writes.push_back(folder_of(file));
  if (const auto confined = runtime::confine(needs, {}); !confined) {
    send_reply(channel, refusal(confined.error().text, confined.error().hint), nullptr);
    ::_exit(1);
  }
  Reply ready;
  ready.is_done = true;
  bool goes_on = send_reply(channel, ready, nullptr);
  while (goes_on) goes_on = answer(channel, file);
  ::_exit(0);
}

// ---- the other side ----

struct Received {
  Reply reply;
  std::array<Descriptor, kDescriptors> descriptors;
};

void take_descriptors(msghdr& message, std::array<Descriptor, kDescriptors>& into) {
  const cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS) return;
  std::array<int, kDescriptors> numbers{-1, -1};
  const std::size_t bytes = std::min<std::size_t>(rights->cmsg_len - CMSG_LEN(0), sizeof(numbers));
  std::memcpy(numbers.data(), CMSG_DATA(rights), bytes);
  for (std::size_t i = 0; i < kDescriptors; ++i) into[i] = Descriptor(numbers[i]);
}

Outcome<Received> receive_reply(int channel) {
  Received received;
  iovec bytes{&received.reply, sizeof(Reply)};
  alignas(cmsghdr) Room room{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  ssize_t count = 0;
  do {
    count = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count != sizeof(Reply)) return failed("the steward of this stack does not answer any more");
  take_descriptors(message, received.descriptors);
  if (received.reply.is_done) return received;
  return failed(received.reply.text.data(), received.reply.hint.data());
}

bool ask(int channel, Wish wish, const std::string& text = {}) {
  const std::string bytes = static_cast<char>(wish) + text;
  return ::send(channel, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

}  // namespace

Outcome<std::unique_ptr<Steward>> Steward::start(const std::string& file) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return failed(fmt::format("no channel to a steward: {}", std::strerror(errno)));
  }
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  // What waits in buffers would be written twice.
  std::fflush(nullptr);
  const pid_t process = ::fork();
  if (process < 0) return failed(fmt::format("no steward: {}", std::strerror(errno)));
  if (process == 0) serve(theirs.get(), file);
  theirs.reset();
  // A stack that waits for a device stands still: not for ever.
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  static_cast<void>(::setsockopt(ours.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
  std::unique_ptr<Steward> steward(new Steward(std::move(ours), process));
  if (auto ready = receive_reply(steward->channel_.get()); !ready) {
    return std::unexpected(std::move(ready).error());
  }
  return steward;
}

Steward::~Steward() {
  channel_.reset();
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) continue;
}

Outcome<std::unique_ptr<Device>> Steward::open(const std::string& spec) {
  if (spec.size() > kSpecBytesMax) return failed("the name of this device is too long");
  if (!ask(channel_.get(), Wish::kOpen, spec)) return failed("the steward of this stack has gone");
  auto received = receive_reply(channel_.get());
  if (!received) return std::unexpected(std::move(received).error());
  auto& [queue, socket] = received->descriptors;
  if (!queue || !socket) return failed(spec + ": no descriptors are left");
  auto link =
      driver::HostLink::adopt(received->reply.name.data(), socket.release(), received->reply.index);
  return std::make_unique<driver::Tap>(queue.release(), std::move(link),
                                       received->reply.capabilities);
}

void Steward::remove_file() {
  if (ask(channel_.get(), Wish::kRemove)) static_cast<void>(receive_reply(channel_.get()));
}

}  // namespace strata::service
