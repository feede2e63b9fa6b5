// SPDX-License-Identifier: Apache-2.0
// The options of TCP sockets, one row each. Before there is a connection they wait in options_.
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include "socket/posix/option_values.h"
#include "socket/posix/stream_file.h"
#include "socket/posix/tcp_info_layout.h"

namespace strata::posix {

TcpSocketOptions StreamFile::current_options() const {
  if (stream() != nullptr) return stream()->options().value_or(options_);
  if (listener() != nullptr) return listener()->options().value_or(options_);
  return options_;
}

Answer StreamFile::apply_options(const TcpSocketOptions& options, Time now) {
  options_ = options;
  if (stream() != nullptr) return answer_of(stream()->set_options(options, now));
  if (listener() != nullptr) return answer_of(listener()->set_options(options));
  return 0;
}

struct StreamOptions {
  // ── Fields of TcpSocketOptions ────────────────────────────────────────────────────────────
  template <auto kField, int kUsual = 0>
  static Answer read(StreamFile& file, int& value) {
    const auto field = file.current_options().*kField;
    const auto whole = static_cast<std::int64_t>(field);
    value = whole == 0 ? kUsual : static_cast<int>(std::min<std::int64_t>(whole, INT32_MAX));
    return 0;
  }
  template <auto kField, std::int64_t kLow, std::int64_t kHigh>
  static Answer write(StreamFile& file, int value, Time now) {
    if (value < kLow || value > kHigh) return -EINVAL;
    TcpSocketOptions options = file.current_options();
    options.*kField = static_cast<std::remove_reference_t<decltype(options.*kField)>>(value);
    return file.apply_options(options, now);
  }
  template <bool TcpSocketOptions::* kField>
  static Answer write_bool(StreamFile& file, int value, Time now) {
    TcpSocketOptions options = file.current_options();
    options.*kField = value != 0;
    return file.apply_options(options, now);
  }
  template <Duration TcpSocketOptions::* kField, typename Unit, int kUsual>
  static Answer read_time(StreamFile& file, int& value) {
    const auto count = std::chrono::duration_cast<Unit>(file.current_options().*kField).count();
    value = count == 0 ? kUsual : static_cast<int>(std::min<std::int64_t>(count, INT32_MAX));
    return 0;
  }
  template <Duration TcpSocketOptions::* kField, typename Unit, int kLow, int kHigh>
  static Answer write_time(StreamFile& file, int value, Time now) {
    if (value < kLow || value > kHigh) return -EINVAL;
    TcpSocketOptions options = file.current_options();
    options.*kField = Unit(value);
    return file.apply_options(options, now);
  }
  // Linux counts its bookkeeping in, and so tells twice what it was told.
  template <std::uint32_t TcpSocketOptions::* kField, int kLow>
  static Answer write_buffer(StreamFile& file, int value, Time now) {
    TcpSocketOptions options = file.current_options();
    options.*kField = 2 * static_cast<std::uint32_t>(std::clamp(value, kLow, 1 << 29U));
    return file.apply_options(options, now);
  }
  // Without a connection: as large as that of one will be at first.
  template <std::uint32_t TcpSocketOptions::* kField, std::uint32_t TcpInfo::* kInfo,
            std::uint32_t TcpConfig::* kFirst>
  static Answer read_buffer(StreamFile& file, int& value) {
    std::uint32_t size = file.current_options().*kField;
    if (size == 0 && file.stream() != nullptr) {
      const auto info = file.stream()->info(Time{});
      if (info) size = (*info).*kInfo;
    }
    if (size == 0) size = file.stack_.tcp_config().*kFirst;
    value = static_cast<int>(std::min<std::uint32_t>(size, INT32_MAX));
    return 0;
  }

  // Linux: -1 asks for the usual one again.
  static Answer write_hop_limit(StreamFile& file, int value, Time now) {
    if (value != -1 && (value < 1 || value > 255)) return -EINVAL;
    TcpSocketOptions options = file.current_options();
    options.hop_limit = static_cast<std::uint8_t>(value == -1 ? 0 : value);
    return file.apply_options(options, now);
  }

