// SPDX-License-Identifier: Apache-2.0
// TCP options, three ways:
//
//   TcpOptions        plain values of every option we understand, read in one pass
//   TcpRawOptions     an iterator over kinds and bytes, for what TcpOptions does not keep
//   TcpOptionWriter   writes options one by one, in exactly the order asked for
//
// Options come from strangers, so reading never fails and never leaves its bytes. Of a malformed
// list what stands before the damage counts, and `malformed` tells of it (RFC 9293 MUST-7).
// An option whose length does not fit its kind is skipped (RFC 9293 MUST-6), and of two options of
// one kind the first counts.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>

#include "strata/wire/field.h"

namespace strata::wire {

enum class TcpOptionKind : std::uint8_t {
  kEndOfList = 0,
  kNoOperation = 1,
  kMaximumSegmentSize = 2,
  kWindowScale = 3,      // RFC 7323
  kSackPermitted = 4,    // RFC 2018
  kSack = 5,             // RFC 2018
  kTimestamps = 8,       // RFC 7323
  kMd5Signature = 19,    // RFC 2385
  kUserTimeout = 28,     // RFC 5482
  kAuthentication = 29,  // RFC 5925
  kMultipath = 30,       // RFC 8684
  kFastOpen = 34,        // RFC 7413
  kAccurateEcn0 = 172,   // RFC 9768
  kAccurateEcn1 = 174,   // RFC 9768
  kExperiment1 = 253,    // RFC 6994
  kExperiment2 = 254,    // RFC 6994
};

inline constexpr std::size_t kTcpOptionBytesMax = 40;
inline constexpr std::size_t kTcpSackBlocksMax = 4;
inline constexpr std::uint8_t kTcpWindowScaleMax = 14;           // RFC 7323 2.3
inline constexpr std::uint16_t kTcpFastOpenExperiment = 0xf989;  // RFC 7413 appendix A

// One option in its bytes. EOL and NOP have no data.
struct TcpRawOption {
  TcpOptionKind kind = TcpOptionKind::kNoOperation;
  Bytes data{};  // without kind and length

  [[nodiscard]] constexpr std::size_t size() const {
    const bool is_single = kind == TcpOptionKind::kNoOperation || kind == TcpOptionKind::kEndOfList;
    return is_single ? 1 : data.size() + 2;
  }
};

// Ends at EOL, at the end, or where an option is malformed: of length 0 or 1, or cut.
class TcpRawOptions {
 public:
  class Iterator {
   public:
    using value_type = TcpRawOption;
    using difference_type = std::ptrdiff_t;
    explicit constexpr Iterator(Bytes rest) : rest_(rest) { read(); }
    [[nodiscard]] constexpr const TcpRawOption& operator*() const { return option_; }
    [[nodiscard]] constexpr const TcpRawOption* operator->() const { return &option_; }
    constexpr Iterator& operator++() {
      rest_ = rest_.subspan(option_.size());
      read();
      return *this;
    }
    constexpr void operator++(int) { ++*this; }
    // After the walk: did it end early?
    [[nodiscard]] constexpr bool malformed() const { return state_ == State::kMalformed; }
    friend constexpr bool operator==(const Iterator& it, std::default_sentinel_t) {
      return it.state_ != State::kOption;
    }

   private:
    enum class State : std::uint8_t { kOption, kEnd, kMalformed };
    constexpr void read() {
      state_ = State::kEnd;
      if (rest_.empty()) return;
      const auto kind = static_cast<TcpOptionKind>(rest_[0]);
      if (kind == TcpOptionKind::kEndOfList) return;
      state_ = State::kOption;
      option_ = {kind, {}};
      if (kind == TcpOptionKind::kNoOperation) return;
      const std::size_t length = rest_.size() < 2 ? 0 : std::to_integer<std::size_t>(rest_[1]);
      if (length < 2 || length > rest_.size()) {
        state_ = State::kMalformed;
        return;
      }
      option_.data = rest_.subspan(2, length - 2);
    }

    Bytes rest_;
    TcpRawOption option_;
    State state_ = State::kEnd;
  };

  explicit constexpr TcpRawOptions(Bytes bytes) : bytes_(bytes) {}
  [[nodiscard]] constexpr Iterator begin() const { return Iterator(bytes_); }
  [[nodiscard]] constexpr std::default_sentinel_t end() const { return {}; }

 private:
  Bytes bytes_;
};

// RFC 2018 3: [left, right) of sequence numbers that have arrived.
struct TcpSackBlock {
  std::uint32_t left = 0;
  std::uint32_t right = 0;

