// SPDX-License-Identifier: Apache-2.0
// Claim: a system call a frame (readv, writev) costs a TAP device little more than io_uring, whose
// batches save the entry into the kernel and not the work in it.
//
// The device is in a namespace of its own. Frames that are written go to another station's address,
// so that the kernel drops them as soon as it has them; frames that are read were put into the
// device's queue by a packet socket beforehand, and only the reading is measured.
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/io_uring.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/timing.h"
#include "bench/peers/network_namespace.h"
#include "driver/virtio_header.h"
#include "strata/bytes.h"

namespace strata::bench {
namespace {

using driver::VirtioHeader;

constexpr unsigned kBatch = 64;
constexpr std::size_t kHeadBytes = 1856;  // of a small buffer, as the device reads
constexpr std::size_t kFrameBytesMax = 65'557;

// A batch of frames as the device lays them out: header, small buffer, overflow.
struct Frames {
  explicit Frames(std::size_t bytes) {
    for (unsigned i = 0; i < kBatch; ++i) {
      memory[i].resize(kFrameBytesMax);
      std::byte* const frame = memory[i].data();
      const std::array<unsigned char, 14> link{2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 8, 0};
      std::memcpy(frame, link.data(), link.size());
      const std::size_t ip = bytes - 14;
      frame[14] = std::byte{0x45};
      store_big_endian<std::uint16_t>(frame + 16, static_cast<std::uint16_t>(ip));
      frame[23] = std::byte{6};
      frame[46] = std::byte{0x50};
      if (bytes > 1514) {
        headers[i].flags = VirtioHeader::kNeedsChecksum;
        headers[i].gso_type = VirtioHeader::kGsoTcpV4;
        headers[i].header_length = 54;
        headers[i].gso_size = 1448;
        headers[i].checksum_start = 34;
        headers[i].checksum_offset = 16;
      }
      slices[i] = {iovec{&headers[i], sizeof(VirtioHeader)}, iovec{frame, bytes}, iovec{}};
    }
    sample.assign(memory[0].begin(), memory[0].begin() + static_cast<std::ptrdiff_t>(bytes));
  }
  void make_room() {
    for (unsigned i = 0; i < kBatch; ++i) {
      slices[i][1] = {memory[i].data(), kHeadBytes};
      slices[i][2] = {memory[i].data() + kHeadBytes, kFrameBytesMax - kHeadBytes};
    }
  }
  std::vector<std::byte> sample;  // as the kernel is to send it
  std::array<VirtioHeader, kBatch> headers{};
  std::array<std::vector<std::byte>, kBatch> memory;
  std::array<std::array<iovec, 3>, kBatch> slices{};
};

// A TAP device of its own with frames to and from it.
class World {
 public:
  static std::expected<std::unique_ptr<World>, std::string> make() {
    auto space = NetworkNamespace::make();
    if (!space) return std::unexpected(space.error());
    std::unique_ptr<World> world(new World(std::move(*space)));
    if (!world->open_tap())
      return std::unexpected(std::string("no TAP device: ") + strerror(errno));
    return world;
  }
  ~World() {
    if (packets_ >= 0) ::close(packets_);
    if (tap_ >= 0) ::close(tap_);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] int tap() const { return tap_; }

  // Puts frames into the device's queue; how many it took.
  unsigned fill(const Frames& frames, unsigned count) {
    // A packet socket's header is the short one, without the count of buffers.
    iovec slices[2] = {{const_cast<VirtioHeader*>(&frames.headers[0]), sizeof(VirtioHeader) - 2},
                       {const_cast<std::byte*>(frames.sample.data()), frames.sample.size()}};
    msghdr message{};
    message.msg_iov = slices;
    message.msg_iovlen = 2;
    unsigned done = 0;
    while (done < count && ::sendmsg(packets_, &message, MSG_DONTWAIT) > 0) ++done;
    return done;
  }

 private:
  explicit World(NetworkNamespace space) : space_(std::move(space)) {}