  static Answer write_interface(StreamFile& file, int value, Time now) {
    if (value < 0 || value > UINT16_MAX) return -EINVAL;
    TcpSocketOptions options = file.current_options();
    options.bound_interface = static_cast<InterfaceId>(value);
    const bool is_there =
        value == 0 || StreamFile::has_interface(file.stack_, options.bound_interface);
    return is_there ? file.apply_options(options, now) : -ENODEV;
  }

  static Answer read_receive_low_water(StreamFile& file, int& value) {
    value = static_cast<int>(file.low_water_);
    return 0;
  }
  // Linux: half of the buffer at most, and no mark is a byte.
  static Answer write_receive_low_water(StreamFile& file, int value, Time /*now*/) {
    const std::uint32_t own = file.current_options().receive_buffer;
    const std::uint32_t buffer = own != 0 ? own : file.stack_.tcp_config().receive_buffer_max;
    const auto wanted = value < 0 ? UINT32_MAX : static_cast<std::uint32_t>(value);
    file.low_water_ = std::max(std::min(wanted, buffer / 2), 1U);
    file.tell_news();  // what is there may be enough now
    return 0;
  }
  static Answer read_path_mtu_discovery(StreamFile& file, int& value) {
    switch (file.current_options().path_mtu) {
      case TcpPathMtu::kIgnore: value = IP_PMTUDISC_DONT; break;
      case TcpPathMtu::kFollow: value = IP_PMTUDISC_WANT; break;
      case TcpPathMtu::kInsist: value = IP_PMTUDISC_DO; break;
    }
    return 0;
  }
  static Answer write_path_mtu_discovery(StreamFile& file, int value, Time now) {
    constexpr TcpPathMtu kPolicies[] = {TcpPathMtu::kIgnore, TcpPathMtu::kFollow,
                                        TcpPathMtu::kInsist};
    static_assert(IP_PMTUDISC_DONT == 0 && IP_PMTUDISC_WANT == 1 && IP_PMTUDISC_DO == 2);
    static_assert(IPV6_PMTUDISC_DONT == 0 && IPV6_PMTUDISC_WANT == 1 && IPV6_PMTUDISC_DO == 2);
    if (value < 0 || value >= static_cast<int>(std::size(kPolicies))) return -EINVAL;
    TcpSocketOptions options = file.current_options();
    options.path_mtu = kPolicies[value];
    return file.apply_options(options, now);
  }
  static Answer read_mtu(StreamFile& file, int& value) {
    if (file.stream() == nullptr) return -ENOTCONN;
    const auto info = file.stream()->info(Time{});
    if (!info) return failed(info.error());
    value = static_cast<int>(info->path_mtu);
    return 0;
  }
  static Answer read_late_port(StreamFile& file, int& value) {
    value = file.binds_without_port_ ? 1 : 0;
    return 0;
  }
  static Answer write_late_port(StreamFile& file, int value, Time /*now*/) {
    file.binds_without_port_ = value != 0;
    return 0;
  }

  // Any 32 bits: the C interface has them with a sign.
  static Answer read_low_water(StreamFile& file, int& value) {
    value = static_cast<int>(file.current_options().not_sent_low_water);
    return 0;
  }

