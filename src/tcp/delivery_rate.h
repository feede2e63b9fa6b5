// SPDX-License-Identifier: Apache-2.0
// DeliveryRate: how fast the network delivers, sampled by each acknowledgement.
//
//   record sent ----------------> acknowledged            sample of that record
//   snapshot = on_sent()          on_delivered(snapshot)   bytes delivered in between,
//   delivered so far, when        counts the bytes         over the longer of the time the
//                                                          sender and the ACKs took for them
//
// Each record of the retransmission queue keeps a DeliverySnapshot of its latest transmission. An
// acknowledgement makes a RateSample from the newest record it delivers (the one sent last). See
// draft-ietf-ccwg-bbr, "Delivery Rate Samples".
//
// 1. Every byte is delivered once, by a cumulative or a selective acknowledgement, and lost at most
//    once per transmission. Record by record, the queue tells both.
// 2. A sample says how fast data went at least, never faster than it was sent: the send interval
//    bounds what compressed acknowledgements would claim.
// 3. A sample taken while there was not enough to send is marked, since it says nothing of the
// path.
// 4. A round trip ends with the acknowledgement of data sent after the round began.
//
// Order for one acknowledgement:
//     RateSample sample;
//     for each record newly acknowledged or SACKed: rate.on_delivered(sample, ...);
//     for each record newly found lost:             rate.on_lost(snapshot, bytes) -> LossSample
//     rate.finish(sample, min_rtt);
// Then the congestion control hears of the losses and of the sample (congestion.h).
#pragma once

#include <cstdint>

#include "strata/time.h"

namespace strata::tcp {

// What a record of the retransmission queue remembers of its latest transmission. Byte counts are
// the low 32 bits of the connection's: what is in flight is far below their wrap.
struct DeliverySnapshot {
  Time delivered_time{};   // when bytes were last delivered
  Time first_sent_time{};  // when the newest of those had been sent
  std::uint32_t delivered = 0;
  std::uint32_t lost = 0;
  std::uint32_t tx_in_flight = 0;  // bytes in flight, this record included
  bool is_app_limited = false;
};
static_assert(sizeof(DeliverySnapshot) == 32);

// Filled by on_delivered() and finish(); a fresh one for each acknowledgement.
struct RateSample {
  // The answer.
  std::uint64_t rate = 0;             // bytes per second; 0: no reliable sample
  std::uint64_t delivered_total = 0;  // delivered over the connection, this ACK included
  std::uint64_t prior_delivered = 0;  // the same when the newest record was sent
  std::uint32_t delivered = 0;        // between the two
  std::uint32_t newly_delivered = 0;  // by this ACK, cumulatively or selectively
  std::uint32_t lost = 0;             // declared lost since the newest record was sent
  std::uint32_t newly_lost = 0;       // by this ACK
  std::uint32_t tx_in_flight = 0;     // in flight when the newest record was sent
  Duration interval{};                // over which `delivered` was
  bool has_data = false;              // something was delivered
  bool is_app_limited = false;
  bool round_started = false;  // a packet-timed round trip ended with this ACK

  // What on_delivered() keeps from one record to the next.
  Duration send_elapsed{};
  Duration ack_elapsed{};
  std::uint64_t newest_end = 0;
};

// One record declared lost, for CongestionControl::on_loss() (congestion.h).
struct LossSample {
  Time now{};
  std::uint32_t bytes = 0;
  std::uint32_t tx_in_flight = 0;  // in flight when it was sent, itself included
  std::uint32_t lost = 0;          // lost since it was sent, itself included
  std::uint64_t delivered_total = 0;
  bool is_app_limited = false;  // when it was sent
};

class DeliveryRate {
 public:
  DeliveryRate() = default;
  // Goes on where another left off with nothing in flight.
  DeliveryRate(std::uint64_t delivered, std::uint64_t lost)
      : delivered_(delivered), lost_(lost), round_end_(delivered) {}

  // Before the record is counted as in flight; also for each retransmission. `in_flight` are the
  // bytes on their way without it.
  [[nodiscard]] DeliverySnapshot on_sent(std::uint32_t bytes, std::uint32_t in_flight,
                                         Time sent_time);

  // `bytes` of a record arrived. `sent_time` is that of its latest transmission and `end` the
  // stream offset behind it, which orders records sent at one time.
  void on_delivered(RateSample& sample, const DeliverySnapshot& snapshot, std::uint32_t bytes,
                    std::uint64_t end, Time sent_time, Time now);
  // `bytes` of a record were given up for lost. Call before finish().
  [[nodiscard]] LossSample on_lost(RateSample& sample, const DeliverySnapshot& snapshot,
                                   std::uint32_t bytes, Time now);
  // The same when no acknowledgement told it (a timer did).
  [[nodiscard]] LossSample on_lost(const DeliverySnapshot& snapshot, std::uint32_t bytes, Time now);
  // Once per acknowledgement. A rate over less than `min_rtt` is not believed.
  void finish(RateSample& sample, Duration min_rtt);

  // The sender has nothing more to send although it might: until what is in flight now has been
  // delivered, samples say so. Call on each write before it is queued, at the beginning of each
  // acknowledgement and of each timer that may send, if there is no unsent data, in_flight < cwnd,
  // and all that is lost has been sent again.
  void mark_app_limited(std::uint32_t in_flight);
  [[nodiscard]] bool is_app_limited() const { return is_app_limited_; }

  [[nodiscard]] std::uint64_t delivered() const { return delivered_; }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  std::uint64_t delivered_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t app_limited_until_ = 0;  // the count delivered at which the bubble is gone
  std::uint64_t round_end_ = 0;          // a record sent at or above it ends the round
  Time delivered_time_{};
  Time first_sent_time_{};
  bool is_app_limited_ = false;
};

}  // namespace strata::tcp
