// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <utility>

#include "driver/frame.h"
#include "strata/devices.h"

namespace strata {
namespace {

// Packets in one direction: a ring of a power of two, indexed by counters that never wrap back.
class Ring {
 public:
  explicit Ring(std::size_t packets) : slots_(std::bit_ceil(packets == 0 ? 1 : packets)) {}
  ~Ring() { clear(); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  [[nodiscard]] std::size_t size() const { return tail_ - head_; }
  [[nodiscard]] std::size_t room() const { return slots_.size() - size(); }
  void push(PacketPtr packet) { slots_[tail_++ & mask()] = packet.release(); }
  [[nodiscard]] PacketPtr pop() { return PacketPtr(slots_[head_++ & mask()]); }
  [[nodiscard]] const Packet& at(std::size_t i) const { return *slots_[(head_ + i) & mask()]; }
  void clear() {
    while (size() != 0) static_cast<void>(pop());
  }

 private:
  [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }

  std::vector<Packet*> slots_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

// A descriptor is touched this many packets ahead and its bytes half as many, so that both are in
// cache by the time they are copied.
constexpr std::size_t kPrefetchAhead = 4;

void prefetch_ahead(const Ring& ring) {
  if (ring.size() > kPrefetchAhead) __builtin_prefetch(&ring.at(kPrefetchAhead));
  if (ring.size() > kPrefetchAhead / 2) {
    __builtin_prefetch(ring.at(kPrefetchAhead / 2).bytes().data());
  }
}

bool nobody_else_holds(const Packet& packet) {
  for (const Packet* slice = &packet; slice != nullptr; slice = slice->next_slice()) {
    if (!slice->is_writable()) return false;
  }
  return true;
}

// What the receiver may know of a packet: what the sender said about checksum and segments, and
// nothing of where it has been. Field by field into fresh notes: put together aside and copied as
// a whole, they would be read back before their bytes have left the store buffer.
void tell_receiver(const PacketNotes& sent, PacketNotes& notes) {
  notes.segment_kind = sent.segment_kind;
  notes.segment_size = sent.segment_size;
  notes.checksum = sent.checksum;
  if (sent.checksum == ChecksumState::kPartial) {
    notes.transport_offset = sent.transport_offset;
    notes.checksum_offset = sent.checksum_offset;
  }
}

class LinkEnd final : public Device {
 public:
  LinkEnd(const MemoryLinkOptions& options, const MacAddress& mac, Ring& incoming, Ring& outgoing,
          const bool& is_plugged)
      : incoming_(incoming),
        outgoing_(outgoing),
        is_plugged_(is_plugged),
        hands_over_(options.hands_over_buffers) {
    capabilities_.medium = options.medium;
    capabilities_.mtu = options.mtu;
    if (options.medium == Medium::kEthernet) capabilities_.mac = mac;
    capabilities_.completes_checksums = options.completes_checksums;
    capabilities_.tcp_segment_bytes_max = options.tcp_segment_bytes_max;
    capabilities_.udp_segment_bytes_max = options.udp_segment_bytes_max;
    capabilities_.vouches_for_bytes = options.vouches_for_bytes;
  }

  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  [[nodiscard]] std::size_t room() const override { return outgoing_.room(); }
  [[nodiscard]] bool is_up() const override { return is_plugged_; }

  void receive(PacketPool& pool, PacketBatch& batch) override {
    while (incoming_.size() != 0 && batch.room() != 0) {
      prefetch_ahead(incoming_);
      PacketPtr packet = take_over(incoming_.pop(), pool);
      if (packet == nullptr) {
        ++counters_.pool_empty_drops;
        continue;
      }
      if (!finish_checksum(*packet)) {
        ++counters_.malformed;
        continue;
      }
      ++counters_.received_packets;
      counters_.received_bytes += packet->size();
      batch.push(std::move(packet));
    }
  }

  void transmit(PacketBatch& batch) override {
    std::size_t done = 0;
    for (; done < batch.size() && outgoing_.room() != 0; ++done) {
      PacketPtr packet = batch.take(done);
      if (packet == nullptr) continue;
      if (!is_plugged_ || !can_send(*packet)) {
        ++counters_.failed_sends;
        continue;
      }
      ++counters_.sent_packets;
      counters_.sent_bytes += packet->size();
      outgoing_.push(std::move(packet));
    }
    done == batch.size() ? batch.clear() : batch.drop_front(done);
  }

 private:
  // The receiver's packet for one that was sent; null when its pool is empty.
  [[nodiscard]] PacketPtr take_over(PacketPtr sent, PacketPool& pool) const {
    if (hands_over_ && nobody_else_holds(*sent)) {
      const PacketNotes notes = sent->notes();
      sent->notes() = PacketNotes{};
      tell_receiver(notes, sent->notes());
      return sent;
    }
    PacketPtr copy = driver::copy_frame(*sent, pool);
    if (copy != nullptr) tell_receiver(sent->notes(), copy->notes());
    return copy;
  }

  [[nodiscard]] bool can_send(const Packet& packet) const {
    if (!driver::is_sendable(capabilities_, packet)) return false;
    if (packet.notes().checksum != ChecksumState::kPartial) return true;
    return (capabilities_.vouches_for_bytes || capabilities_.completes_checksums) &&
           driver::has_sound_partial_checksum(packet);
  }

  // On a link that does not vouch the receiver must verify for itself, so it gets a finished
  // checksum under kUnknown. A super-segment has none to finish: each of its segments will have
  // one once it is cut.
  [[nodiscard]] bool finish_checksum(Packet& packet) const {
    if (capabilities_.vouches_for_bytes) return true;
    PacketNotes& notes = packet.notes();
    if (notes.checksum == ChecksumState::kPartial) {
      if (notes.segment_kind != SegmentKind::kNone) return true;
      if (!driver::complete_checksum(packet)) return false;
      notes.transport_offset = 0;
      notes.checksum_offset = 0;
    }
    notes.checksum = ChecksumState::kUnknown;
    return true;
  }

  DeviceCapabilities capabilities_;
  Ring& incoming_;
  Ring& outgoing_;
  const bool& is_plugged_;
  bool hands_over_;
};

}  // namespace

struct MemoryLink::Wiring {
  explicit Wiring(const MemoryLinkOptions& options)
      : forth(options.ring_packets),
        back(options.ring_packets),
        first(options, options.macs[0], back, forth, is_plugged),
        second(options, options.macs[1], forth, back, is_plugged) {}

  bool is_plugged = true;
  Ring forth, back;
  LinkEnd first, second;
};

MemoryLink::MemoryLink(const MemoryLinkOptions& options)
    : wiring_(std::make_unique<Wiring>(options)) {}

MemoryLink::~MemoryLink() = default;

Device& MemoryLink::end(std::size_t which) {
  STRATA_CHECK(which < 2);
  return which == 0 ? wiring_->first : wiring_->second;
}

std::size_t MemoryLink::packets_under_way() const {
  return wiring_->forth.size() + wiring_->back.size();
}

void MemoryLink::set_up(bool up) { wiring_->is_plugged = up; }

void MemoryLink::clear() {
  wiring_->forth.clear();
  wiring_->back.clear();
}

}  // namespace strata
