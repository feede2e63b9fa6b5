// SPDX-License-Identifier: Apache-2.0
// Forward error correction: behind every eight frames goes a ninth, the sum of them without carry,
// and whichever one of the nine is lost can be had from the others. Nobody asks for anything again.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "strata/ring.h"

using namespace strata;

namespace {

constexpr std::uint32_t kGroups = 1000;
constexpr std::uint32_t kData = 8;
constexpr std::size_t kWords = 100;

struct Part {
  std::uint32_t group = 0;
  std::uint32_t place = 0;  // kData: the sum
  std::array<std::uint64_t, kWords> words{};
};

void add(Part& sum, const Part& one) {
  for (std::size_t i = 0; i < kWords; ++i) sum.words[i] ^= one.words[i];
}

Part make(std::uint32_t group, std::uint32_t place) {
  Part part{.group = group, .place = place, .words = {}};
  for (std::size_t i = 0; i < kWords; ++i) {
    part.words[i] = (std::uint64_t{group} << 32U | place << 16U | i) * 0x9e37'79b9'7f4a'7c15U;
  }
  return part;
}

// Writes a group in place, in one batch. False: there is no room.
bool send_group(ring::TxRing& tx, std::uint32_t group) {
  const auto frames = tx.reserve(kData + 1, sizeof(Part));
  if (frames.size() != kData + 1) return false;
  Part sum{.group = group, .place = kData, .words = {}};
  for (std::uint32_t place = 0; place < kData; ++place) {
    const Part part = make(group, place);
    add(sum, part);
    std::memcpy(frames[place].bytes().data(), &part, sizeof(part));
  }
  std::memcpy(frames[kData].bytes().data(), &sum, sizeof(sum));
  tx.commit(frames.size());
  return true;
}

class Decoder {
 public:
  void take(const Part& part) {
    if (part.group != group_) finish();
    group_ = part.group;
    add(sum_, part);
    ++received_;
    if (part.place < kData) {
      seen_ |= 1U << part.place;
      right_ += part.words == make(part.group, part.place).words ? 1 : 0;
    }
  }
  // What is still missing of the group is the sum of all that came, if it is one.
  void finish() {
    constexpr unsigned kAll = (1U << kData) - 1;
    const unsigned missing = kAll & ~seen_;
    if (received_ == kData && missing != 0) {
      const auto place = static_cast<std::uint32_t>(__builtin_ctz(missing));
      right_ += sum_.words == make(group_, place).words ? 1 : 0;
      ++corrected_;
    }
    sum_ = {};
    seen_ = 0;
    received_ = 0;
  }
  [[nodiscard]] std::uint32_t right() const { return right_; }
  [[nodiscard]] std::uint32_t corrected() const { return corrected_; }

 private:
  Part sum_;
  std::uint32_t group_ = 0;
  unsigned seen_ = 0;
  std::uint32_t received_ = 0;
  std::uint32_t right_ = 0;
  std::uint32_t corrected_ = 0;
};

}  // namespace

int main() {
  auto ends = ring::Port::pipe();
  if (!ends) return EXIT_FAILURE;
  auto& [near, far] = *ends;
  Decoder decoder;
  for (std::uint32_t group = 0; group < kGroups; ++group) {
    if (!send_group(near.tx(), group)) return EXIT_FAILURE;
    for (const ring::Frame& frame : far.rx().batch(64)) {
      Part part;
      if (frame.size() != sizeof(part)) continue;
      std::memcpy(&part, frame.bytes().data(), sizeof(part));
      // The cable loses one of every group, each time another one.
      if (part.place != group % (kData + 1)) decoder.take(part);
    }
  }
  decoder.finish();
  std::printf("%u of %u packets are right, %u were lost and are back\n", decoder.right(),
              kGroups * kData, decoder.corrected());
  return decoder.right() == kGroups * kData ? EXIT_SUCCESS : EXIT_FAILURE;
}
