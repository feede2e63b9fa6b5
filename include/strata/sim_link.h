// SPDX-License-Identifier: Apache-2.0
// sim::Link: a cable between two nodes, what may go wrong on it, and who may watch.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/error.h"
#include "strata/packet.h"
#include "strata/rng.h"
#include "strata/time.h"

// The way of a frame, in one direction:
//
//   sender -> partition? -> mtu? -> [ queue ] -> serialised at the rate -> loss -> corruption
//                  |          |         |              (no two at a time)     |
//                  v          v         v                                     v
//               dropped    dropped   dropped                               dropped
//
//          -> duplication -> delay + jitter + held back? -> receiver
//
// 1. Serialising takes bits * 10^9 / rate nanoseconds. What does not divide is carried to the next
//    frame while the link is busy, so a saturated link runs at its rate exactly. With a trace, the
//    last byte leaves at the opportunity that has room for it.
// 2. A frame that is lost or corrupted has occupied the wire like any other; a duplicate has not.
// 3. Frames overtake each other only through reordering, or jitter that may reorder.
// 4. When a link goes down, what is queued and what is on the wire is lost.

namespace strata::sim {

class Channel;
class Engine;
class Link;
class Node;

enum class Direction : std::uint8_t { kAToB, kBToA };

[[nodiscard]] constexpr Direction opposite(Direction direction) {
  return direction == Direction::kAToB ? Direction::kBToA : Direction::kAToB;
}

// Two-state loss in bursts (Gilbert 1960, Elliott 1963). The state moves once a frame, before the
// frame's fate is drawn; links begin in the good state.
struct GilbertElliott {
  Ratio good_to_bad = {};
  Ratio bad_to_good = {};
  Ratio loss_in_good = {};
  Ratio loss_in_bad = {1, 1};
};

// How jitter is spread.
enum class JitterShape : std::uint8_t {
  kUniform,    // [0, jitter]
  kNormal,     // around the delay, jitter being the deviation; nothing arrives before it has left
  kPareto,     // a long tail: P(more than x) = (1 + x / jitter)^-jitter_tail
  kEmpirical,  // one of jitter_samples, each as likely
};

// A recorded line, as mahimahi has it: when it could carry a packet of full size. After the last
// of them it begins anew. Those of one instant are several.
struct RateTrace {
  std::vector<std::uint32_t> opportunities_ms;  // ascending; the last is not 0
};
// A full-sized frame. Smaller ones share an opportunity, as far as they wait for it together.
inline constexpr std::size_t kTraceOpportunityBytes = 1514;

// What befalls one frame, whatever chance says. Frames on the wire of its direction count from 0.
struct FrameFault {
  enum class Kind : std::uint8_t { kLose, kCorrupt, kDuplicate, kHold };
  Kind kind = Kind::kLose;
  std::uint64_t position = 0;
  std::uint64_t bits_seed = 0;  // kCorrupt: which bits are flipped
  Duration delay{};             // kHold: while later frames pass

  friend bool operator==(const FrameFault&, const FrameFault&) = default;
};

// One direction of a link. The defaults are a perfect cable: no delay, no limit of rate.
struct LinkConfig {
  std::uint64_t bits_per_second = 0;            // 0: serialising takes no time
  std::shared_ptr<const RateTrace> trace = {};  // instead of a rate
  std::uint32_t frame_overhead_bytes = 0;  // that the rate counts: 24 for preamble, FCS and gap
  Duration delay = {};                     // propagation
  Duration jitter = {};                    // more delay
  JitterShape jitter_shape = JitterShape::kUniform;
  Ratio jitter_tail = {3, 1};
  std::shared_ptr<const std::vector<Duration>> jitter_samples = {};
  bool jitter_reorders = false;  // false: a frame waits for those before it
  std::size_t mtu = 1500;        // bytes of IP packet; longer frames are dropped

  std::size_t queue_packets_max = 1000;  // waiting, beside the one being serialised
  std::size_t queue_bytes_max = SIZE_MAX;
  // Devices tell their stack how much room the queue has, so that a sender holds back instead of
  // losing frames in its own queue.
  bool backpressure = false;