  bool open_tap() {
    const NetworkNamespace::Visit visit(space_);
    tap_ = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    ifreq request{};
    std::strcpy(request.ifr_name, "bench0");
    request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
    int header = sizeof(VirtioHeader);
    if (tap_ < 0 || ::ioctl(tap_, TUNSETIFF, &request) != 0 ||
        ::ioctl(tap_, TUNSETVNETHDRSZ, &header) != 0 ||
        ::ioctl(tap_, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) != 0 ||
        !space_.run("sysctl -qw net.ipv6.conf.bench0.disable_ipv6=1; ip link set dev bench0 "
                    "txqueuelen 4096 up")) {
      return false;
    }
    packets_ = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = static_cast<int>(if_nametoindex("bench0"));
    const int room = 256 << 20;
    const int with_header = 1;
    ::setsockopt(packets_, SOL_PACKET, PACKET_VNET_HDR, &with_header, sizeof(with_header));
    ::setsockopt(packets_, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
    return packets_ >= 0 && ::bind(packets_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
  }

  NetworkNamespace space_;
  int tap_ = -1;
  int packets_ = -1;
};

// Just as much of io_uring as is needed here: one ring, one file, a batch in and a batch out.
class Uring {
 public:
  static std::expected<std::unique_ptr<Uring>, std::string> make(int file) {
    std::unique_ptr<Uring> ring(new Uring);
    io_uring_params parameters{};
    ring->descriptor_ = static_cast<int>(::syscall(__NR_io_uring_setup, 2 * kBatch, &parameters));
    if (ring->descriptor_ < 0) return std::unexpected(std::string("io_uring: ") + strerror(errno));
    if (!ring->map(parameters)) return std::unexpected(std::string("io_uring: no memory"));
    if (::syscall(__NR_io_uring_register, ring->descriptor_, IORING_REGISTER_FILES, &file, 1) !=
        0) {
      return std::unexpected(std::string("io_uring: ") + strerror(errno));
    }
    return ring;
  }
  ~Uring() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;

  void prepare(std::uint8_t operation, const iovec* slices, unsigned count) {
    const unsigned at = tail_ & mask_;
    io_uring_sqe& entry = entries_[at];
    std::memset(&entry, 0, sizeof(entry));
    entry.opcode = operation;
    entry.flags = IOSQE_FIXED_FILE;
    entry.addr = reinterpret_cast<std::uint64_t>(slices);
    entry.len = count;
    entry.off = UINT64_MAX;
    entry.rw_flags = RWF_NOWAIT;  // O_NONBLOCK alone would make it wait for a frame to come
    order_[at] = at;
    ++tail_;
  }
  // How many of a batch succeeded.
  unsigned run(unsigned count) {
    std::atomic_ref(*submit_tail_).store(tail_, std::memory_order_release);
    ::syscall(__NR_io_uring_enter, descriptor_, count, count, IORING_ENTER_GETEVENTS, nullptr, 0);
    unsigned head = *complete_head_;
    const unsigned end = std::atomic_ref(*complete_tail_).load(std::memory_order_acquire);
    unsigned good = 0;
    for (; head != end; ++head) good += completions_[head & complete_mask_].res > 0 ? 1U : 0U;
    std::atomic_ref(*complete_head_).store(head, std::memory_order_release);
    return good;
  }

 private:
  Uring() = default;

  bool map(const io_uring_params& parameters) {
    const auto shared = [&](std::size_t bytes, std::uint64_t offset) {
      void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                        descriptor_, static_cast<off_t>(offset));
      return at == MAP_FAILED ? nullptr : static_cast<std::byte*>(at);
    };
    std::byte* submit = shared(parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned),
                               IORING_OFF_SQ_RING);
    std::byte* complete = shared(
        parameters.cq_off.cqes + parameters.cq_entries * sizeof(io_uring_cqe), IORING_OFF_CQ_RING);
    std::byte* entries = shared(parameters.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES);
    if (submit == nullptr || complete == nullptr || entries == nullptr) return false;
    const auto word = [](std::byte* base, unsigned offset) {
      return reinterpret_cast<unsigned*>(base + offset);
    };
    submit_tail_ = word(submit, parameters.sq_off.tail);
    order_ = word(submit, parameters.sq_off.array);
    mask_ = *word(submit, parameters.sq_off.ring_mask);
    complete_head_ = word(complete, parameters.cq_off.head);
    complete_tail_ = word(complete, parameters.cq_off.tail);
    complete_mask_ = *word(complete, parameters.cq_off.ring_mask);
    completions_ = reinterpret_cast<io_uring_cqe*>(complete + parameters.cq_off.cqes);
    entries_ = reinterpret_cast<io_uring_sqe*>(entries);
    tail_ = *submit_tail_;
    return true;
  }