  // ── One of a kind ─────────────────────────────────────────────────────────────────────────
  static Answer read_error(StreamFile& file, int& value) {
    value = 0;
    if (file.stream() == nullptr) return 0;
    const auto error = file.stream()->take_error();
    if (error && *error) {
      value = errno_of(**error);
      return 0;
    }
    // RFC 1122 4.2.3.9: what ICMP said and TCP does not give up for, the program may know. Once, as
    // from Linux.
    const auto info = file.stream()->info(Time{});
    const std::optional<Error> soft = info ? info->soft_error : std::nullopt;
    if (soft && soft != file.told_soft_error_) value = errno_of(*soft);
    file.told_soft_error_ = soft;
    return 0;
  }
  static Answer read_listening(StreamFile& file, int& value) {
    value = file.listener() != nullptr ? 1 : 0;
    return 0;
  }
  static Answer read_mss(StreamFile& file, int& value) {
    constexpr int kWithoutPeer = 536;  // RFC 9293 3.7.1
    const std::uint16_t most = file.options_.mss_max;
    value = most != 0 ? most : kWithoutPeer;
    if (file.stream() == nullptr) return 0;
    const auto info = file.stream()->info(Time{});
    if (info && info->send_mss != 0) value = static_cast<int>(info->send_mss);
    return 0;
  }
  static Answer read_fin_wait(StreamFile& file, int& value) {
    constexpr Duration kUsual = std::chrono::seconds(60);
    const Duration time = file.current_options().fin_wait_2.value_or(kUsual);
    value = static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
    if (time == Duration{}) value = -1;
    return 0;
  }
  // Linux: less than 0 is not at all, and 0 the usual time.
  static Answer write_fin_wait(StreamFile& file, int value, Time now) {
    constexpr int kSecondsMax = 120;
    TcpSocketOptions options = file.current_options();
    options.fin_wait_2.reset();
    if (value != 0) options.fin_wait_2 = std::chrono::seconds(std::clamp(value, 0, kSecondsMax));
    return file.apply_options(options, now);
  }
  // Linux keeps it as a number of SYN-ACKs, each of which waits twice as long as the one before.
  static Answer write_defer_accept(StreamFile& file, int value, Time now) {
    constexpr int kWaitMax = 120;
    constexpr int kCountMax = 255;
    int seconds = value > 0 ? 1 : 0;
    for (int wait = 1, count = 1; value > seconds && count < kCountMax; ++count) {
      wait = std::min(2 * wait, kWaitMax);
      seconds += wait;
    }
    TcpSocketOptions options = file.current_options();
    options.defer_accept = std::chrono::seconds(seconds);
    return file.apply_options(options, now);
  }
  static Answer write_window_clamp(StreamFile& file, int value, Time now) {
    constexpr int kLeast = 1152;  // half of Linux's smallest buffer
    const bool is_fresh = file.stream() == nullptr && file.listener() == nullptr;
    if (value == 0 && !is_fresh) return -EINVAL;
    TcpSocketOptions options = file.current_options();
    options.window_clamp = value == 0 ? 0 : static_cast<std::uint32_t>(std::max(value, kLeast));
    return file.apply_options(options, now);
  }
  // RFC 3542 6.5: -1 is the usual one. Its two bits of ECN are TCP's (RFC 3168).
  static Answer write_traffic_class(StreamFile& file, int value, Time now) {
    if (value < -1 || value > 255) return -EINVAL;
    TcpSocketOptions options = file.current_options();
    options.traffic_class = static_cast<std::uint8_t>(value == -1 ? 0 : value & 0xfc);
    return file.apply_options(options, now);
  }
  static Answer read_deferred(StreamFile& file, int& value) {
    value = file.defers_connect_ ? 1 : 0;
    return 0;
  }
  static Answer write_deferred(StreamFile& file, int value, Time now) {
    if (value != 0 && value != 1) return -EINVAL;
    if (file.stream() != nullptr || file.listener() != nullptr) return -EINVAL;
    if (!file.stack_.tcp_config().fast_open_client) return -EOPNOTSUPP;
    file.defers_connect_ = value == 1;
    return write_bool<&TcpSocketOptions::fast_open>(file, value, now);
  }
  static Answer read_quick_ack(StreamFile& file, int& value) {
    value = file.current_options().quick_ack.value_or(false) ? 1 : 0;
    return 0;
  }
  static Answer write_quick_ack(StreamFile& file, int value, Time now) {
    TcpSocketOptions options = file.current_options();
    options.quick_ack = value != 0;
    return file.apply_options(options, now);
  }
  static Answer read_inq(StreamFile& file, int& value) {
    value = file.tells_queue_ ? 1 : 0;
    return 0;
  }
  static Answer write_inq(StreamFile& file, int value, Time /*now*/) {
    if (value != 0 && value != 1) return -EINVAL;
    file.tells_queue_ = value == 1;
    return 0;
  }
  static Answer read_zero_copy(StreamFile& file, int& value) {
    value = file.uses_zero_copy_ ? 1 : 0;
    return 0;
  }
  static Answer write_zero_copy(StreamFile& file, int value, Time /*now*/) {
    if (value != 0 && value != 1) return -EINVAL;
    file.uses_zero_copy_ = value == 1;
    return 0;
  }

