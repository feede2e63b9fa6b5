// SPDX-License-Identifier: Apache-2.0
// Demux: what a segment's four numbers name: a connection, a half-open one or a TIME-WAIT.
//
//   flow ──hash──> connections ──> half-opens ──> TIME-WAITs ──> nothing: ask the listeners
//
// 1. Each kind has an index of its own, all under the same keyed hash, which is computed once a
//    segment. A segment of a connection, which nearly all are, looks into the first only.
// 2. Connections live elsewhere; their owner says flow_of(index). About 9 bytes of index each.
// 3. A batch is looked up in two passes, so that its cache misses overlap: prepare() brings the
//    buckets, and then the entries they name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bucket_index.h"
#include "tcp/flow.h"
#include "tcp/open/half_opens.h"
#include "tcp/open/secrets.h"
#include "tcp/time_wait.h"

namespace strata::tcp {

class Demux {
 public:
  enum class Kind : std::uint8_t { kNone, kConnection, kHalfOpen, kTimeWait };
  struct Found {
    Kind kind = Kind::kNone;
    Index index = kNoIndex;

    friend constexpr bool operator==(const Found&, const Found&) = default;
  };

  Demux(Memory& memory, std::uint32_t connections_max, const Secrets& secrets,
        const HalfOpens& half_opens, const TimeWaits& time_waits)
      : secrets_(secrets),
        half_opens_(half_opens),
        time_waits_(time_waits),
        connections_(memory, connections_max) {}

  [[nodiscard]] std::uint32_t hash(const Flow& flow) const { return hash_of(secrets_.flows, flow); }

  // flow_of(index) is a connection's.
  template <typename FlowOf>
  [[nodiscard]] Found find(const Flow& flow, std::uint32_t hash, FlowOf flow_of) const {
    const Index connection =
        connections_.find(hash, [&](Index index) { return flow_of(index) == flow; });
    if (connection != kNoIndex) [[likely]]
      return {Kind::kConnection, connection};
    return find_other(flow, hash);
  }

  // False when Memory has no more. The flow must not be there yet, of whatever kind.
  template <typename FlowOf>
  [[nodiscard]] bool insert(std::uint32_t hash, Index connection, FlowOf flow_of) {
    return connections_.insert(hash, connection,
                               [&](Index index) { return this->hash(flow_of(index)); });
  }
  // False when it is not there.
  bool erase(std::uint32_t hash, Index connection) { return connections_.erase(hash, connection); }

  // Hashes a batch and brings what its find() calls will touch; bring(index) is to bring a
  // connection without touching it. `hashes` has room for all flows.
  template <typename Bring>
  void prepare(std::span<const Flow> flows, std::span<std::uint32_t> hashes, Bring bring) const {
    for (std::size_t i = 0; i < flows.size(); ++i) {
      hashes[i] = hash(flows[i]);
      connections_.prefetch(hashes[i]);
    }
    for (const std::uint32_t each : hashes.first(flows.size())) {
      const Index index = likely(each);
      if (index != kNoIndex) bring(index);
    }
  }
  // The connection that find() will look at first; kNoIndex: none.
  [[nodiscard]] Index likely(std::uint32_t hash) const { return connections_.likely(hash); }

  [[nodiscard]] std::uint32_t size() const { return connections_.size(); }
  [[nodiscard]] std::size_t bytes_used() const { return connections_.bytes_used(); }

 private:
  [[nodiscard]] Found find_other(const Flow& flow, std::uint32_t hash) const;

  const Secrets& secrets_;
  const HalfOpens& half_opens_;
  const TimeWaits& time_waits_;
  BucketIndex connections_;
};

}  // namespace strata::tcp
