// SPDX-License-Identifier: Apache-2.0
#include "runtime/cores/steered_device.h"

#include <algorithm>
#include <utility>

namespace strata::runtime {
namespace {

using Purpose = HandoverRing::Purpose;

// What others handed over may fill this much of a batch, the core's own queue the rest.
constexpr std::size_t kTakenMax = PacketBatch::kCapacity / 2;
// So many batches of the own queue may be for others before the stack gets its turn.
constexpr unsigned kRoundsMax = 4;
// Up to here a copy goes into small buffers: the large ones are few.
constexpr std::size_t kSmallRoom = kSmallBufferBytes - kHeadroom;
constexpr std::size_t kChainBytesMax = 8 * 1024;

// A packet of `pool` with the same bytes and notes. Only reads `from`, which is another core's.
PacketPtr copy_across(const Packet& from, PacketPool& pool) {
  if (from.size() <= kSmallRoom || from.size() > kChainBytesMax) return from.copy(pool);
  PacketPtr head;
  for (std::size_t at = 0; at < from.size();) {
    PacketPtr part = pool.allocate();
    if (part == nullptr) return nullptr;
    const std::size_t here = std::min(kSmallRoom, from.size() - at);
    from.copy_out(at, part->append(here));
    at += here;
    if (head == nullptr) {
      head = std::move(part);
    } else {
      head->append_chain(std::move(part));
    }
  }
  head->notes() = from.notes();
  return head;
}

}  // namespace

SteeredDevice::SteeredDevice(Crossbar& crossbar, std::uint16_t core, Device* queue)
    : crossbar_(crossbar), core_(core), queue_(queue), was_given_(crossbar.cores()) {
  STRATA_CHECK(core < crossbar.cores() && crossbar.has_queue(core) == (queue != nullptr));
}

bool SteeredDevice::is_up() const {
  if (queue_ == nullptr) return crossbar_.is_up();
  const bool is_up = queue_->is_up();
  if (core_ == Steering::kFront) crossbar_.set_up(is_up);
  return is_up;
}

bool SteeredDevice::has_waiting() const {
  for (std::uint16_t from = 0; from < crossbar_.cores(); ++from) {
    if (from != core_ && crossbar_.ring(from, core_).has_waiting()) return true;
  }
  return false;
}

void SteeredDevice::receive(PacketPool& pool, PacketBatch& batch) {
  take_back();
  take_over(pool, batch);
  if (queue_ != nullptr) receive_own(pool, batch);
  publish();
}

void SteeredDevice::take_over(PacketPool& pool, PacketBatch& batch) {
  PacketBatch departing;
  const std::size_t out_max =
      queue_ == nullptr ? 0 : std::min(queue_->room(), PacketBatch::kCapacity);
  const std::uint16_t cores = crossbar_.cores();
  std::uint16_t from = next_taken_;
  for (std::uint16_t i = 0; i < cores; ++i) {
    if (from != core_) take_from(crossbar_.ring(from, core_), pool, batch, departing, out_max);
    if (++from == cores) from = 0;
  }
  if (++next_taken_ == cores) next_taken_ = 0;
  if (departing.empty()) return;
  crossings_.sent_for_others += departing.size();
  queue_->transmit(departing);
  counters_.failed_sends += departing.size();
}

void SteeredDevice::take_from(HandoverRing& ring, PacketPool& pool, PacketBatch& in,
                              PacketBatch& out, std::size_t out_max) {
  bool has_taken = false;
  while (true) {
    const HandoverRing::Offer offer = ring.front();
    if (offer.packet == nullptr) break;
    const bool is_arrived = offer.purpose == Purpose::kArrived;
    if (is_arrived ? in.size() >= kTakenMax : out.size() >= out_max) break;
    PacketPtr packet = copy_across(*offer.packet, pool);
    ring.pop();
    has_taken = true;
    if (packet == nullptr) {
      ++counters_.pool_empty_drops;
      continue;
    }
    if (is_arrived) {
      ++crossings_.taken_over;
      ++counters_.received_packets;
      counters_.received_bytes += packet->size();
      in.push(std::move(packet));
    } else {
      out.push(std::move(packet));
    }
  }
  if (has_taken) ring.release();
}

void SteeredDevice::receive_own(PacketPool& pool, PacketBatch& batch) {
  for (unsigned round = 0; round < kRoundsMax && batch.room() != 0; ++round) {
    const std::size_t first = batch.size();
    const std::uint64_t empty_before = queue_->counters().pool_empty_drops;
    queue_->receive(pool, batch);
    counters_.pool_empty_drops += queue_->counters().pool_empty_drops - empty_before;
    const bool was_filled = batch.room() == 0;
    sort(pool, batch, first);
    if (!was_filled) break;
  }
}

// Keeps of what has just come what is for this core.
void SteeredDevice::sort(PacketPool& pool, PacketBatch& batch, std::size_t first) {
  bool has_holes = false;
  for (std::size_t i = first; i < batch.size(); ++i) {
    const Packet& frame = batch[i];
    const std::uint16_t home = crossbar_.steering().core_of(frame);
    if (home == core_ || home == Steering::kEveryone) {
      ++counters_.received_packets;
      counters_.received_bytes += frame.size();
      if (home == Steering::kEveryone) tell_everyone(frame, pool);
      continue;
    }
    give(batch.take(i), home, Purpose::kArrived);
    has_holes = true;
  }
  if (has_holes) batch.compact();
}

void SteeredDevice::tell_everyone(const Packet& frame, PacketPool& pool) {
  for (std::uint16_t core = 0; core < crossbar_.cores(); ++core) {
    if (core == core_) continue;
    PacketPtr twin = frame.copy(pool);
    if (twin == nullptr) {
      ++counters_.pool_empty_drops;
      continue;
    }
    give(std::move(twin), core, Purpose::kArrived);
  }
}

void SteeredDevice::hand_over(PacketPtr frame, std::uint16_t core) {
  give(std::move(frame), core, Purpose::kArrived);
  publish();
}

void SteeredDevice::give(PacketPtr packet, std::uint16_t core, Purpose purpose) {
  HandoverRing& ring = crossbar_.ring(core_, core);
  if (ring.room() == 0) {
    ++crossings_.ring_full_drops;
    return;
  }
  ring.give(std::move(packet), purpose);
  if (purpose == Purpose::kArrived) ++crossings_.handed_over;
  was_given_[core] = true;
  has_given_ = true;
}

void SteeredDevice::publish() {
  if (!has_given_) return;
  has_given_ = false;
  for (std::uint16_t core = 0; core < crossbar_.cores(); ++core) {
    if (!was_given_[core]) continue;
    was_given_[core] = false;
    crossbar_.ring(core_, core).publish();
    crossbar_.bells().ring(core);
  }
}

void SteeredDevice::take_back() {
  for (std::uint16_t core = 0; core < crossbar_.cores(); ++core) {
    HandoverRing& ring = crossbar_.ring(core_, core);
    if (ring.has_given()) ring.take_back();
  }
}

std::size_t SteeredDevice::room() const {
  if (queue_ != nullptr) return queue_->room();
  return std::min(crossbar_.ring(core_, crossbar_.gate_of(core_)).room(), PacketBatch::kCapacity);
}

void SteeredDevice::transmit(PacketBatch& batch) {
  if (core_ != Steering::kFront) withhold(batch);
  if (queue_ == nullptr) return send_by_gate(batch);
  const Counters before = queue_->counters();
  queue_->transmit(batch);
  const Counters& after = queue_->counters();
  counters_.sent_packets += after.sent_packets - before.sent_packets;
  counters_.sent_bytes += after.sent_bytes - before.sent_bytes;
  counters_.failed_sends += after.failed_sends - before.failed_sends;
}

void SteeredDevice::withhold(PacketBatch& batch) {
  bool has_holes = false;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!crossbar_.steering().speaks_for_the_host(batch[i])) continue;
    static_cast<void>(batch.take(i));
    ++crossings_.withheld;
    has_holes = true;
  }
  if (has_holes) batch.compact();
}

void SteeredDevice::send_by_gate(PacketBatch& batch) {
  const std::uint16_t gate = crossbar_.gate_of(core_);
  HandoverRing& ring = crossbar_.ring(core_, gate);
  std::size_t done = 0;
  for (; done < batch.size() && ring.room() != 0; ++done) {
    PacketPtr packet = batch.take(done);
    if (packet == nullptr) continue;
    ++counters_.sent_packets;
    counters_.sent_bytes += packet->size();
    give(std::move(packet), gate, Purpose::kDeparting);
  }
  done == batch.size() ? batch.clear() : batch.drop_front(done);
  publish();
}

}  // namespace strata::runtime