  friend constexpr bool operator==(const TcpSackBlock&, const TcpSackBlock&) = default;
};

class TcpSackBlocks {
 public:
  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  [[nodiscard]] constexpr bool empty() const { return size_ == 0; }
  // `index` is less than size().
  [[nodiscard]] constexpr const TcpSackBlock& operator[](std::size_t index) const {
    return blocks_[index];
  }
  [[nodiscard]] constexpr const TcpSackBlock* begin() const { return blocks_.data(); }
  [[nodiscard]] constexpr const TcpSackBlock* end() const { return blocks_.data() + size_; }
  // False when four are there already.
  constexpr bool push_back(const TcpSackBlock& block) {
    if (size_ == kTcpSackBlocksMax) return false;
    blocks_[size_++] = block;
    return true;
  }
  friend constexpr bool operator==(const TcpSackBlocks& a, const TcpSackBlocks& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::array<TcpSackBlock, kTcpSackBlocksMax> blocks_{};
  std::uint8_t size_ = 0;
};

struct TcpTimestamps {
  std::uint32_t value = 0;
  std::uint32_t echo_reply = 0;

  friend constexpr bool operator==(const TcpTimestamps&, const TcpTimestamps&) = default;
};

// RFC 5482 2.
struct TcpUserTimeout {
  std::uint16_t timeout = 0;  // 15 bits
  bool in_minutes = false;    // else seconds

  [[nodiscard]] constexpr std::uint32_t seconds() const {
    return in_minutes ? timeout * 60U : timeout;
  }
  friend constexpr bool operator==(const TcpUserTimeout&, const TcpUserTimeout&) = default;
};

// RFC 7413 4.1.1: empty asks for a cookie; else 4 to 16 bytes, an even number.
class TcpFastOpenCookie {
 public:
  static constexpr std::size_t kSizeMin = 4;
  static constexpr std::size_t kSizeMax = 16;

  constexpr TcpFastOpenCookie() = default;
  [[nodiscard]] static constexpr std::optional<TcpFastOpenCookie> from_bytes(
      Bytes bytes, bool experimental = false) {
    const std::size_t size = bytes.size();
    const bool fits = size >= kSizeMin && size <= kSizeMax && size % 2 == 0;
    if (size != 0 && !fits) return std::nullopt;
    TcpFastOpenCookie cookie;
    copy_bytes(bytes, MutableBytes(cookie.bytes_).first(size));
    cookie.size_ = static_cast<std::uint8_t>(size);
    cookie.experimental_ = experimental;
    return cookie;
  }

  [[nodiscard]] constexpr bool is_request() const { return size_ == 0; }
  [[nodiscard]] constexpr Bytes bytes() const { return Bytes(bytes_).first(size_); }
  // It came, or shall go, in kind 254 and not in kind 34. A server answers in the same kind.
  [[nodiscard]] constexpr bool experimental() const { return experimental_; }
  friend constexpr bool operator==(const TcpFastOpenCookie&, const TcpFastOpenCookie&) = default;

 private:
  std::array<std::byte, kSizeMax> bytes_{};
  std::uint8_t size_ = 0;
  bool experimental_ = false;
};

struct TcpOptions {
  std::optional<std::uint16_t> maximum_segment_size{};
  std::optional<std::uint8_t> window_scale{};  // RFC 7323 2.3: never above kTcpWindowScaleMax
  bool sack_permitted = false;
  bool md5_signature = false;   // recognised; its bytes are for TcpRawOptions
  bool authentication = false;  // recognised; its bytes are for TcpRawOptions
  bool malformed = false;
  std::optional<TcpTimestamps> timestamps{};
  TcpSackBlocks sack{};
  std::optional<TcpUserTimeout> user_timeout{};
  std::optional<TcpFastOpenCookie> fast_open{};

  // `bytes` is TcpView::options(), or anything else.
  [[nodiscard]] static constexpr TcpOptions parse(Bytes bytes);
  friend constexpr bool operator==(const TcpOptions&, const TcpOptions&) = default;