  Ratio loss = {};  // each frame by itself
  // Exactly these, ascending; the first on the wire is 0.
  std::vector<std::uint64_t> lost_frames = {};
  // Beside what chance does; in the order of their positions.
  std::vector<FrameFault> frame_faults = {};
  GilbertElliott burst_loss = {};
  Ratio duplication = {};
  Ratio corruption = {};
  std::uint32_t corrupted_bits = 1;  // flipped in a corrupted frame, all different
  // Held back by reorder_delay while later frames pass: each by chance, or every n-th (0: none).
  Ratio reordering = {};
  std::uint32_t reorder_every = 0;
  Duration reorder_delay = std::chrono::milliseconds(1);
};

inline constexpr std::size_t kLinkMtuMax = kLargeBufferBytes - 256;  // with all headroom

// kInvalidArgument for what no link can be: negative times, a ratio above one or over zero,
// positions out of order, no room in the queue, an mtu that no IP or no buffer can have, no bits
// to flip, a trace without opportunities, a tail over 2^24 parts, no samples to draw from.
[[nodiscard]] Result<void> validate(const LinkConfig& config);

// What a link carries for long: its rate, or that of its trace; 0: there is no limit.
[[nodiscard]] std::uint64_t mean_bits_per_second(const LinkConfig& config);

// Where a frame came to its end before its receiver.
enum class LinkDrop : std::uint8_t {
  kNone,
  kDown,  // the link is, or went, down
  kPartition,
  kOversized,  // longer than the mtu
  kQueue,      // the queue was full, or its discipline dropped it
  kLoss,
  kExactLoss,  // LinkConfig::lost_frames
  kBurstLoss,
  kPoolEmpty,  // no packet for a copy
  kCount,
};
[[nodiscard]] std::string_view to_text(LinkDrop drop);

struct LinkCounters {
  std::uint64_t sent_frames = 0;  // handed to the link
  std::uint64_t sent_bytes = 0;
  std::uint64_t delivered_frames = 0;
  std::uint64_t delivered_bytes = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(LinkDrop::kCount)> dropped{};
  std::uint64_t duplicated_frames = 0;
  std::uint64_t corrupted_frames = 0;
  std::uint64_t reordered_frames = 0;  // held back
  std::size_t queue_packets_peak = 0;
  std::size_t queue_bytes_peak = 0;

  [[nodiscard]] std::uint64_t dropped_by(LinkDrop drop) const {
    return dropped[static_cast<std::size_t>(drop)];
  }
  [[nodiscard]] std::uint64_t dropped_frames() const {
    std::uint64_t total = 0;
    for (const std::uint64_t count : dropped) total += count;
    return total;
  }
};

// Frames waiting for the wire. A discipline decides which goes next and which never will.
class QueueDiscipline {
 public:
  // Takes what a discipline drops.
  class Drops {
   public:
    virtual ~Drops() = default;
    virtual void drop(PacketPtr frame) = 0;
  };

  virtual ~QueueDiscipline() = default;
  virtual void enqueue(PacketPtr frame, Time now, Drops& drops) = 0;
  // Null when nothing is left to send.
  [[nodiscard]] virtual PacketPtr dequeue(Time now, Drops& drops) = 0;
  [[nodiscard]] virtual std::size_t packets() const = 0;
  [[nodiscard]] virtual std::size_t bytes() const = 0;
  // How many full-sized frames it would surely take now.
  [[nodiscard]] virtual std::size_t room() const = 0;
};

// What a tap is told. The packet belongs to the link: look, share() or copy() it.
struct Sighting {
  enum class Moment : std::uint8_t {
    kSent,       // handed to the link, before anything was decided
    kDelivered,  // at the far end, just before the receiver gets it
    kDropped,
  };
  Time at{};
  const Link& link;
  Direction direction = Direction::kAToB;
  Moment moment = Moment::kSent;
  LinkDrop drop = LinkDrop::kNone;  // with kDropped
  const Packet& packet;
};

class Tap {
 public:
  virtual ~Tap() = default;
  virtual void on_frame(const Sighting& sighting) = 0;
};

class Link {
 public:
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] Node& node(Direction sender) const;
  [[nodiscard]] std::size_t port(Direction sender) const;  // its number on that node

  [[nodiscard]] const LinkConfig& config(Direction direction) const;
  // From the next frame on. Frames in the queue stay there even if it is now shorter. The mtu of a
  // host's device does not follow: stacks learn their mtu once.
  void configure(Direction direction, const LinkConfig& config);
  // Frames that wait move over, as far as it takes them. The queue limits of the configuration
  // belong to the tail drop that every link begins with, and mean nothing to another discipline.
  void set_queue(Direction direction, std::unique_ptr<QueueDiscipline> queue);
  // The one that the link began with again.
  void set_tail_drop(Direction direction);

  // Both ends see it.
  void set_up(bool up);
  [[nodiscard]] bool is_up() const { return is_up_; }
  // Nobody sees it: frames of this direction vanish.
  void set_partitioned(Direction direction, bool partitioned);

  // From now on every fault that strikes is added to `into`, as one that frame_faults would repeat.
  // Jitter is none. `into` outlives the link.
  void record_faults(Direction direction, std::vector<FrameFault>& into);

  [[nodiscard]] const LinkCounters& counters(Direction direction) const;
  [[nodiscard]] const QueueDiscipline& queue(Direction direction) const;
  // In the queue and on the wire.
  [[nodiscard]] std::size_t frames_in_flight(Direction direction) const;

 private:
  friend class Channel;
  friend class Engine;
  Link(Engine& engine, std::string name);
  [[nodiscard]] Channel& channel(Direction direction) const {
    return *channels_[static_cast<std::size_t>(direction)];
  }

  std::string name_;
  bool is_up_ = true;
  std::array<std::unique_ptr<Channel>, 2> channels_;
};

}  // namespace strata::sim
