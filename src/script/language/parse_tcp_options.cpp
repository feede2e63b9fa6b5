// SPDX-License-Identifier: Apache-2.0
// TCP options: `<mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>`.
#include <charconv>
#include <utility>

#include "script/language/reader.h"
#include "strata/wire/tcp_options.h"

namespace strata::script {
namespace {

using wire::TcpOptionKind;

void append(std::vector<std::byte>& data, std::uint32_t value, unsigned bytes) {
  for (unsigned shift = bytes * 8; shift != 0; shift -= 8) {
    data.push_back(static_cast<std::byte>(value >> (shift - 8)));
  }
}

class OptionReader {
 public:
  explicit OptionReader(Reader& reader) : reader_(reader) {}

  void read(TcpSpec& tcp) {
    if (reader_.at(Token::Kind::kEllipsis)) {
      reader_.advance();
      tcp.any_options = true;
      reader_.expect('>', "after ...");
      return;
    }
    const Token start = reader_.token();
    std::size_t size = 0;
    do {
      tcp.options.push_back(read_option());
      size += tcp.options.back().size();
    } while (reader_.accept(',') && size <= wire::kTcpOptionBytesMax);
    if (size > wire::kTcpOptionBytesMax) {
      reader_.fail_at(start, "more TCP options than the 40 bytes a header has");
    } else if (size % 4 != 0) {
      reader_.fail_at(start, "TCP options must be padded to a multiple of 4 bytes");
    }
    reader_.expect('>', "after TCP options");
  }

 private:
  static TcpOptionSpec make(TcpOptionKind kind) {
    return {.kind = static_cast<std::uint8_t>(kind), .is_raw = false, .data = {}};
  }

  TcpOptionSpec read_option() {
    const Token name = reader_.take();
    if (name.is_word("nop")) return make(TcpOptionKind::kNoOperation);
    if (name.is_word("eol")) return make(TcpOptionKind::kEndOfList);
    if (name.is_word("sackOK")) return make(TcpOptionKind::kSackPermitted);
    if (name.is_word("mss")) return numbers(TcpOptionKind::kMaximumSegmentSize, 2, "an MSS");
    if (name.is_word("wscale")) return numbers(TcpOptionKind::kWindowScale, 1, "a shift");
    if (name.is_word("TS")) return timestamps();
    if (name.is_word("sack")) return sack();
    if (name.is_word("md5")) return blob(TcpOptionKind::kMd5Signature);
    if (name.is_word("FO")) return blob(TcpOptionKind::kFastOpen);
    if (name.is_word("FOEXP")) return fast_open_experiment();
    if (name.is_word("ECN")) return accurate_ecn();
    if (name.is_word("raw")) return raw();
    reader_.fail_at(name, "unknown TCP option");
    return {};
  }

  TcpOptionSpec numbers(TcpOptionKind kind, unsigned bytes, std::string_view what) {
    TcpOptionSpec option = make(kind);
    const std::int64_t high = (std::int64_t{1} << (8 * bytes)) - 1;
    append(option.data, static_cast<std::uint32_t>(reader_.expect_integer(0, high, what)), bytes);
    return option;
  }

  void expect_word(std::string_view word) {
    if (!reader_.accept(word)) reader_.fail("expected '" + std::string(word) + "'");
  }

  TcpOptionSpec timestamps() {
    TcpOptionSpec option = make(TcpOptionKind::kTimestamps);
    expect_word("val");
    append(option.data, reader_.expect_u32("a timestamp"), 4);
    expect_word("ecr");
    append(option.data, reader_.expect_u32("a timestamp"), 4);
    return option;
  }

  TcpOptionSpec sack() {
    TcpOptionSpec option = make(TcpOptionKind::kSack);
    do {
      append(option.data, reader_.expect_u32("a sequence number"), 4);
      reader_.expect(':', "between two sequence numbers");
      append(option.data, reader_.expect_u32("a sequence number"), 4);
      if (option.data.size() > 8 * wire::kTcpSackBlocksMax) reader_.fail("more than 4 blocks");
    } while (reader_.at(Token::Kind::kInteger));
    return option;
  }

  // Hexadecimal digits, which the lexer may have taken for a number; none at all are fine.
  std::vector<std::byte> read_hex() {
    std::vector<std::byte> bytes;
    const bool is_there = reader_.at(Token::Kind::kWord) || reader_.at(Token::Kind::kInteger) ||
                          reader_.at(Token::Kind::kString);
    if (!is_there) return bytes;
    const Token token = reader_.take();
    const std::string_view digits = token.text;
    bool is_hex = digits.size() % 2 == 0 && digits.size() <= 2 * wire::kTcpOptionBytesMax;
    for (std::size_t i = 0; is_hex && i < digits.size(); i += 2) {
      unsigned value = 0;
      const char* const end = digits.data() + i + 2;
      is_hex = std::from_chars(digits.data() + i, end, value, 16).ptr == end;
      bytes.push_back(static_cast<std::byte>(value));
    }
    if (!is_hex) reader_.fail_at(token, "expected pairs of hexadecimal digits");
    return bytes;
  }

  TcpOptionSpec blob(TcpOptionKind kind) {
    TcpOptionSpec option = make(kind);
    option.data = read_hex();
    return option;
  }

  // RFC 7413 appendix A.
  TcpOptionSpec fast_open_experiment() {
    TcpOptionSpec option = make(TcpOptionKind::kExperiment2);
    append(option.data, wire::kTcpFastOpenExperiment, 2);
    const std::vector<std::byte> cookie = read_hex();
    option.data.insert(option.data.end(), cookie.begin(), cookie.end());
    return option;
  }

  // RFC 9768 3.2.3: which of two kinds it is says the order of the counters.
  TcpOptionSpec accurate_ecn() {
    const bool is_zero_first = reader_.at("e0b");
    TcpOptionSpec option =
        make(is_zero_first ? TcpOptionKind::kAccurateEcn0 : TcpOptionKind::kAccurateEcn1);
    const std::string_view order[] = {is_zero_first ? "e0b" : "e1b", "ceb",
                                      is_zero_first ? "e1b" : "e0b"};
    if (!reader_.at(order[0])) reader_.fail("expected e0b or e1b");
    for (const std::string_view counter : order) {
      if (!reader_.accept(counter)) break;
      append(option.data,
             static_cast<std::uint32_t>(reader_.expect_integer(0, 0xff'ffff, "24 bits")), 3);
    }
    return option;
  }

  // Our own: bytes as they are, however malformed.
  TcpOptionSpec raw() {
    TcpOptionSpec option;
    option.is_raw = true;
    option.data = read_hex();
    if (option.data.empty()) reader_.fail("expected pairs of hexadecimal digits");
    return option;
  }

  Reader& reader_;
};

}  // namespace

void read_tcp_options(Reader& reader, TcpSpec& tcp) { OptionReader(reader).read(tcp); }

}  // namespace strata::script
