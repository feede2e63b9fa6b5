// SPDX-License-Identifier: Apache-2.0
// SenderShared: what the senders of one stack have in common.
#pragma once

#include <cstdint>
#include <optional>

#include "base/slab.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"
#include "strata/tcp_config.h"
#include "tcp/buffer_account.h"
#include "tcp/send/flight.h"
#include "tcp/send/folded_totals.h"
#include "tcp/send/record.h"

namespace strata::tcp {

struct SenderShared {
  // Every segment in flight may become a record; what is in all queues bounds how many those are.
  static constexpr std::uint32_t kRecordsMax = 1U << 22U;
  // As many senders may pause between two requests without folding what they know.
  static constexpr std::size_t kRestingMax = 1024;

  SenderShared(Memory& its_memory, PacketPool& its_pool, const TcpConfig& its_config, Rng& its_rng,
               BufferAccount& its_account)
      : memory(its_memory),
        pool(its_pool),
        config(its_config),
        rng(its_rng),
        account(its_account),
        flights(its_memory, its_config.connections_max),
        records(its_memory, kRecordsMax),
        folded_totals(its_memory, its_config.connections_max),
        totals(its_memory, its_config.connections_max) {}
  ~SenderShared() {
    if (warm_record != kNoIndex) records.destroy(warm_record);
  }
  SenderShared(const SenderShared&) = delete;
  SenderShared& operator=(const SenderShared&) = delete;

  // A slab without entries gives all its memory back. One that nobody uses keeps a lone connection
  // from asking for it again with every exchange.
  void warm_up() {
    if (warm_record == kNoIndex) warm_record = records.try_create();
  }

  // When those that fell idle give back what they still keep.
  [[nodiscard]] std::optional<Time> next_fold() const {
    if (resting.empty()) return std::nullopt;
    return resting.front()->rests_since + Flight::kRest;
  }

  Memory& memory;
  PacketPool& pool;
  const TcpConfig& config;
  Rng& rng;
  BufferAccount& account;
  Slab<Flight> flights;
  Slab<Record> records;
  Slab<FoldedTotals> folded_totals;
  Slab<Totals> totals;                                // those that do not fit
  IntrusiveList<Flight, &Flight::rest_link> resting;  // and some busy ones
  Index warm_record = kNoIndex;
};

}  // namespace strata::tcp