  // ── Structures and texts ──────────────────────────────────────────────────────────────────
  static Answer read_linger(StreamFile& file, void* value, socklen_t* size) {
    const auto linger = file.current_options().linger;
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(linger.value_or(Duration{})).count();
    return write_value(::linger{linger ? 1 : 0, static_cast<int>(seconds)}, value, size);
  }
  static Answer write_linger(StreamFile& file, const void* value, socklen_t size, Time now) {
    const auto given = read_value<::linger>(value, size);
    if (!given) return given.error();
    TcpSocketOptions options = file.current_options();
    options.linger.reset();
    if (given->l_onoff != 0) options.linger = std::chrono::seconds(std::max(0, given->l_linger));
    return file.apply_options(options, now);
  }
  static Answer read_congestion(StreamFile& file, void* value, socklen_t* size) {
    std::string name(file.current_options().congestion.view());
    if (file.stream() != nullptr) {
      const auto info = file.stream()->info(Time{});
      if (info) name = info->congestion.view();
    }
    char plain[16] = {};  // TCP_CA_NAME_MAX
    name.copy(plain, sizeof(plain) - 1);
    return write_value(plain, value, size);
  }
  static Answer write_congestion(StreamFile& file, const void* value, socklen_t size, Time now) {
    if (value == nullptr) return -EFAULT;
    const std::string whole(static_cast<const char*>(value), std::min<socklen_t>(size, 64));
    const std::string name(whole.c_str());
    TcpSocketOptions options = file.current_options();
    if (name.empty() || name.size() > options.congestion.characters.size()) return -ENOENT;
    options.congestion = CongestionName::of(name);
    const Answer applied = file.apply_options(options, now);
    return applied < 0 ? -ENOENT : 0;
  }
  // The key is all a listener has; a second one, to turn keys, is the stack's (TcpConfig).
  static Answer write_fast_open_key(StreamFile& file, const void* value, socklen_t size, Time now) {
    if (size != std::tuple_size_v<TcpFastOpenKey>) return -EINVAL;
    const auto key = read_value<TcpFastOpenKey>(value, size);
    if (!key) return key.error();
    TcpSocketOptions options = file.current_options();
    options.fast_open_key = *key;
    return file.apply_options(options, now);
  }
  static Answer read_fast_open_key(StreamFile& file, void* value, socklen_t* size) {
    const auto& own = file.current_options().fast_open_key;
    const auto& shared = file.stack_.tcp_config().fast_open_key;
    if (!own && !shared) return size == nullptr ? -EFAULT : (*size = 0, 0);
    return write_value(own ? *own : *shared, value, size);
  }
  static Answer read_info(StreamFile& file, void* value, socklen_t* size, Time now) {
    TcpInfo info;
    info.state = file.listener() != nullptr ? TcpState::kListen : TcpState::kClosed;
    if (file.stream() != nullptr) {
      const auto known = file.stream()->info(now);
      if (!known) return failed(known.error());
      info = *known;
    }
    return write_value(to_linux(info), value, size);
  }
  static Answer write_pacing_rate(StreamFile& file, const void* value, socklen_t size, Time now) {
    TcpSocketOptions options = file.current_options();
    if (size >= sizeof(std::uint64_t)) {
      options.pacing_rate_max = *read_value<std::uint64_t>(value, size);
    } else {
      const auto rate = read_value<std::uint32_t>(value, size);
      if (!rate) return rate.error();
      options.pacing_rate_max = *rate == UINT32_MAX ? UINT64_MAX : *rate;
    }
    options.pacing = options.pacing_rate_max != UINT64_MAX;
    return file.apply_options(options, now);
  }
  static Answer bind_to_device(StreamFile& file, const void* value, socklen_t size, Time now) {
    const auto interface = StreamFile::read_device(file.stack_, value, size);
    if (!interface) return interface.error();
    TcpSocketOptions options = file.current_options();
    options.bound_interface = *interface;
    return file.apply_options(options, now);
  }
};

namespace {

using O = StreamOptions;
using T = TcpSocketOptions;
using Seconds = std::chrono::seconds;
using Millis = std::chrono::milliseconds;

constexpr OptionRow<StreamFile> kRows[] = {
    {SOL_SOCKET, SO_ERROR, O::read_error, nullptr},
    {SOL_SOCKET, SO_ACCEPTCONN, O::read_listening, nullptr},
    {SOL_SOCKET, SO_REUSEADDR, O::read<&T::reuse_address>, O::write_bool<&T::reuse_address>},
    {SOL_SOCKET, SO_REUSEPORT, O::read<&T::reuse_port>, O::write_bool<&T::reuse_port>},
    {SOL_SOCKET, SO_KEEPALIVE, O::read<&T::keepalive>, O::write_bool<&T::keepalive>},
    {SOL_SOCKET, SO_OOBINLINE, O::read<&T::urgent_inline>, O::write_bool<&T::urgent_inline>},
    {SOL_SOCKET, SO_RCVLOWAT, O::read_receive_low_water, O::write_receive_low_water},
    {SOL_SOCKET, SO_SNDBUF,
     O::read_buffer<&T::send_buffer, &TcpInfo::send_buffer, &TcpConfig::send_buffer_first>,
     O::write_buffer<&T::send_buffer, 2304>},
    {SOL_SOCKET, SO_RCVBUF,
     O::read_buffer<&T::receive_buffer, &TcpInfo::receive_buffer, &TcpConfig::receive_buffer_first>,
     O::write_buffer<&T::receive_buffer, 1152>},
    // Past a limit of the kernel's that is not ours.
    {SOL_SOCKET, SO_SNDBUFFORCE, nullptr, O::write_buffer<&T::send_buffer, 2304>},
    {SOL_SOCKET, SO_RCVBUFFORCE, nullptr, O::write_buffer<&T::receive_buffer, 1152>},
    {SOL_SOCKET, SO_BINDTOIFINDEX, O::read<&T::bound_interface>, O::write_interface},
    {SOL_SOCKET, SO_ZEROCOPY, O::read_zero_copy, O::write_zero_copy},
    {IPPROTO_IP, IP_TOS, O::read<&T::traffic_class>, O::write_traffic_class},
    {IPPROTO_IP, IP_TTL, O::read<&T::hop_limit, 64>, O::write_hop_limit},
    {IPPROTO_IP, IP_MTU, O::read_mtu, nullptr},
    {IPPROTO_IP, IP_MTU_DISCOVER, O::read_path_mtu_discovery, O::write_path_mtu_discovery},
    {IPPROTO_IP, IP_FREEBIND, O::read<&T::free_bind>, O::write_bool<&T::free_bind>},
    {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, O::read_late_port, O::write_late_port},
    {IPPROTO_IPV6, IPV6_MTU, O::read_mtu, nullptr},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, O::read_path_mtu_discovery, O::write_path_mtu_discovery},
    {IPPROTO_IPV6, IPV6_FREEBIND, O::read<&T::free_bind>, O::write_bool<&T::free_bind>},
    {IPPROTO_IPV6, IPV6_TCLASS, O::read<&T::traffic_class>, O::write_traffic_class},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, O::read<&T::hop_limit, 64>, O::write_hop_limit},
    {IPPROTO_IPV6, IPV6_V6ONLY, O::read<&T::v6_only>, O::write_bool<&T::v6_only>},
    {IPPROTO_TCP, TCP_NODELAY, O::read<&T::no_delay>, O::write_bool<&T::no_delay>},
    {IPPROTO_TCP, TCP_CORK, O::read<&T::cork>, O::write_bool<&T::cork>},
    {IPPROTO_TCP, TCP_QUICKACK, O::read_quick_ack, O::write_quick_ack},
    {IPPROTO_TCP, TCP_INQ, O::read_inq, O::write_inq},
    {IPPROTO_TCP, TCP_MAXSEG, O::read_mss, O::write<&T::mss_max, 88, 32767>},
    {IPPROTO_TCP, TCP_KEEPIDLE, O::read_time<&T::keepalive_idle, Seconds, 7200>,
     O::write_time<&T::keepalive_idle, Seconds, 1, 32767>},
    {IPPROTO_TCP, TCP_KEEPINTVL, O::read_time<&T::keepalive_interval, Seconds, 75>,
     O::write_time<&T::keepalive_interval, Seconds, 1, 32767>},
    {IPPROTO_TCP, TCP_KEEPCNT, O::read<&T::keepalive_probes, 9>,
     O::write<&T::keepalive_probes, 1, 127>},
    {IPPROTO_TCP, TCP_SYNCNT, O::read<&T::syn_retries, 7>, O::write<&T::syn_retries, 1, 127>},
    {IPPROTO_TCP, TCP_LINGER2, O::read_fin_wait, O::write_fin_wait},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, O::read_time<&T::defer_accept, Seconds, 0>,
     O::write_defer_accept},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, O::read_time<&T::user_timeout, Millis, 0>,
     O::write_time<&T::user_timeout, Millis, 0, INT32_MAX>},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, O::read<&T::window_clamp>, O::write_window_clamp},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, O::read_low_water,
     O::write<&T::not_sent_low_water, INT32_MIN, INT32_MAX>},
    {IPPROTO_TCP, TCP_FASTOPEN, O::read<&T::fast_open>, O::write_bool<&T::fast_open>},
    {IPPROTO_TCP, TCP_FASTOPEN_CONNECT, O::read_deferred, O::write_deferred},
};

}  // namespace

