// SPDX-License-Identifier: Apache-2.0
// ReceiverShared: what all receivers of a stack have in common, an argument of their calls.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/slab.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/tcp_config.h"
#include "tcp/buffer_account.h"
#include "tcp/receive/inbox.h"
#include "tcp/receive/owed_acks.h"
#include "tcp/receive/reassembly.h"
#include "tcp/receive/sack_history.h"
#include "tcp/receive/urgent_mark.h"

namespace strata::tcp {

// What a connection needs only while not everything goes as usual: it lives in a slab, and goes
// back as soon as nothing in it is of use.
struct Disorder {
  Disorder(Memory& memory, std::uint32_t segments_max) : reassembly(memory, segments_max) {}

  Reassembly reassembly;
  SackHistory history;
  OwedAcks owed;
  UrgentMark urgent;
  std::optional<std::uint64_t> fin{};  // the offset behind the last byte, once FIN was seen

  [[nodiscard]] bool is_needed() const {
    return !reassembly.empty() || !owed.empty() || urgent.is_set() || fin.has_value();
  }
};

// Owned by the transport, one a stack.
class ReceiverSlabs {
 public:
  ReceiverSlabs(Memory& memory, const TcpConfig& config)
      : inboxes_(memory, config.connections_max + kSpareMax),
        disorders_(memory, config.connections_max) {}
  ~ReceiverSlabs() {
    while (spare_count_ != 0) inboxes_.destroy(spare_[--spare_count_]);
  }
  ReceiverSlabs(const ReceiverSlabs&) = delete;
  ReceiverSlabs& operator=(const ReceiverSlabs&) = delete;

  // An empty inbox. kNoIndex: no memory.
  [[nodiscard]] Index take_inbox() {
    return spare_count_ != 0 ? spare_[--spare_count_] : inboxes_.try_create();
  }
  // An empty one that nobody needs now. A few are kept, for most texts are read before the next
  // ones come.
  void give_back_inbox(Index inbox) {
    if (spare_count_ == kSpareMax) return inboxes_.destroy(inbox);
    spare_[spare_count_++] = inbox;
  }

  [[nodiscard]] Slab<Inbox>& inboxes() { return inboxes_; }
  [[nodiscard]] Slab<Disorder>& disorders() { return disorders_; }
  // Entries that connections hold.
  [[nodiscard]] std::uint32_t in_use() const {
    return inboxes_.size() - spare_count_ + disorders_.size();
  }

 private:
  static constexpr std::uint32_t kSpareMax = 32;

  Slab<Inbox> inboxes_;
  Slab<Disorder> disorders_;
  std::array<Index, kSpareMax> spare_;  // inboxes
  std::uint32_t spare_count_ = 0;
};

struct ReceiverShared {
  Memory& memory;
  PacketPool& pool;
  const TcpConfig& config;
  BufferAccount& account;
  ReceiverSlabs& slabs;
};

}  // namespace strata::tcp
