// SPDX-License-Identifier: Apache-2.0
// What packetdrill does with libstrata_packetdrill.so, for packetdrill_test.py: loads it as
// packetdrill does and drives one connection through it, with a call that blocks.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "strata/bytes.h"

namespace {

using strata::store_big_endian;

// The table as packetdrill's authors know it: 33 pointers, of which these are used here.
enum Slot : std::size_t {
  kUserdata,
  kFree,
  kSocket,
  kBind,
  kListen,
  kAccept,
  kConnect,
  kRead,
  kWrite = 12,
  kFcntl = 17,
  kClose = 19,
  kPoll = 23,
  kSend = 24,
  kReceive = 25,
  kSleep = 26,
  kTime = 27,
  kPipe = 31,
  kSlots = 33,
};

std::array<void*, kSlots> table{};
unsigned failed = 0;

void check(const char* what, bool holds) {
  std::printf("%s %s\n", holds ? "ok" : "not ok", what);
  failed += holds ? 0 : 1;
}

template <typename Result, typename... Arguments>
Result call(Slot slot, Arguments... arguments) {
  using Function = Result (*)(void*, Arguments...);
  return reinterpret_cast<Function>(table[slot])(table[kUserdata], arguments...);
}

std::int64_t now_usecs() {
  timeval time{};
  call<int>(kTime, &time, static_cast<void*>(nullptr));
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

std::uint32_t sum(const std::byte* bytes, std::size_t size, std::uint32_t start) {
  for (std::size_t i = 0; i < size; i += 2) {
    start += std::to_integer<std::uint32_t>(bytes[i]) << 8U;
    if (i + 1 < size) start += std::to_integer<std::uint32_t>(bytes[i + 1]);
  }
  return start;
}

std::uint16_t folded(std::uint32_t total) {
  while (total >> 16U != 0) total = (total & 0xffffU) + (total >> 16U);
  return static_cast<std::uint16_t>(~total);
}

constexpr std::uint32_t kLocal = 0xc0a8'0001;   // 192.168.0.1
constexpr std::uint32_t kRemote = 0xc000'0201;  // 192.0.2.1
constexpr std::uint8_t kSyn = 2, kPsh = 8, kAck = 16;

void inject(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack, const char* text = "") {
  std::vector<std::byte> packet(40 + std::strlen(text));
  std::byte* const ip = packet.data();
  std::byte* const tcp = ip + 20;
  store_big_endian(ip, std::uint16_t{0x4500});
  store_big_endian(ip + 2, static_cast<std::uint16_t>(packet.size()));
  store_big_endian(ip + 8, std::uint16_t{0x4006});
  store_big_endian(ip + 12, kRemote);
  store_big_endian(ip + 16, kLocal);
  store_big_endian(ip + 10, folded(sum(ip, 20, 0)));
  store_big_endian(tcp, std::uint16_t{40000});
  store_big_endian(tcp + 2, std::uint16_t{8080});
  store_big_endian(tcp + 4, seq);
  store_big_endian(tcp + 8, ack);
  store_big_endian(tcp + 12, static_cast<std::uint16_t>(0x5000U | flags));
  store_big_endian(tcp + 14, std::uint16_t{30000});
  std::memcpy(tcp + 20, text, std::strlen(text));
  const auto size = static_cast<std::uint32_t>(packet.size() - 20);
  store_big_endian(tcp + 16, folded(sum(tcp, size, sum(ip + 12, 8, 6 + size))));
  const void* const bytes = packet.data();
  call<int>(kSend, bytes, packet.size());
}

struct Segment {
  bool has_come = false;
  std::uint8_t flags = 0;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::size_t text = 0;
  long long at = 0;
};

Segment next_segment() {
  std::array<std::byte, 4096> buffer{};
  std::size_t size = buffer.size();
  Segment segment;
  const int answer = call<int>(kReceive, static_cast<void*>(buffer.data()), &size, &segment.at);
  if (answer != 0 || size < 40) return segment;
  const std::byte* const tcp = buffer.data() + 20;
  segment.has_come = true;
  segment.seq = strata::load_big_endian<std::uint32_t>(tcp + 4);
  segment.ack = strata::load_big_endian<std::uint32_t>(tcp + 8);
  segment.flags = std::to_integer<std::uint8_t>(tcp[13]);
  segment.text = size - 20 - std::to_integer<std::size_t>(tcp[12] >> 4U) * 4;
  return segment;
}

int listener() {
  const int fd = call<int>(kSocket, AF_INET, SOCK_STREAM, IPPROTO_TCP);
  check("a socket is a descriptor of the kernel, too", fcntl(fd, F_GETFD) >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(8080);
  address.sin_addr.s_addr = htonl(kLocal);
  const auto* const plain = reinterpret_cast<const sockaddr*>(&address);
  check("bind", call<int>(kBind, fd, plain, static_cast<socklen_t>(sizeof(address))) == 0);
  check("listen", call<int>(kListen, fd, 1) == 0);
  return fd;
}

// Answers the connection's descriptor, and its next number to `next`.
int open(int listening, std::uint32_t& next) {
  inject(kSyn, 1000, 0);
  const Segment answer = next_segment();
  check("a SYN is answered", answer.has_come && answer.flags == (kSyn | kAck));
  check("with its number", answer.ack == 1001);
  next = answer.seq + 1;
  inject(kAck, 1001, next);
  const int fd = call<int>(kAccept, listening, static_cast<sockaddr*>(nullptr),
                           static_cast<socklen_t*>(nullptr));
  check("accept", fd >= 0 && fd != listening);
  return fd;
}

// The call that waits runs on a second thread, as packetdrill does it.
void read_blocking(int fd, std::uint32_t next) {
  std::atomic<ssize_t> got = -2;
  std::atomic<std::int64_t> returned = 0;
  char buffer[16] = {};
  std::thread reader([&] {
    got = call<ssize_t>(kRead, fd, static_cast<void*>(buffer), sizeof(buffer));
    returned = now_usecs();
  });
  const std::int64_t begun = now_usecs();
  call<int>(kSleep, useconds_t{100'000});
  check("a read without text waits", got == -2);
  inject(kAck | kPsh, 1001, next, "hello");
  const std::int64_t injected = now_usecs();
  reader.join();
  check("and returns with what comes", got == 5 && std::memcmp(buffer, "hello", 5) == 0);
  check("time has moved by what was slept", injected - begun >= 100'000);
  check("and no further until the call was back",
        returned >= begun + 100'000 && returned <= injected + 10);
  const Segment ack = next_segment();
  check("the text is acknowledged", ack.has_come && ack.ack == 1006);
}

void wait_in_vain(int fd) {
  pollfd wanted{fd, POLLIN, 0};
  const std::int64_t begun = now_usecs();
  const int ready = call<int>(kPoll, &wanted, nfds_t{1}, 50);
  const std::int64_t took = now_usecs() - begun;
  check("poll ends in time", ready == 0 && took >= 50'000 && took < 51'000);
}

void write_and_retransmit(int fd) {
  const char text[] = "world";
  const ssize_t wrote = call<ssize_t>(kWrite, fd, static_cast<const void*>(text), std::size_t{5});
  const Segment first = next_segment();
  const Segment again = next_segment();
  check("what is written leaves", wrote == 5 && first.has_come && first.text == 5);
  check("and again when nobody answers", again.has_come && again.seq == first.seq);
  check("after a while of our clock", again.at - first.at >= 200'000);
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  void* const library = dlopen(words[1], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | RTLD_DEEPBIND);
  check("the library can be loaded", library != nullptr);
  if (library == nullptr) return std::fprintf(stderr, "%s\n", dlerror()), 1;
  using Init = void (*)(const char*, void*);
  const auto init = reinterpret_cast<Init>(dlsym(library, "packetdrill_interface_init"));
  check("it has the entry that packetdrill calls", init != nullptr);
  if (init == nullptr) return 1;
  init("--local_ip=192.168.0.1 --follow_host=0", static_cast<void*>(table.data()));
  unsigned filled = 0;
  for (const void* pointer : table) filled += pointer != nullptr ? 1 : 0;
  check("the table is full", filled == kSlots);
  errno = 0;
  check("what is no descriptor is refused", call<int>(kListen, 999, 1) == -1 && errno == EBADF);
  std::uint32_t next = 0;
  const int listening = listener();
  const int fd = open(listening, next);
  read_blocking(fd, next);
  wait_in_vain(fd);
  write_and_retransmit(fd);
  check("close", call<int>(kClose, fd) == 0);
  check("what is left open the kernel closes", ::close(listening) == 0);
  call<void>(kFree);
  return failed == 0 ? 0 : 1;
}
