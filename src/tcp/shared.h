// SPDX-License-Identifier: Apache-2.0
// Shared: what all connections of a stack have in common. An argument, never a pointer in one.
#pragma once

#include <cstdint>

#include "base/handle_table.h"
#include "base/ready_hook.h"
#include "base/ring.h"
#include "base/slab.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"
#include "strata/tcp_config.h"
#include "strata/tcp_event.h"
#include "tcp/buffer_account.h"
#include "tcp/congestion/registry.h"
#include "tcp/engine.h"
#include "tcp/open/fast_open.h"
#include "tcp/open/handshake.h"
#include "tcp/open/reset.h"
#include "tcp/open/secrets.h"
#include "tcp/receive/shared.h"
#include "tcp/segment.h"
#include "tcp/send/shared.h"
#include "tcp/socket_options.h"

namespace strata::tcp {

class Connection;

struct Shared {
  // Replies without a connection that wait to be pulled: beyond, strangers get none.
  static constexpr std::size_t kRepliesMax = 256;
  static constexpr std::size_t kSuspectsMax = 16;
  static constexpr std::uint32_t kFastOpenServersMax = 1024;

  Shared(Memory& memory_, PacketPool& pool_, const TcpConfig& config_, const SipKey& key, Rng rng_)
      : memory(memory_),
        pool(pool_),
        config(config_),
        secrets(Secrets::derive(key)),
        rng(rng_),
        account(config.buffer_bytes_pressure, config.buffer_bytes_max),
        options(memory, config.connections_max),
        receiver_slabs(memory, config),
        receive{memory, pool, config, account, receiver_slabs},
        send(memory, pool, config, rng, account),
        fast_open_cookies(secrets.fast_open),
        fast_open(memory, kFastOpenServersMax, secrets.fast_open),
        openings(memory, config.connections_max),
        hooks(memory, config.connections_max),
        replies(memory, kRepliesMax),
        suspects(memory, kSuspectsMax),
        budgets(config.resets_per_second, config.challenge_acks_per_second, secrets.replies) {}

  Memory& memory;
  PacketPool& pool;
  TcpConfig config;
  const Secrets secrets;
  Rng rng;
  BufferAccount account;
  OptionSets options;
  ReceiverSlabs receiver_slabs;
  ReceiverShared receive;
  SenderShared send;
  congestion::AlgorithmTable algorithms;
  FastOpenCookies fast_open_cookies;
  FastOpenCache fast_open;   // what servers gave us
  Slab<Handshake> openings;  // of connections that a program opened
  Slab<ReadyHook> hooks;     // of connections whose program wants to be called
  Ring<Outgoing> replies;
  Ring<Flow> suspects;  // whose peer has not answered for a while
  ReplyBudgets budgets;
  TransportCounters counters{};
  const HandleTable<Connection>* connections = nullptr;  // for the names in events
  TcpObserver* observer = nullptr;

  // Strangers' segments can fill this queue: what does not fit is not answered.
  void reply(Outgoing outgoing) { (void)replies.try_push(std::move(outgoing)); }
};

}  // namespace strata::tcp