 private:
  constexpr void read(const TcpRawOption& option);
  constexpr void read_sack(Bytes data);
  constexpr void read_fast_open(Bytes cookie, bool experimental);
};

constexpr TcpOptions TcpOptions::parse(Bytes bytes) {
  TcpOptions options;
  // RFC 7323 appendix A: nearly every segment of a connection looks so.
  constexpr std::uint32_t kAlignedTimestamps = 0x0101'080a;
  if (bytes.size() == 12 && load_big_endian<std::uint32_t>(bytes.data()) == kAlignedTimestamps) {
    options.timestamps = TcpTimestamps{load_big_endian<std::uint32_t>(bytes.data() + 4),
                                       load_big_endian<std::uint32_t>(bytes.data() + 8)};
    return options;
  }
  auto option = TcpRawOptions(bytes).begin();
  for (; option != std::default_sentinel; ++option) options.read(*option);
  options.malformed = option.malformed();
  return options;
}

constexpr void TcpOptions::read(const TcpRawOption& option) {
  const Bytes data = option.data;
  switch (option.kind) {
    case TcpOptionKind::kMaximumSegmentSize:
      if (data.size() == 2 && !maximum_segment_size) {
        maximum_segment_size = load_big_endian<std::uint16_t>(data.data());
      }
      break;
    case TcpOptionKind::kWindowScale:
      if (data.size() == 1 && !window_scale) {
        window_scale = std::min(std::to_integer<std::uint8_t>(data[0]), kTcpWindowScaleMax);
      }
      break;
    case TcpOptionKind::kSackPermitted: sack_permitted |= data.empty(); break;
    case TcpOptionKind::kSack: read_sack(data); break;
    case TcpOptionKind::kTimestamps:
      if (data.size() == 8 && !timestamps) {
        timestamps = TcpTimestamps{load_big_endian<std::uint32_t>(data.data()),
                                   load_big_endian<std::uint32_t>(data.data() + 4)};
      }
      break;
    case TcpOptionKind::kMd5Signature: md5_signature |= data.size() == 16; break;
    case TcpOptionKind::kAuthentication: authentication |= data.size() >= 2; break;
    case TcpOptionKind::kUserTimeout:
      if (data.size() == 2 && !user_timeout) {
        const auto word = load_big_endian<std::uint16_t>(data.data());
        user_timeout =
            TcpUserTimeout{static_cast<std::uint16_t>(word & 0x7fffU), (word & 0x8000U) != 0};
      }
      break;
    case TcpOptionKind::kFastOpen: read_fast_open(data, false); break;
    case TcpOptionKind::kExperiment2:
      if (data.size() >= 2 &&
          load_big_endian<std::uint16_t>(data.data()) == kTcpFastOpenExperiment) {
        read_fast_open(data.subspan(2), true);
      }
      break;
    default: break;
  }
}

constexpr void TcpOptions::read_sack(Bytes data) {
  const std::size_t count = data.size() / 8;
  if (data.size() % 8 != 0 || count > kTcpSackBlocksMax || !sack.empty()) return;
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* block = data.data() + 8 * i;
    sack.push_back(
        {load_big_endian<std::uint32_t>(block), load_big_endian<std::uint32_t>(block + 4)});
  }
}

// RFC 7413 4.1.1: an option with an invalid cookie length MUST be ignored.
constexpr void TcpOptions::read_fast_open(Bytes cookie, bool experimental) {
  if (!fast_open) fast_open = TcpFastOpenCookie::from_bytes(cookie, experimental);
}

// Each call appends one option, or writes nothing and returns false when it does not fit.
class TcpOptionWriter {
 public:
  explicit constexpr TcpOptionWriter(MutableBytes out)
      : out_(out.first(std::min(out.size(), kTcpOptionBytesMax))) {}

  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  [[nodiscard]] constexpr std::size_t room() const { return out_.size() - size_; }

  constexpr bool no_operation() { return single(TcpOptionKind::kNoOperation); }
  constexpr bool end_of_list() { return single(TcpOptionKind::kEndOfList); }
  constexpr bool maximum_segment_size(std::uint16_t bytes) {
    std::byte* data = append(TcpOptionKind::kMaximumSegmentSize, 2);
    if (data == nullptr) return false;
    store_big_endian(data, bytes);
    return true;
  }
  constexpr bool window_scale(std::uint8_t shift) {
    std::byte* data = append(TcpOptionKind::kWindowScale, 1);
    if (data == nullptr) return false;
    *data = std::byte{shift};
    return true;
  }
  constexpr bool sack_permitted() { return append(TcpOptionKind::kSackPermitted, 0) != nullptr; }
  constexpr bool timestamps(const TcpTimestamps& timestamps) {
    std::byte* data = append(TcpOptionKind::kTimestamps, 8);
    if (data == nullptr) return false;
    store_big_endian(data, timestamps.value);
    store_big_endian(data + 4, timestamps.echo_reply);
    return true;
  }
  constexpr bool sack(std::span<const TcpSackBlock> blocks) {
    std::byte* data = append(TcpOptionKind::kSack, 8 * blocks.size());
    if (data == nullptr) return false;
    for (const TcpSackBlock& block : blocks) {
      store_big_endian(data, block.left);
      store_big_endian(data + 4, block.right);
      data += 8;
    }
    return true;
  }
  constexpr bool user_timeout(const TcpUserTimeout& timeout) {
    std::byte* data = append(TcpOptionKind::kUserTimeout, 2);
    if (data == nullptr) return false;
    const unsigned unit = timeout.in_minutes ? 0x8000U : 0U;
    store_big_endian(data, static_cast<std::uint16_t>(unit | (timeout.timeout & 0x7fffU)));
    return true;
  }
  constexpr bool fast_open(const TcpFastOpenCookie& cookie);
  // Any kind but EOL and NOP, with any data.
  constexpr bool raw(TcpOptionKind kind, Bytes data) {
    std::byte* to = append(kind, data.size());
    if (to == nullptr) return false;
    copy_bytes(data, MutableBytes(to, data.size()));
    return true;
  }

