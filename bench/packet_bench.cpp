// SPDX-License-Identifier: Apache-2.0
// Claims: packet: takes short frames as fast as a ring of blocks, and a lone one without waiting
// for a block to be full.
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/round_trips.h"
#include "bench/harness/timing.h"
#include "bench/peers/network_namespace.h"
#include "strata/check.h"
#include "strata/devices.h"
#include "strata/memory.h"

namespace strata::bench {
namespace {

constexpr std::size_t kFrameBytes = 64;
constexpr std::size_t kBurst = 1024;
constexpr std::size_t kBatch = 64;
constexpr std::size_t kBlockBytes = 64U << 10U;
constexpr std::size_t kBlockCount = 64;
constexpr std::uint16_t kExperiment = 0x88b5;  // IEEE 802 9.2.4

int packet_socket(const char* interface, std::uint16_t protocol) {
  const int made = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  STRATA_CHECK(made >= 0);
  const int bytes = 8 << 20;
  ::setsockopt(made, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol);
  address.sll_ifindex = static_cast<int>(::if_nametoindex(interface));
  STRATA_CHECK(::bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  return made;
}

// One way of taking frames off an interface.
class Receiver {
 public:
  virtual ~Receiver() = default;
  // Takes some of what has come; how many frames.
  virtual std::size_t receive() = 0;
};

class OurReceiver final : public Receiver {
 public:
  explicit OurReceiver(const char* spec) : pool_(memory_, {.external_buffers = 4096}) {
    auto device = open_device(spec);
    STRATA_CHECK(device.has_value());
    device_ = *std::move(device);
  }
  std::size_t receive() override {
    PacketBatch batch;
    device_->receive(pool_, batch);
    return batch.size();
  }

 private:
  HeapMemory memory_;
  PacketPool pool_;
  std::unique_ptr<Device> device_;
};

// Without a ring: one system call takes 64 frames, each copied once.
class CallReceiver final : public Receiver {
 public:
  explicit CallReceiver(const char* interface) : socket_(packet_socket(interface, ETH_P_ALL)) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      slices_[i] = {buffers_[i].data(), buffers_[i].size()};
      messages_[i].msg_hdr.msg_iov = &slices_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  ~CallReceiver() override { ::close(socket_); }
  std::size_t receive() override {
    const int count = ::recvmmsg(socket_, messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
    return count < 0 ? 0 : static_cast<std::size_t>(count);
  }

 private:
  int socket_;
  std::array<std::array<std::byte, 2048>, kBatch> buffers_;
  std::array<iovec, kBatch> slices_;
  std::array<mmsghdr, kBatch> messages_{};
};

// TPACKET_V3: the kernel hands over blocks, when they are full or a millisecond old.
class BlockReceiver final : public Receiver {
 public:
  explicit BlockReceiver(const char* interface)
      : socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    const int version = TPACKET_V3;
    STRATA_CHECK(::setsockopt(socket_, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) == 0);
    tpacket_req3 request{};
    request.tp_block_size = kBlockBytes;
    request.tp_block_nr = kBlockCount;
    request.tp_frame_size = 2048;
    request.tp_frame_nr = kBlockBytes / 2048 * kBlockCount;
    request.tp_retire_blk_tov = 1;
    STRATA_CHECK(::setsockopt(socket_, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) == 0);
    memory_ = static_cast<std::byte*>(
        ::mmap(nullptr, kBlockBytes * kBlockCount, PROT_READ | PROT_WRITE, MAP_SHARED, socket_, 0));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(::if_nametoindex(interface));
    STRATA_CHECK(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
                 0);
  }
  ~BlockReceiver() override {
    ::munmap(memory_, kBlockBytes * kBlockCount);
    ::close(socket_);
  }
  std::size_t receive() override {
    std::byte* bytes = memory_ + next_ * kBlockBytes;
    auto& block = reinterpret_cast<tpacket_block_desc*>(bytes)->hdr.bh1;
    const std::atomic_ref status(block.block_status);
    if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) return 0;
    const std::size_t count = block.num_pkts;
    std::size_t at = block.offset_to_first_pkt;
    for (std::size_t i = 0; i < count; ++i) {
      tpacket3_hdr header;
      std::memcpy(&header, bytes + at, sizeof(header));
      // As a stack needs it: in a buffer of its own.
      std::memcpy(buffers_[i % kBatch].data(), bytes + at + header.tp_mac,
                  std::min<std::size_t>(header.tp_snaplen, 2048));
      at += header.tp_next_offset;
    }
    status.store(TP_STATUS_KERNEL, std::memory_order_release);
    next_ = (next_ + 1) % kBlockCount;
    return count;
  }

 private:
  int socket_;
  std::byte* memory_ = nullptr;
  std::size_t next_ = 0;
  std::array<std::array<std::byte, 2048>, kBatch> buffers_;
};

enum class Way : std::uint8_t { kPacket, kXdp, kCalls, kBlocks };

std::unique_ptr<Receiver> make_receiver(Way way) {
  if (way == Way::kCalls) return std::make_unique<CallReceiver>("veth1");
  if (way == Way::kBlocks) return std::make_unique<BlockReceiver>("veth1");
  return std::make_unique<OurReceiver>(way == Way::kXdp ? "xdp:veth1" : "packet:veth1");
}

// A sender at one end of a cable and a receiver at the other, in turns on one core.
class Reception : public Contestant {
 public:
  ~Reception() override { ::close(sender_); }
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;

