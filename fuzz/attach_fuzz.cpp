// SPDX-License-Identifier: Apache-2.0
// What a program gives to the calls that are held up for us: netlink requests, control messages,
// addresses, option values, parts and interface requests, of any bytes and lengths. The input is a
// program: opcode (1 byte), length (1 byte), so many bytes, opcode, ...
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "attach/interface_queries.h"
#include "attach/netlink/netlink_file.h"
#include "attach/process/program_address.h"
#include "fuzz/law.h"
#include "socket/posix/datagram_file.h"
#include "socket/posix/packet_file.h"
#include "socket/posix/socket_address.h"
#include "socket/posix/stream_file.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/stack.h"

namespace strata::fuzz {
namespace {

struct Input {
  Bytes left;

  Bytes take(std::size_t count) {
    const Bytes taken = left.first(std::min(count, left.size()));
    left = left.subspan(taken.size());
    return taken;
  }
  unsigned octet() {
    const Bytes taken = take(1);
    return taken.empty() ? 0 : std::to_integer<unsigned>(taken[0]);
  }
};

StackConfig config_of(Memory& memory, PacketPool& pool) {
  StackConfig config;
  config.memory = &memory;
  config.pool = &pool;
  return config;
}

class World {
 public:
  World() {
    files_.push_back(std::make_shared<posix::StreamFile>(stack_, AddressFamily::kIpv4));
    files_.push_back(std::make_shared<posix::StreamFile>(stack_, AddressFamily::kIpv6));
    files_.push_back(posix::DatagramFile::open(stack_, AddressFamily::kIpv4).file);
    files_.push_back(posix::DatagramFile::open(stack_, AddressFamily::kIpv6).file);
    files_.push_back(posix::EchoFile::open(stack_, AddressFamily::kIpv4).file);
    files_.push_back(posix::EchoFile::open(stack_, AddressFamily::kIpv6).file);
    files_.push_back(posix::RawFile::open(stack_, AddressFamily::kIpv4, IPPROTO_RAW).file);
    files_.push_back(posix::RawFile::open(stack_, AddressFamily::kIpv4, IPPROTO_ICMP).file);
    files_.push_back(posix::RawFile::open(stack_, AddressFamily::kIpv6, IPPROTO_ICMPV6).file);
    files_.push_back(std::make_shared<attach::NetlinkFile>(stack_, SOCK_RAW, 1));
    files_.push_back(
        std::make_shared<attach::NetlinkFile>(stack_, SOCK_RAW, 2, [this] { return open(); }));
    for (const posix::FilePtr& file : files_) require(file != nullptr);
  }

  void run(Input& input) {
    while (!input.left.empty()) {
      const unsigned opcode = input.octet();
      posix::File& file = *files_[opcode / 8 % files_.size()];
      // A copy of exactly so many bytes: a step beyond them is seen.
      const Bytes given = input.take(input.octet());
      std::vector<std::byte> bytes(given.begin(), given.end());
      step(opcode % 8, file, bytes);
      now_ += std::chrono::milliseconds(1);
      for (int i = 0; i < 2; ++i) {
        stack_.poll(now_);
        stack_.flush(now_);
      }
    }
  }

 private:
  [[nodiscard]] std::vector<attach::OpenSocket> open() const {
    std::vector<attach::OpenSocket> all;
    all.reserve(files_.size());
    for (const posix::FilePtr& file : files_) all.push_back({.file = file.get()});
    return all;
  }

  void step(unsigned what, posix::File& file, std::vector<std::byte>& bytes) {
    const auto size = static_cast<socklen_t>(bytes.size());
    const auto* const name = reinterpret_cast<const sockaddr*>(bytes.data());
    switch (what) {
      case 0: send(file, bytes, {}, {}); break;
      case 1:
        send(file, Bytes(bytes).subspan(bytes.size() / 2), {},
             Bytes(bytes).first(bytes.size() / 2));
        break;
      case 2:
        send(file, Bytes(bytes).subspan(bytes.size() / 2), Bytes(bytes).first(bytes.size() / 2),
             {});
        break;
      case 3: change(file, bytes); break;
      case 4: receive(file, bytes); break;
      case 5: static_cast<void>(file.bind(name, size, now_)); break;
      case 6: static_cast<void>(file.connect(name, size, now_)); break;
      default: ask(bytes);
    }
  }

