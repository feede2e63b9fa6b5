// SPDX-License-Identifier: Apache-2.0
// Packets: direction, what is said of the IP header, ports, and TCP, UDP or ICMP.
#include <algorithm>
#include <array>
#include <utility>

#include "script/language/icmp_names.h"
#include "script/language/reader.h"
#include "strata/wire/ip_protocol.h"

namespace strata::script {
namespace {

// Super-segments may be longer than any packet; nothing is longer than this.
constexpr std::int64_t kPayloadMax = std::int64_t{16} << 20U;
constexpr std::uint32_t kDatagramMax = 65'507;

struct FlagName {
  char letter;
  wire::TcpFlags flag;
};
constexpr FlagName kFlags[] = {
    {'F', wire::kTcpFin}, {'S', wire::kTcpSyn}, {'R', wire::kTcpRst},
    {'P', wire::kTcpPsh}, {'.', wire::kTcpAck}, {'U', wire::kTcpUrg},
    {'E', wire::kTcpEce}, {'W', wire::kTcpCwr}, {'A', wire::kTcpAe},
};

class PacketReader {
 public:
  explicit PacketReader(Reader& reader) : reader_(reader) {}

  PacketSpec read() {
    PacketSpec packet;
    packet.direction = reader_.accept('<') ? Direction::kIn : Direction::kOut;
    if (packet.direction == Direction::kOut) reader_.expect('>', "before a packet");
    skip_layers(packet);
    if (reader_.at('(') || reader_.at('[')) packet.ip = read_ip();
    if (reader_.accept("udp")) {
      packet.ports = read_ports();
      packet.what = read_udp();
    } else if (reader_.accept("icmp")) {
      packet.what = read_icmp();
    } else {
      if (reader_.accept("encap")) read_security(packet);
      packet.ports = read_ports();
      packet.what = read_tcp();
    }
    check_direction(packet);
    return packet;
  }

 private:
  void check_direction(const PacketSpec& packet) {
    if (packet.direction == Direction::kOut) return;
    if (packet.ip.traffic_class == IpSpec::TrafficClass::kEct01) {
      reader_.fail("[ect01] is for outbound packets");
    }
    const auto* tcp = std::get_if<TcpSpec>(&packet.what);
    if (tcp != nullptr && tcp->any_options) reader_.fail("<...> is for outbound packets");
    if (tcp != nullptr && tcp->payload > kDatagramMax) {
      reader_.fail("more payload than a packet holds");
    }
  }

  // `ipv4 192.0.2.1 > 192.0.2.2:`, `gre:`, `mpls (label 0, tc 0, ttl 0):` are no error of the
  // script, though nothing here speaks them: each ends with a colon that a blank follows.
  void skip_layers(PacketSpec& packet) {
    static constexpr std::string_view kLayers[] = {"ipv4", "ipv6", "gre", "GREv0", "mpls"};
    const auto at_layer = [this] {
      return std::ranges::any_of(kLayers,
                                 [this](std::string_view name) { return reader_.at(name); });
    };
    while (at_layer()) {
      packet.inside = reader_.take().text;
      while (!reader_.at_end() && !ends_layer()) {
      }
      if (reader_.at_end()) reader_.fail("a layer without its end ':'");
    }
  }

  bool ends_layer() {
    const Token token = reader_.take();
    const char* const behind = token.raw.data() + token.raw.size();
    return token.is_sign(':') && reader_.token().raw.data() != behind;
  }

  // `encap psp spi 7`
  void read_security(PacketSpec& packet) {
    if (!reader_.accept("psp")) reader_.fail("expected psp behind encap");
    if (!reader_.accept("spi")) reader_.fail("expected spi behind psp");
    reader_.expect_u32("a security parameters index");
    packet.inside = "psp";
  }

  IpSpec read_ip() {
    IpSpec ip;
    const char end = reader_.at('(') ? ')' : ']';
    reader_.advance();
    do {
      read_ip_field(ip);
    } while (reader_.accept(','));
    reader_.expect(end, "after what is said of the IP header");
    return ip;
  }

  void read_ip_field(IpSpec& ip) {
    static constexpr std::array<std::string_view, 4> kEcn = {"noecn", "ect1", "ect0", "ce"};
    const Token field = reader_.take();
    const auto ecn = std::ranges::find(kEcn, std::string_view(field.text));
    if (ecn != kEcn.end()) {
      ip.traffic_class = IpSpec::TrafficClass::kEcn;
      ip.value = static_cast<std::uint8_t>(ecn - kEcn.begin());
    } else if (field.is_word("ect01")) {
      ip.traffic_class = IpSpec::TrafficClass::kEct01;
    } else if (field.is_word("tos")) {
      ip.traffic_class = IpSpec::TrafficClass::kWhole;
      ip.value = static_cast<std::uint8_t>(reader_.expect_integer(0, 255, "a type of service"));
    } else if (field.is_word("ttl") || field.is_word("hlim")) {
      ip.hop_limit = static_cast<std::uint8_t>(reader_.expect_integer(1, 255, "a time to live"));
    } else if (field.is_word("flowlabel")) {
      ip.flow_label =
          static_cast<std::uint32_t>(reader_.expect_integer(0, 0xfffff, "a flow label"));
      if (reader_.options().is_wire_v4()) reader_.fail_at(field, "flow labels are of IPv6");
    } else {
      reader_.fail_at(field, "expected noecn, ect0, ect1, ect01, ce, tos, ttl or flowlabel");
    }
  }

  std::optional<PortPair> read_ports() {
    if (!reader_.at(Token::Kind::kInteger)) return std::nullopt;
    PortPair ports;
    ports.source = reader_.expect_u16("a port");
    reader_.expect('>', "between two ports");
    ports.destination = reader_.expect_u16("a port");
    return ports;
  }

