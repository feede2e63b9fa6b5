// SPDX-License-Identifier: Apache-2.0
#include "script/run/readings.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "stack/core.h"
#include "tcp/transport.h"

namespace strata::script {
namespace {

using Text = Readings::Text;

// As far as they mean the same here.
struct CounterRow {
  std::string_view name;
  std::uint64_t (*read)(const Stack& stack, const tcp::TransportCounters& tcp);
};

template <DropReason kReason>
std::uint64_t drops(const Stack& stack, const tcp::TransportCounters& /*tcp*/) {
  return stack.drops(kReason);
}
template <auto kField>
std::uint64_t of_tcp(const Stack& /*stack*/, const tcp::TransportCounters& tcp) {
  return tcp.*kField;
}

using C = tcp::TransportCounters;
constexpr CounterRow kCounters[] = {
    {"TcpActiveOpens", of_tcp<&C::active_opens>},
    {"TcpPassiveOpens", of_tcp<&C::passive_opens>},
    {"TcpAttemptFails", of_tcp<&C::failed_opens>},
    {"TcpEstabResets", of_tcp<&C::established_resets>},
    {"TcpInSegs", of_tcp<&C::segments_in>},
    {"TcpOutSegs", of_tcp<&C::segments_out>},
    {"TcpRetransSegs", of_tcp<&C::segments_retransmitted>},
    {"TcpOutRsts", of_tcp<&C::resets_out>},
    {"TcpInCsumErrors", drops<DropReason::kTcpBadChecksum>},
    {"TcpExtSyncookiesSent", of_tcp<&C::cookies_out>},
    {"TcpExtSyncookiesRecv", of_tcp<&C::cookies_in>},
    {"TcpExtOutOfWindowIcmps", drops<DropReason::kTcpQuoteNotInFlight>},
    {"TcpExtTWRecycled", of_tcp<&C::time_waits_reused>},
    {"TcpExtPAWSEstab", drops<DropReason::kTcpOldTimestamp>},
    {"TcpExtListenOverflows", of_tcp<&C::accept_overflows>},
    {"TcpExtTCPChallengeACK", of_tcp<&C::challenge_acks_out>},
};

bool is_known(std::string_view name) {
  return std::ranges::find(kCounters, name, &CounterRow::name) != std::end(kCounters);
}

// Letters of all words that begin with '-'; the other words go to `rest`.
std::string letters_of(std::span<const std::string> arguments, std::vector<std::string>& rest) {
  std::string letters;
  for (const std::string& word : arguments) {
    if (word.size() > 1 && word[0] == '-') {
      letters += word.substr(1);
    } else {
      rest.push_back(word);
    }
  }
  return letters;
}

bool has(std::string_view letters, char letter) {
  return letters.find(letter) != std::string_view::npos;
}

// proc(5): words of an address as a little-endian machine has them in memory, the port as a number.
std::string hex_endpoint(const Endpoint& endpoint, bool is_v4) {
  const auto swapped = [](std::uint64_t word) {
    return __builtin_bswap32(static_cast<std::uint32_t>(word));
  };
  const IpAddress& address = endpoint.address;
  if (is_v4) {
    const std::uint32_t word = address.is_v4() ? address.v4_value() : 0;
    return fmt::format("{:08X}:{:04X}", swapped(word), endpoint.port);
  }
  return fmt::format("{:08X}{:08X}{:08X}{:08X}:{:04X}", swapped(address.high() >> 32U),
                     swapped(address.high()), swapped(address.low() >> 32U), swapped(address.low()),
                     endpoint.port);
}

int linux_state(TcpState state) {
  switch (state) {
    case TcpState::kEstablished: return 1;
    case TcpState::kSynSent: return 2;
    case TcpState::kSynReceived: return 3;
    case TcpState::kFinWait1: return 4;
    case TcpState::kFinWait2: return 5;
    case TcpState::kTimeWait: return 6;
    case TcpState::kClosed: return 7;
    case TcpState::kCloseWait: return 8;
    case TcpState::kLastAck: return 9;
    case TcpState::kListen: return 10;
    case TcpState::kClosing: return 11;
  }
  return 0;
}

std::string socket_lines(const Stack& stack, bool is_v4) {
  std::string text;
  std::size_t number = 0;
  stack.for_each_socket([&](const SocketEntry& entry) {
    const bool is_wanted =
        entry.kind == SocketEntry::Kind::kTcp && entry.local.address.is_v4() == is_v4;
    if (!is_wanted) return;
    fmt::format_to(std::back_inserter(text), "{:4}: {} {} {:02X} {:08X}:{:08X}\n", number++,
                   hex_endpoint(entry.local, is_v4), hex_endpoint(entry.remote, is_v4),
                   linux_state(entry.state), entry.send_queue, entry.queued_packets);
  });
  return text;
}

}  // namespace

Readings::Counts Readings::counts() const {
  Counts counts;
  if (stack_ == nullptr) return counts;
  const tcp::Transport* const transport = stack_->core().tcp;
  const C of_tcp = transport == nullptr ? C{} : transport->counters();
  for (const CounterRow& row : kCounters) {
    counts.emplace(row.name, row.read(*stack_, of_tcp));
  }
  return counts;
}

Text Readings::nstat(std::span<const std::string> arguments) {
  std::vector<std::string> names;
  const std::string letters = letters_of(arguments, names);
  if (letters.find_first_not_of("nsaz") != std::string::npos) {
    return std::unexpected(fmt::format("nstat -{}", letters));
  }
  for (const std::string& name : names) {
    if (!is_known(name)) return std::unexpected(fmt::format("the counter '{}'", name));
  }
  const Counts now = counts();
  std::string text = "#kernel\n";
  for (const auto& [name, count] : now) {
    const auto before = before_.find(name);
    const bool is_part = !has(letters, 'a') && before != before_.end();
    const std::uint64_t news = count - (is_part ? before->second : 0);
    const bool is_wanted = names.empty() || std::ranges::find(names, name) != names.end();
    if (!is_wanted || (news == 0 && !has(letters, 'z'))) continue;
    fmt::format_to(std::back_inserter(text), "{:<32}{:<16}0.0\n", name, news);
  }
  if (!has(letters, 's')) before_ = now;
  return has(letters, 'n') ? std::string() : text;
}

Text Readings::file(std::string_view path) const {
  const bool is_v6 = path == "/proc/net/tcp6";
  if (path != "/proc/net/tcp" && !is_v6) return std::unexpected(fmt::format("the file {}", path));
  return stack_ == nullptr ? std::string() : socket_lines(*stack_, !is_v6);
}

Text Readings::grep(std::span<const std::string> arguments, std::string_view text) const {
  std::vector<std::string> words;
  const std::string letters = letters_of(arguments, words);
  if (words.empty() || letters.find_first_not_of("q") != std::string::npos) {
    return std::unexpected("grep with this");
  }
  const std::string& pattern = words.front();
  if (pattern.find_first_of("*.[]^$\\") != std::string::npos) {
    return std::unexpected(fmt::format("the pattern '{}'", pattern));
  }
  // A counter that is not counted here must not pass for one that never rose.
  if ((pattern.starts_with("Tcp") || pattern.starts_with("Ip")) && !is_known(pattern)) {
    return std::unexpected(fmt::format("the counter '{}'", pattern));
  }
  std::string all(text);
  for (const std::string& path : std::span(words).subspan(1)) {
    const auto part = file(path);
    if (!part) return part;
    all += *part;
  }
  std::string found;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    const std::string_view line = std::string_view(all).substr(at, end - at);
    if (line.find(pattern) != std::string_view::npos) found.append(line) += '\n';
    at = end + 1;
  }
  return found;
}

}  // namespace strata::script