  // Fills up to a multiple of four bytes and returns the size. RFC 9293 3.1: padding is zeros
  // behind the end of the list. A filler of kNoOperation serves peers that expect NOPs.
  constexpr std::size_t pad(TcpOptionKind filler = TcpOptionKind::kEndOfList) {
    while (size_ % 4 != 0 && single(filler)) {
    }
    return size_;
  }

 private:
  constexpr bool single(TcpOptionKind kind) {
    if (room() == 0) return false;
    out_[size_++] = static_cast<std::byte>(kind);
    return true;
  }
  constexpr std::byte* append(TcpOptionKind kind, std::size_t data_size) {
    if (room() < data_size + 2) return nullptr;
    std::byte* option = out_.data() + size_;
    option[0] = static_cast<std::byte>(kind);
    option[1] = static_cast<std::byte>(data_size + 2);
    size_ += data_size + 2;
    return option + 2;
  }

  MutableBytes out_;
  std::size_t size_ = 0;
};

constexpr bool TcpOptionWriter::fast_open(const TcpFastOpenCookie& cookie) {
  const Bytes bytes = cookie.bytes();
  const std::size_t magic = cookie.experimental() ? 2 : 0;
  const auto kind = magic != 0 ? TcpOptionKind::kExperiment2 : TcpOptionKind::kFastOpen;
  std::byte* data = append(kind, magic + bytes.size());
  if (data == nullptr) return false;
  if (magic != 0) store_big_endian(data, kTcpFastOpenExperiment);
  copy_bytes(bytes, MutableBytes(data + magic, bytes.size()));
  return true;
}

// The common order, which middleboxes know best: MSS, SACK permitted, timestamps, NOP, window
// scale, SACK, user timeout, fast open; NOPs keep timestamps and SACK blocks on four bytes and pad
// the end. Returns the size, a multiple of 4, or nothing when 40 bytes cannot hold it all.
// Signatures cover the finished segment, so only who signs can write them, with a TcpOptionWriter;
// asked for one, this returns nothing.
[[nodiscard]] constexpr std::optional<std::size_t> write(
    const TcpOptions& options, std::span<std::byte, kTcpOptionBytesMax> out) {
  if (options.md5_signature || options.authentication) return std::nullopt;
  TcpOptionWriter writer(out);
  const auto nops = [&writer](std::size_t count) {
    bool fits = true;
    while (count-- > 0) fits &= writer.no_operation();
    return fits;
  };
  bool fits = true;
  if (options.maximum_segment_size) {
    fits &= writer.maximum_segment_size(*options.maximum_segment_size);
  }
  if (options.sack_permitted) {
    if (!options.timestamps) fits &= nops(2);
    fits &= writer.sack_permitted();
  }
  if (options.timestamps) {
    if (!options.sack_permitted) fits &= nops(2);
    fits &= writer.timestamps(*options.timestamps);
  }
  if (options.window_scale) fits &= nops(1) && writer.window_scale(*options.window_scale);
  if (!options.sack.empty()) fits &= nops(2) && writer.sack(options.sack);
  if (options.user_timeout) fits &= writer.user_timeout(*options.user_timeout);
  if (options.fast_open) fits &= writer.fast_open(*options.fast_open);
  const std::size_t size = writer.pad(TcpOptionKind::kNoOperation);
  if (!fits) return std::nullopt;
  return size;
}

// How many SACK blocks can join options that take `used` bytes: 3 beside timestamps, else 4.
[[nodiscard]] constexpr std::size_t tcp_sack_blocks_that_fit(std::size_t used) {
  constexpr std::size_t kOverhead = 4;  // two NOPs, kind, length
  if (used + kOverhead > kTcpOptionBytesMax) return 0;
  return std::min((kTcpOptionBytesMax - used - kOverhead) / 8, kTcpSackBlocksMax);
}

}  // namespace strata::wire