  int descriptor_ = -1;
  unsigned* submit_tail_ = nullptr;
  unsigned* order_ = nullptr;
  unsigned* complete_head_ = nullptr;
  unsigned* complete_tail_ = nullptr;
  io_uring_cqe* completions_ = nullptr;
  io_uring_sqe* entries_ = nullptr;
  unsigned mask_ = 0;
  unsigned complete_mask_ = 0;
  unsigned tail_ = 0;
};

class Writing final : public Contestant {
 public:
  Writing(std::unique_ptr<World> world, std::unique_ptr<Uring> ring, std::size_t bytes)
      : world_(std::move(world)), ring_(std::move(ring)), frames_(bytes) {}
  double measure(Seconds duration) override {
    const Throughput done = run_for(duration, [&] { return std::uint64_t{turn()}; });
    return done.per_second() / 1e6;
  }

 private:
  unsigned turn() {
    if (ring_ != nullptr) {
      for (const auto& each : frames_.slices) ring_->prepare(IORING_OP_WRITEV, each.data(), 2);
      return ring_->run(kBatch);
    }
    unsigned done = 0;
    for (const auto& each : frames_.slices) {
      done += ::writev(world_->tap(), each.data(), 2) > 0 ? 1U : 0U;
    }
    return done;
  }

  std::unique_ptr<World> world_;
  std::unique_ptr<Uring> ring_;
  Frames frames_;
};

class Reading final : public Contestant {
 public:
  Reading(std::unique_ptr<World> world, std::unique_ptr<Uring> ring, std::size_t bytes)
      : world_(std::move(world)), ring_(std::move(ring)), sent_(bytes), frames_(bytes) {
    frames_.make_room();
  }
  double measure(Seconds duration) override {
    const auto end = Wall::now() + std::chrono::duration_cast<Wall::duration>(duration);
    std::uint64_t count = 0;
    Seconds took{0};
    while (Wall::now() < end) {
      if (world_->fill(sent_, 16 * kBatch) == 0) break;
      const Seconds begin = core_time();
      while (const unsigned done = turn()) count += done;
      took += core_time() - begin;
    }
    return took.count() == 0 ? 0 : static_cast<double>(count) / took.count() / 1e6;
  }

 private:
  unsigned turn() {
    if (ring_ != nullptr) {
      for (const auto& each : frames_.slices) ring_->prepare(IORING_OP_READV, each.data(), 3);
      return ring_->run(kBatch);
    }
    unsigned done = 0;
    for (const auto& each : frames_.slices) {
      if (::readv(world_->tap(), each.data(), 3) <= 0) break;
      ++done;
    }
    return done;
  }

  std::unique_ptr<World> world_;
  std::unique_ptr<Uring> ring_;
  Frames sent_;
  Frames frames_;
};

template <typename Work>
ContestantSpec contestant(const char* name, std::size_t bytes, bool with_ring) {
  return {name, [=]() -> Entry {
            auto world = World::make();
            if (!world) return std::unexpected(world.error());
            std::unique_ptr<Uring> ring;
            if (with_ring) {
              auto made = Uring::make((*world)->tap());
              if (!made) return std::unexpected(made.error());
              ring = std::move(*made);
            }
            return std::make_unique<Work>(std::move(*world), std::move(ring), bytes);
          }};
}

template <typename Work>
void add_pair(const char* what, const char* plain, std::size_t bytes) {
  add({.name = fmt::format("tap_io/{}_{}", what, bytes),
       .unit = "million frames/s of core time",
       .claim = fmt::format("{} frames of {} bytes, one by one or 64 at a time", what, bytes),
       .contestants = {contestant<Work>(plain, bytes, false),
                       contestant<Work>("io_uring", bytes, true)}});
}

void add_all() {
  for (const std::size_t bytes : {60U, 1514U, 65'226U}) {
    add_pair<Writing>("write", "writev", bytes);
    add_pair<Reading>("read", "readv", bytes);
  }
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench
