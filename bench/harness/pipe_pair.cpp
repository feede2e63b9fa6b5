// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/pipe_pair.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "bench/harness/machine.h"
#include "bench/harness/timing.h"
#include "strata/check.h"
#include "strata/devices.h"
#include "strata/tcp_listener.h"

namespace strata::bench {
namespace {

constexpr std::uint16_t kPort = 5001;
// One write or read of a program, and its buffer for what is under way: they stay in the second
// cache.
constexpr std::size_t kChunk = 64U << 10U;
constexpr std::uint32_t kSendBuffer = 512U << 10U;
constexpr TcpSocketOptions kOptions{.no_delay = true, .send_buffer = kSendBuffer};
constexpr int kPatienceMs = 20;

std::unique_ptr<Device> open_end(const std::string& pipe) {
  auto made = open_pipe({.name = pipe});
  STRATA_CHECK(made.has_value());
  const auto end = Wall::now() + std::chrono::seconds(10);
  while (!(*made)->is_up()) {
    STRATA_CHECK(Wall::now() < end);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return std::move(*made);
}

std::string make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "strata-bench-XXXXXX").string();
  STRATA_CHECK(mkdtemp(name.data()) != nullptr);
  return name;
}

}  // namespace

PipeEnd::PipeEnd(const std::string& pipe, Which which)
    : device_(open_end(pipe)), host_({.large_buffers = 256, .external_buffers = 4096}) {
  const std::size_t index = which == Which::kConnects ? 0 : 1;
  host_.attach(*device_, Prefix(kPairAddresses[index], 24), now());
  which == Which::kConnects ? connect() : accept();
}

void PipeEnd::connect() {
  // Whoever listens may come later: a refusal is no end.
  while (!stream_ || stream_->state() != TcpState::kEstablished) {
    if (!stream_ || stream_->state() == TcpState::kClosed) {
      auto made = TcpStream::connect(host_.stack(), {kPairAddresses[1], kPort},
                                     {.options = kOptions}, now());
      STRATA_CHECK(made.has_value());
      stream_ = std::move(*made);
    }
    turn(now());
  }
}

void PipeEnd::accept() {
  auto listener =
      TcpListener::listen(host_.stack(), {IpAddress::any_v4(), kPort}, {.options = kOptions});
  STRATA_CHECK(listener.has_value());
  while (!stream_) {
    turn(now());
    if (auto accepted = listener->accept(now())) stream_ = std::move(*accepted);
  }
}

std::size_t PipeEnd::drain(MutableBytes buffer, Time now) {
  std::size_t bytes = 0;
  while (const auto count = stream_->read(buffer, now)) bytes += *count;
  return bytes;
}

std::size_t PipeEnd::drain_packets(Time now) {
  std::size_t bytes = 0;
  while (const auto packet = stream_->read_packet(kChunk, now)) bytes += (*packet)->size();
  return bytes;
}

void PipeEnd::fill(Bytes bytes, Time now) {
  while (stream_->write(bytes, now)) {
  }
}

void PipeEnd::fill_packets(MutableBytes bytes, Time now) {
  for (;;) {
    PacketPtr packet =
        host_.pool().adopt(bytes, 0, bytes.size(), [](void*, std::byte*, std::size_t) {}, nullptr);
    if (packet == nullptr || !stream_->write_packet(packet, now)) return;
  }
}

void PipeEnd::sleep() {
  if (!device_->prepare_to_sleep()) return;
  pollfd one{.fd = device_->descriptor(), .events = POLLIN, .revents = 0};
  (void)::poll(&one, 1, kPatienceMs);
}

PipePair::PipePair() : folder_(make_folder()) {
  void* const shared =
      mmap(nullptr, sizeof(*far_does_), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  STRATA_CHECK(shared != MAP_FAILED);
  far_does_ = new (shared) std::atomic<Does>(Does::kTurns);
  const pid_t parent = getpid();
  far_ = fork();
  STRATA_CHECK(far_ >= 0);
  if (far_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    live_far();
  }
  near_.emplace(folder_ + "/pipe", PipeEnd::Which::kConnects);
  rest();
}

PipePair::~PipePair() {
  kill(far_, SIGKILL);
  waitpid(far_, nullptr, 0);
  near_.reset();
  munmap(far_does_, sizeof(*far_does_));
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void PipePair::rest() {
  tell_far(Does::kTurns);
  std::vector<std::byte> rest(kChunk);
  const auto end = Wall::now() + std::chrono::milliseconds(50);
  while (Wall::now() < end) {
    const Time time = now();
    near().drain(rest, time);
    near().turn(time);
  }
  tell_far(Does::kRests);
}

void PipePair::live_far() {
  const Pinned here(kFarCore);
  PipeEnd end(folder_ + "/pipe", PipeEnd::Which::kListens);
  for (;;) far_turn(end, far_does_->load(std::memory_order_relaxed));
}

void PipePair::far_turn(PipeEnd& end, Does what) {
  static std::vector<std::byte> chunk(kChunk);
  const Time time = now();
  switch (what) {
    case Does::kRests: std::this_thread::sleep_for(std::chrono::milliseconds(1)); return;
    case Does::kTurns: end.turn(time); return;
    case Does::kWrites:
      end.fill(chunk, time);
      end.turn(time);
      return;
    case Does::kGivesPackets:
      end.fill_packets(chunk, time);
      end.turn(time);
      return;
    case Does::kEchoes:
    case Does::kEchoesAsleep: break;
  }
  end.turn(time);
  const auto count = end.stream().read(chunk, time);
  if (count) {
    STRATA_CHECK(end.stream().write(Bytes(chunk).first(*count), time) == *count);
    end.turn(time);
  } else if (what == Does::kEchoesAsleep) {
    end.sleep();
  }
}

}  // namespace strata::bench
