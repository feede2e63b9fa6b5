// SPDX-License-Identifier: Apache-2.0
// One transport fed segments, calls, ICMP errors and time in any order: no segment breaks an
// invariant, nothing is sent for ever, and in the end nothing is left.
#include <algorithm>
#include <array>
#include <optional>

#include "base/ready_hook.h"
#include "fuzz/input.h"
#include "fuzz/law.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "tcp/transport.h"

namespace strata::tcp {
namespace {

constexpr IpAddress kOurs = IpAddress::v4(10, 0, 0, 1);
constexpr std::size_t kHandles = 4;

using fuzz::Input;

class Harness {
 public:
  explicit Harness(Bytes bytes) : input_(bytes), config_(config(input_)) {
    listener_ =
        transport_.listen({.local = {kOurs, 80}, .binding = {}, .backlog = 4, .options = {}})
            .value_or(Handle{});
  }

  void run() {
    while (!input_.empty()) {
      event();
      pull(input_.byte() % 8U);
    }
    for (Handle& handle : handles_) transport_.abort(handle, now_);
    transport_.close_listener(listener_, now_);
    pull(100'000);
    pass(std::chrono::hours(24 * 365));
    fuzz::require(transport_.connections() == 0);
    fuzz::require(transport_.half_opens() == 0);
    fuzz::require(transport_.time_waits() == 0);
    fuzz::require(transport_.orphans() == 0);
    fuzz::require(transport_.buffers().used() == 0);
    last_ = std::nullopt;
    fuzz::require(pool_.descriptors_in_use() == 0);
  }

 private:
  static TcpConfig config(Input& input) {
    const std::uint8_t bits = input.byte();
    TcpConfig config;
    config.timestamps = (bits & 1U) != 0;
    config.sack = (bits & 2U) != 0;
    config.window_scaling = (bits & 4U) != 0;
    config.syn_cookies = (bits & 8U) != 0;
    config.ecn = (bits & 16U) != 0 ? TcpEcn::kRequest : TcpEcn::kOff;
    config.connections_max = 8;
    config.half_open_max = (bits & 32U) != 0 ? 2 : 8;
    config.time_waits_max = 2;
    config.orphans_max = 3;
    config.buffer_bytes_pressure = std::size_t{64} << 10U;
    config.buffer_bytes_max = std::size_t{128} << 10U;
    config.receive_buffer_first = 8192;
    config.send_buffer_first = 8192;
    return config;
  }

  Flow flow() {
    const std::uint8_t value = input_.byte();
    return {.local_address = kOurs,
            .remote_address = IpAddress::v4(10, 0, 0, 2 + (value & 1U)),
            .local_port = static_cast<std::uint16_t>((value & 2U) != 0 ? 80 : 81),
            .remote_port = static_cast<std::uint16_t>(5000 + (value >> 2U & 1U))};
  }
  // Near what we last sent, or anywhere.
  std::uint32_t near(std::uint32_t place) {
    switch (input_.byte() % 4) {
      case 0: return place;
      case 1: return place + static_cast<std::uint32_t>(static_cast<std::int8_t>(input_.byte()));
      case 2: return place + input_.word();
      default: return input_.number();
    }
  }
  wire::TcpOptions options() {
    wire::TcpOptions options;
    const std::uint8_t bits = input_.byte();
    if ((bits & 1U) != 0) options.maximum_segment_size = input_.word();
    if ((bits & 2U) != 0) options.window_scale = input_.byte() % 15U;
    options.sack_permitted = (bits & 4U) != 0;
    if ((bits & 8U) != 0) {
      options.timestamps = wire::TcpTimestamps{near(ts_recent_), near(ts_echo_)};
    }
    for (unsigned i = 0; i < (bits >> 4U & 3U); ++i) {
      const std::uint32_t left = near(acknowledged_);
      options.sack.push_back({left, near(left)});
    }
    if ((bits & 64U) != 0) options.user_timeout = wire::TcpUserTimeout{input_.word(), false};
    if ((bits & 128U) != 0) {
      options.fast_open = last_cookie_.value_or(wire::TcpFastOpenCookie{});
    }
    return options;
  }
  void segment() {
    Segment segment;
    if (last_ && input_.flag()) {
      segment.flow = last_->flow;
    } else {
      segment.flow = flow();
    }
    segment.flags = wire::TcpFlags(input_.word());
    segment.seq = SequenceNumber(near(next_));
    segment.ack = SequenceNumber(near(acknowledged_));
    segment.window = input_.word();
    segment.urgent_pointer = input_.byte();
    segment.options = options();
    segment.ecn = static_cast<EcnCodepoint>(input_.byte() & 3U);
    const std::uint32_t bytes = input_.flag() ? input_.byte() * 8U : 0;
    if (bytes != 0) {
      segment.payload = pool_.allocate_for(bytes, 0);
      if (segment.payload == nullptr) return;
      std::ranges::fill(segment.payload->append(bytes), std::byte{0x55});
      segment.payload_bytes = bytes;
      segment.segments = static_cast<std::uint16_t>(1 + input_.byte() % 3U);
    }
    ts_recent_ = segment.options.timestamps ? segment.options.timestamps->value : ts_recent_;
    const SequenceNumber end = segment.end();
    if (transport_.on_segment(std::move(segment), now_) == DropReason::kNone) next_ = end.value();
  }

  void note(Outgoing outgoing) {
    fuzz::require(outgoing.header.header_length >= 20 && outgoing.header.header_length <= 60);
    const std::size_t text = outgoing.payload == nullptr ? 0 : outgoing.payload->size();
    fuzz::require(text <= 65535);
    fuzz::require(outgoing.segment_size == 0 || text > outgoing.segment_size);
    SequenceNumber end(outgoing.header.sequence_number);
    end += static_cast<std::uint32_t>(text);
    if (outgoing.header.flags.syn() || outgoing.header.flags.fin()) end += 1;
    acknowledged_ = end.value();
    if (outgoing.header.flags.ack()) next_ = outgoing.header.acknowledgment_number;
    const auto options =
        wire::TcpOptions::parse(Bytes(outgoing.option_bytes).first(outgoing.option_size()));
    fuzz::require(!options.malformed);
    if (options.timestamps) ts_echo_ = options.timestamps->value;
    if (options.fast_open) last_cookie_ = options.fast_open;
    last_ = std::move(outgoing);
    last_->payload.reset();
  }
  void pull(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto outgoing = transport_.next_outgoing(now_, limits_);
      if (!outgoing) return;
      note(std::move(*outgoing));
    }
    fuzz::require(count < 100'000);
  }
  void pass(Duration duration) {
    const Time end = now_ + duration;
    for (int wakes = 0;; ++wakes) {
      const auto deadline = transport_.next_deadline();
      if (!deadline || *deadline > end) break;
      now_ = std::max(now_, *deadline);
      transport_.on_deadline(now_);
      pull(1000);
      fuzz::require(wakes < 100'000);
    }
    now_ = end;
    transport_.on_deadline(now_);
  }

  Handle& handle() { return handles_[input_.byte() % kHandles]; }
  TcpSocketOptions socket_options() {
    const std::uint16_t bits = input_.word();
    TcpSocketOptions options;
    options.no_delay = (bits & 1U) != 0;
    options.cork = (bits & 2U) != 0;
    options.quick_ack = (bits & 4U) != 0;
    options.keepalive = (bits & 8U) != 0;
    options.urgent_inline = (bits & 16U) != 0;
    options.pacing = (bits & 32U) != 0;
    options.fast_open = (bits & 64U) != 0;
    if ((bits & 128U) != 0) options.user_timeout = std::chrono::seconds(bits >> 8U);
    if ((bits & 256U) != 0) options.linger = std::chrono::milliseconds(bits >> 12U);
    if ((bits & 512U) != 0) options.mss_max = static_cast<std::uint16_t>(bits >> 6U);
    if ((bits & 1024U) != 0) options.receive_buffer = 1U + bits / 4U;
    constexpr std::string_view kControls[] = {"reno", "cubic", "bbr", "dctcp"};
    const std::string_view control = kControls[bits >> 14U];
    std::ranges::copy(control, options.congestion.characters.begin());
    options.congestion.length = static_cast<std::uint8_t>(control.size());
    return options;
  }
  void open() {
    Handle& place = handle();
    transport_.close(place, now_);
    const auto opened =
        input_.flag() ? transport_.accept(listener_, now_)
                      : transport_.connect({.flow = flow(),
                                            .binding = {},
                                            .mtu = 68U + input_.word() % 9000U,
                                            .options = socket_options(),
                                            .first_data = input_.flag() ? Bytes(text_) : Bytes{}},
                                           now_);
    place = opened.value_or(Handle{});
  }
  void read() {
    std::array<std::byte, 512> buffer;
    const MutableBytes to = MutableBytes(buffer).first(input_.byte() * 2U);
    switch (input_.byte() % 4) {
      case 0: (void)transport_.peek(handle(), input_.byte(), to); break;
      case 1: (void)transport_.read_slices(handle(), to.size(), now_); break;
      case 2: (void)transport_.read_urgent(handle()); break;
      default: (void)transport_.read(handle(), to, now_); break;
    }
  }
  void icmp() {
    IcmpNews news;
    news.error = input_.flag() ? Error::kMessageTooLong : Error::kHostUnreachable;
    news.is_hard = input_.flag();
    news.sequence = SequenceNumber(near(acknowledged_));
    if (input_.flag()) news.mtu = input_.word();
    news.quoted_size = input_.word();
    (void)transport_.on_icmp(last_ ? last_->flow : flow(), news, now_);
  }
  void event() {
    switch (input_.byte() % 16) {
      case 0: return open();
      case 1: return read();
      case 2:
        (void)transport_.write(handle(), Bytes(text_).first(input_.word() % text_.size()), now_,
                               input_.flag());
        return;
      case 3: (void)transport_.write_urgent(handle(), Bytes(text_).first(3), now_); return;
      case 4:
        (void)transport_.shut_down(handle(), static_cast<Transport::Direction>(input_.byte() % 3),
                                   now_);
        return;
      case 5: return transport_.close(handle(), now_);
      case 6: return transport_.abort(handle(), now_);
      case 7: (void)transport_.close_lingering(handle(), now_); return;
      case 8: (void)transport_.set_options(handle(), socket_options(), now_); return;
      case 9: return icmp();
      case 10: return transport_.on_path_mtu(flow(), input_.word(), now_);
      case 11: return pass(std::chrono::milliseconds(1U << (input_.byte() % 22U)));
      case 12: (void)transport_.info(handle(), now_); return;
      default: return segment();
    }
  }

  HeapMemory memory_;
  HeapMemory pool_memory_;
  PacketPool pool_{pool_memory_, {.small_buffers = 128, .large_buffers = 8}};
  ReadyList ready_;
  Input input_;
  TcpConfig config_;
  Transport transport_{
      memory_, pool_, config_, SipKey{1, 2}, Rng(3), ready_, [](const Flow&) { return 1500U; }};
  Limits limits_{};
  Time now_{std::chrono::seconds(1000)};
  Handle listener_;
  std::array<Handle, kHandles> handles_{};
  std::array<std::byte, 6000> text_{};
  std::optional<Outgoing> last_;
  std::optional<wire::TcpFastOpenCookie> last_cookie_;
  std::uint32_t next_ = 0;          // what we would take next
  std::uint32_t acknowledged_ = 0;  // the end of what we sent last
  std::uint32_t ts_recent_ = 0;
  std::uint32_t ts_echo_ = 0;
};

}  // namespace
}  // namespace strata::tcp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  strata::tcp::Harness(strata::fuzz::as_input(data, size)).run();
  return 0;
}
