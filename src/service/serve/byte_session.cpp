// SPDX-License-Identifier: Apache-2.0
#include "service/serve/byte_session.h"

#include <span>

#include "service/serve/texts.h"

namespace strata::service {
namespace {

constexpr std::size_t kChunk = 64U << 10U;
constexpr int kChunksPerTurn = 16;

}  // namespace

bool ByteSession::work() {
  switch (service_) {
    case Service::kEcho: return echo();
    case Service::kDiscard: return discard();
    case Service::kChargen: return chargen();
    case Service::kDaytime: return daytime();
    case Service::kHttp: break;
  }
  return false;
}

bool ByteSession::write_pending() {
  while (sent_ < pending_.size()) {
    const auto count = stream().write(std::span(pending_).subspan(sent_), now());
    if (!count) return count.error() == Error::kWouldBlock;
    sent_ += *count;
  }
  pending_.clear();
  sent_ = 0;
  return true;
}

bool ByteSession::echo() {
  for (int chunks = 0; chunks < kChunksPerTurn; ++chunks) {
    if (!write_pending()) return false;
    if (!pending_.empty()) return true;
    pending_.resize(kChunk);
    const auto count = stream().read(pending_, now());
    pending_.resize(count.value_or(0));
    if (!count) return count.error() == Error::kWouldBlock;
  }
  go_on_later();
  return true;
}

bool ByteSession::discard() {
  for (int chunks = 0; chunks < kChunksPerTurn; ++chunks) {
    const auto packet = stream().read_packet(kChunk, now());
    if (!packet) return packet.error() == Error::kWouldBlock;
  }
  go_on_later();
  return true;
}

// RFC 864: until the peer closes; what it sends is thrown away.
bool ByteSession::chargen() {
  if (!discard()) return false;
  for (int chunks = 0; chunks < kChunksPerTurn; ++chunks) {
    if (!write_pending()) return false;
    if (!pending_.empty()) return true;
    std::string text;
    while (text.size() < kChunk) text += chargen_line(lines_++);
    const auto bytes = std::as_bytes(std::span(text));
    pending_.assign(bytes.begin(), bytes.end());
  }
  go_on_later();
  return true;
}

// RFC 867: the line, and the end. The peer's end is waited for, lest unread text make a reset.
bool ByteSession::daytime() {
  if (!is_told_) {
    is_told_ = true;
    const std::string text = daytime_text(now());
    const auto bytes = std::as_bytes(std::span(text));
    if (!stream().write(bytes, now())) return false;
    if (!stream().shut_down(TcpShutdown::kWrite, now())) return false;
  }
  return discard();
}

}  // namespace strata::service