  // `P.`, `SEW`, `-`; `S.5`, `.5` and `S5` say AccECN's counter (RFC 9768).
  wire::TcpFlags read_flags() {
    if (reader_.accept('-')) return {};
    const Token first = reader_.token();
    std::string letters;
    if (reader_.at(Token::Kind::kWord)) letters = reader_.take().text;
    if (reader_.at('.')) {
      letters += '.';
      reader_.advance();
    }
    wire::TcpFlags flags = flags_of(letters, first);
    if (reader_.at(Token::Kind::kFloat)) flags |= wire::kTcpAck | read_ace();
    if (flags == wire::TcpFlags{}) reader_.fail_at(first, "expected TCP flags, udp or icmp");
    return flags;
  }

  wire::TcpFlags flags_of(std::string_view letters, const Token& where) {
    wire::TcpFlags flags;
    for (const char letter : letters) {
      if (letter >= '0' && letter <= '7') {
        flags |= ace_of(letter);
        continue;
      }
      const auto* known = std::ranges::find(kFlags, letter, &FlagName::letter);
      if (known == std::end(kFlags)) {
        reader_.fail_at(where, "'" + std::string(1, letter) + "' is no TCP flag");
        break;
      }
      flags |= known->flag;
    }
    return flags;
  }

  wire::TcpFlags read_ace() {
    const Token count = reader_.take();
    const bool is_ace = count.raw.size() == 2 && count.raw[1] >= '0' && count.raw[1] <= '7';
    if (!is_ace) {
      reader_.fail_at(count, "an ACE counter is a dot and a digit from 0 to 7");
      return {};
    }
    return ace_of(count.raw[1]);
  }

  static wire::TcpFlags ace_of(char digit) {
    const auto value = static_cast<unsigned>(digit - '0');
    wire::TcpFlags flags;
    if ((value & 1U) != 0) flags |= wire::kTcpEce;
    if ((value & 2U) != 0) flags |= wire::kTcpCwr;
    if ((value & 4U) != 0) flags |= wire::kTcpAe;
    return flags;
  }

  // `1:1001(1000)`
  std::pair<std::uint32_t, std::uint32_t> read_sequence() {
    const Token start = reader_.token();
    const std::uint32_t first = reader_.expect_u32("a sequence number");
    reader_.expect(':', "between two sequence numbers");
    const std::uint32_t last = reader_.expect_u32("a sequence number");
    reader_.expect('(', "before the size of the payload");
    const auto payload =
        static_cast<std::uint32_t>(reader_.expect_integer(0, kPayloadMax, "a payload size"));
    reader_.expect(')', "after the size of the payload");
    if (first + payload != last) {
      reader_.fail_at(start, "inconsistent TCP sequence numbers and payload size");
    }
    return {first, payload};
  }

  TcpSpec read_tcp() {
    TcpSpec tcp;
    tcp.flags = read_flags();
    std::tie(tcp.sequence, tcp.payload) = read_sequence();
    if (reader_.accept("ack")) tcp.acknowledgment = reader_.expect_u32("a sequence number");
    if (reader_.accept("win")) tcp.window = reader_.expect_u16("a window");
    if (reader_.accept("urg")) tcp.urgent_pointer = reader_.expect_u16("an urgent pointer");
    if (reader_.accept('<')) read_tcp_options(reader_, tcp);
    return tcp;
  }

  std::uint32_t read_size() {
    reader_.expect('(', "before the size of a datagram");
    const auto size =
        static_cast<std::uint32_t>(reader_.expect_integer(0, kDatagramMax, "a datagram's size"));
    reader_.expect(')', "after the size of a datagram");
    return size;
  }

  UdpSpec read_udp() { return {read_size()}; }

  IcmpSpec read_icmp() {
    IcmpSpec icmp;
    const bool is_v4 = reader_.options().is_wire_v4();
    const Token type = reader_.take();
    const auto known = icmp_type(type.text, is_v4);
    if (!known || type.kind != Token::Kind::kWord) {
      reader_.fail_at(type, "unknown type of ICMP");
      return icmp;
    }
    icmp.type = *known;
    const bool is_code = reader_.at(Token::Kind::kWord) && !reader_.at("mtu") && !reader_.at("id");
    if (is_code) {
      const Token code = reader_.take();
      const auto value = icmp_code(icmp.type, code.text, is_v4);
      if (!value) reader_.fail_at(code, "unknown code of this type of ICMP");
      icmp.code = value.value_or(0);
    }
    if (reader_.accept("mtu")) icmp.mtu = reader_.expect_u32("an MTU");
    if (is_v4 && icmp.mtu > 0xffffU) reader_.fail("an MTU of IPv4 has 16 bits");
    if (reader_.accept("id")) icmp.identifier = reader_.expect_u16("an identifier");
    if (reader_.accept('[')) icmp.quote = read_quote();
    return icmp;
  }

  IcmpSpec::Quote read_quote() {
    IcmpSpec::Quote quote;
    if (reader_.accept("udp")) {
      quote.protocol = wire::kIpProtocolUdp;
      quote.payload = read_size();
    } else if (reader_.accept("raw")) {
      quote.protocol = kRawProtocol;
      quote.payload = read_size();
    } else {
      quote.protocol = wire::kIpProtocolTcp;
      std::tie(quote.sequence, quote.payload) = read_sequence();
    }
    reader_.expect(']', "after the packet that ICMP quotes");
    return quote;
  }

  static constexpr std::uint8_t kRawProtocol = 255;
  Reader& reader_;
};

}  // namespace

PacketSpec read_packet(Reader& reader) { return PacketReader(reader).read(); }

}  // namespace strata::script