Answer StreamFile::option(int level, int name, void* value, socklen_t* size, Time now) {
  if (const auto answer = common_option(level, name, value, size)) return *answer;
  if (level == SOL_SOCKET && name == SO_LINGER) {
    return StreamOptions::read_linger(*this, value, size);
  }
  if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
    return tell_device(stack_, current_options().bound_interface, value, size);
  }
  if (level == SOL_SOCKET && name == SO_MAX_PACING_RATE) {
    return write_value(current_options().pacing_rate_max, value, size);
  }
  if (level == IPPROTO_TCP && name == TCP_CONGESTION) {
    return StreamOptions::read_congestion(*this, value, size);
  }
  if (level == IPPROTO_TCP && name == TCP_FASTOPEN_KEY) {
    return StreamOptions::read_fast_open_key(*this, value, size);
  }
  if (level == IPPROTO_TCP && name == TCP_INFO) {
    return StreamOptions::read_info(*this, value, size, now);
  }
  const auto* row = find_option(kRows, level, name);
  if (row == nullptr) return unknown_option(level);
  return read_option(*row, *this, value, size);
}

Answer StreamFile::set_option(int level, int name, const void* value, socklen_t size, Time now) {
  if (const auto answer = set_common_option(level, name, value, size)) return *answer;
  if (level == SOL_SOCKET && name == SO_LINGER) {
    return StreamOptions::write_linger(*this, value, size, now);
  }
  if (level == SOL_SOCKET && name == SO_MAX_PACING_RATE) {
    return StreamOptions::write_pacing_rate(*this, value, size, now);
  }
  if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
    return StreamOptions::bind_to_device(*this, value, size, now);
  }
  if (level == IPPROTO_TCP && name == TCP_CONGESTION) {
    return StreamOptions::write_congestion(*this, value, size, now);
  }
  if (level == IPPROTO_TCP && name == TCP_FASTOPEN_KEY) {
    return StreamOptions::write_fast_open_key(*this, value, size, now);
  }
  const auto* row = find_option(kRows, level, name);
  if (row == nullptr || row->write == nullptr) return -ENOPROTOOPT;
  return write_option(*row, *this, value, size, now);
}

}  // namespace strata::posix