  void send(posix::File& file, Bytes data, Bytes name, Bytes control) {
    iovec part{const_cast<std::byte*>(data.data()), data.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = name.empty() ? nullptr : const_cast<std::byte*>(name.data());
    message.msg_namelen = static_cast<socklen_t>(name.size());
    // The kernel aligns what it copies, and so do the handlers.
    std::vector<std::byte> aligned(control.begin(), control.end());
    message.msg_control = aligned.empty() ? nullptr : aligned.data();
    message.msg_controllen = aligned.size();
    const posix::Answer sent = file.send(message, 0, now_);
    require(sent <= static_cast<posix::Answer>(data.size()));
  }

  // Level, name, then the value.
  void change(posix::File& file, Bytes bytes) {
    if (bytes.size() < 2) return;
    const int level = std::to_integer<int>(bytes[0]);
    const int option = std::to_integer<int>(bytes[1]);
    const Bytes value = bytes.subspan(2);
    static_cast<void>(
        file.set_option(level, option, value.data(), static_cast<socklen_t>(value.size()), now_));
    std::vector<std::byte> room(value.size());
    auto size = static_cast<socklen_t>(room.size());
    const posix::Answer told = file.option(level, option, room.data(), &size, now_);
    require(told < 0 || size <= room.size());
  }

  void receive(posix::File& file, Bytes bytes) {
    const std::size_t room = bytes.size() / 2;
    std::vector<std::byte> data(room);
    std::vector<std::byte> control(bytes.size() - room);
    sockaddr_storage name{};
    iovec part{data.data(), data.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = &name;
    message.msg_namelen = sizeof(name);
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const int flags = bytes.empty() ? 0 : std::to_integer<int>(bytes[0]) & (MSG_PEEK | MSG_TRUNC);
    const bool asks_for_errors = bytes.size() > 1 && bytes[1] == std::byte{1};
    const posix::Answer got = file.receive(message, asks_for_errors ? MSG_ERRQUEUE : flags, now_);
    require(got < 0 || message.msg_controllen <= control.size());
  }

  // This process is the program: addresses in its memory are what the bytes say.
  void ask(Bytes bytes) {
    const attach::ProgramMemory memory(::getpid());
    std::array<std::byte, 64> request{};
    std::ranges::copy(bytes.first(std::min(bytes.size(), request.size())), request.begin());
    const auto at = reinterpret_cast<std::uint64_t>(request.data());
    const unsigned number = bytes.empty() ? 0 : std::to_integer<unsigned>(bytes.back());
    const unsigned long what = 0x8900 + number;
    // A list goes where the request says, which here would be anywhere in this process.
    if (attach::is_interface_request(what) && what != SIOCGIFCONF) {
      static_cast<void>(attach::answer_interface_request(stack_, what, memory, at));
    }
    const auto parts = memory.read_parts(at, number % 4);
    require(!parts || parts->size() == number % 4);
    if (parts) static_cast<void>(memory.gather(*parts, 4096));
    const auto address = attach::ProgramAddress::read(memory, at, number);
    require(address.has_value() == (number <= sizeof(sockaddr_storage)) || number > 64);
    if (address) static_cast<void>(address->port());
  }

  HeapMemory memory_;
  PacketPool pool_{memory_, {.small_buffers = 64, .large_buffers = 2, .extra_descriptors = 64}};
  Stack stack_ = *Stack::create(config_of(memory_, pool_));
  std::vector<posix::FilePtr> files_;
  Time now_{std::chrono::seconds(1)};
};

}  // namespace
}  // namespace strata::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using strata::fuzz::Input;
  Input input{strata::fuzz::as_input(data, size)};
  const auto world = std::make_unique<strata::fuzz::World>();
  world->run(input);
  return 0;
}
