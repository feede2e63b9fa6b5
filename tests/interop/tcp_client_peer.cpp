// SPDX-License-Identifier: Apache-2.0
// A program on a stack of its own that talks to a server of the kernel, for tcp_client_test.py.
//
//   tcp_client_peer DEVICE OWN/LENGTH PEER PORT get|put BYTES [CONGESTION]
//
// `get` reads to the peer's end, `put` writes so many bytes of a pattern and waits until the peer
// has taken them. Prints the bytes and their FNV-1a hash.
#include <algorithm>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "service/hosted_stack.h"
#include "strata/devices.h"
#include "strata/real_clock.h"
#include "strata/tcp_stream.h"

using namespace strata;

namespace {

int complain(const char* what, std::string_view text) {
  std::fprintf(stderr, "tcp_client_peer: %s: %.*s\n", what, static_cast<int>(text.size()),
               text.data());
  return 1;
}

class Client {
 public:
  Client(Loop& loop, TcpStream stream, bool puts, std::uint64_t bytes)
      : loop_(loop), stream_(std::move(stream)), puts_(puts), left_(puts ? bytes : 0) {
    buffer_.resize(std::size_t{1} << 18U);
    (void)stream_.on_ready([this](Readiness) { work(); });
  }

  [[nodiscard]] int report() const {
    if (failed_) return complain("connection", to_text(*failed_));
    std::printf("%" PRIu64 " %016" PRIx64 "\n", bytes_, hash_);
    return 0;
  }

 private:
  void work() {
    if (puts_) put();
    if (!done_) get();
  }

  void put() {
    while (left_ != 0) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer_.size()));
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t at = bytes_ + i;
        buffer_[i] = static_cast<std::byte>(at * 31 + (at >> 12U));
      }
      const auto taken = stream_.write(Bytes(buffer_).first(count), loop_.now());
      if (!taken) return check(taken.error());
      note(Bytes(buffer_).first(*taken));
      left_ -= *taken;
    }
    if (!has_ended_) (void)stream_.shut_down(TcpShutdown::kWrite, loop_.now());
    has_ended_ = true;
  }

  void get() {
    while (true) {
      const auto count = stream_.read(buffer_, loop_.now());
      if (!count) return check(count.error());
      if (!puts_) note(Bytes(buffer_).first(*count));
    }
  }

  void note(Bytes bytes) {
    for (const std::byte one : bytes) {
      hash_ = (hash_ ^ std::to_integer<std::uint64_t>(one)) * 0x0000'0100'0000'01b3;
    }
    bytes_ += bytes.size();
  }

  void check(Error error) {
    if (error == Error::kWouldBlock || error == Error::kInProgress || done_) return;
    if (error != Error::kClosed) failed_ = error;
    done_ = true;
    stream_.close(loop_.now());
    // The last ACK, or the FIN, still has to leave.
    loop_.start_timer(loop_.now() + std::chrono::milliseconds(200), [this] { loop_.stop(); });
  }

  Loop& loop_;
  TcpStream stream_;
  bool puts_;
  std::uint64_t left_;
  std::vector<std::byte> buffer_;
  std::uint64_t bytes_ = 0;
  std::uint64_t hash_ = 0xcbf2'9ce4'8422'2325;
  bool has_ended_ = false, done_ = false;
  std::optional<Error> failed_;
};

TcpSocketOptions options_of(std::string_view control) {
  TcpSocketOptions options;
  options.congestion = CongestionName::of(control);
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) {
    return complain("usage", "DEVICE OWN/LENGTH PEER PORT get|put BYTES [CONGESTION]");
  }
  const auto own = Prefix::parse(argv[2]);
  const auto peer = IpAddress::parse(argv[3]);
  if (!own || !peer) return complain("address", argv[own ? 3 : 2]);
  auto loop = Loop::create({});
  if (!loop || !(*loop)->stop_on_signals({SIGINT, SIGTERM})) return complain("loop", "none");
  auto device = open_device(argv[1]);
  if (!device) return complain("device", device.error().text);
  const service::Port port{
      .name = "tap", .device = device->get(), .addresses = {*own}, .detect_duplicates = false};
  auto host = service::HostedStack::create(
      **loop, {.name = "client", .seed = random_seed(), .secret = {random_seed(), random_seed()}},
      {&port, 1});
  if (!host) return complain("stack", host.error().text);
  // What is not on the link is behind its first address: the host's end (IPv4).
  if (!own->contains(*peer)) {
    const auto routed =
        (*host)->add_default_route(IpAddress::v4(own->network().address().v4_value() + 1));
    if (!routed) return complain("route", routed.error().text);
  }
  const auto number = static_cast<std::uint16_t>(std::strtoul(argv[4], nullptr, 10));
  auto stream =
      TcpStream::connect((*host)->stack(), {*peer, number},
                         {.options = options_of(argc > 7 ? argv[7] : "")}, (*loop)->now());
  if (!stream) return complain("connect", to_text(stream.error()));
  Client client(**loop, std::move(*stream), std::string_view(argv[5]) == "put",
                std::strtoull(argv[6], nullptr, 10));
  (*loop)->run();
  return client.report();
}