 protected:
  Reception(VethPair pair, Way way) : pair_(std::move(pair)) {
    frame_[12] = static_cast<std::byte>(kExperiment >> 8U);
    frame_[13] = static_cast<std::byte>(kExperiment & 0xffU);
    frame_[0] = std::byte{2};
    slice_ = {frame_.data(), frame_.size()};
    for (mmsghdr& message : messages_) {
      message.msg_hdr.msg_iov = &slice_;
      message.msg_hdr.msg_iovlen = 1;
    }
    {
      const NetworkNamespace::Visit there(pair_.first);
      sender_ = packet_socket("veth0", 0);
    }
    const NetworkNamespace::Visit here(pair_.second);
    receiver_ = make_receiver(way);
  }

  // What comes by itself must not be counted.
  void drain() {
    while (receiver_->receive() != 0) {
    }
  }
  void send_one() { STRATA_CHECK(::send(sender_, frame_.data(), frame_.size(), 0) > 0); }
  void send_burst() {
    for (std::size_t sent = 0; sent < kBurst; sent += kBatch) {
      ::sendmmsg(sender_, messages_.data(), kBatch, 0);
    }
  }

  VethPair pair_;
  std::unique_ptr<Receiver> receiver_;

 private:
  int sender_ = -1;
  std::array<std::byte, kFrameBytes> frame_{};
  iovec slice_{};
  std::array<mmsghdr, kBatch> messages_{};
};

// Processor time of this thread: others may have the core in between.
Seconds processor_time() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

// Sending is the same for all, and the kernel's half of receiving is done within it.
class Throughput final : public Reception {
 public:
  Throughput(VethPair pair, Way way) : Reception(std::move(pair), way) {}
  double measure(Seconds duration) override {
    const Seconds begin = processor_time();
    std::uint64_t frames = 0;
    Seconds receiving{};
    while (processor_time() - begin < duration) {
      send_burst();
      const Seconds start = processor_time();
      while (const std::size_t count = receiver_->receive()) frames += count;
      receiving += processor_time() - start;
    }
    const Seconds took = processor_time() - begin;
    receiving_ns_ = receiving.count() * 1e9 / static_cast<double>(frames);
    return static_cast<double>(frames) / took.count() / 1e6;
  }
  std::vector<Detail> details() const override {
    return {{"ns a frame of it to receive", receiving_ns_}};
  }

 private:
  double receiving_ns_ = 0;
};

class Lone final : public Reception {
 public:
  Lone(VethPair pair, Way way) : Reception(std::move(pair), way) {}
  double measure(Seconds duration) override {
    return trips_.measure(duration, [this]() -> std::optional<double> {
      drain();
      const auto begin = Wall::now();
      send_one();
      while (receiver_->receive() == 0) {
        if (Wall::now() - begin > std::chrono::milliseconds(100)) return std::nullopt;
      }
      return std::chrono::duration<double, std::micro>(Wall::now() - begin).count();
    });
  }
  std::vector<Detail> details() const override { return trips_.details(); }

 private:
  RoundTrips trips_;
};

template <typename Which>
std::vector<ContestantSpec> contestants() {
  const auto entry = [](Way way) -> Entry {
    auto pair = VethPair::make();
    if (!pair) return std::unexpected(pair.error());
    return std::make_unique<Which>(std::move(*pair), way);
  };
  return {{"strata, packet", [=] { return entry(Way::kPacket); }},
          {"TPACKET_V3, blocks of 1 ms", [=] { return entry(Way::kBlocks); }},
          {"recvmmsg, 64 a call", [=] { return entry(Way::kCalls); }},
          {"strata, xdp", [=] { return entry(Way::kXdp); }}};
}

void add_all() {
  add({.name = "packet/receive",
       .unit = "Mpps",
       .claim =
           "frames of 64 bytes taken off a veth pair into buffers of a stack, in bursts of 1024",
       .contestants = contestants<Throughput>()});
  add({.name = "packet/lone-frame",
       .unit = "us",
       .better = Better::kLower,
       .claim = "from sending one frame until a receiver that polls has it",
       .contestants = contestants<Lone>()});
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench
