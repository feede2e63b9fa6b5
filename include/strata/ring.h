// SPDX-License-Identifier: Apache-2.0
// Rings: frames of a device in batches, where they lie, for those who want packets and no stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "strata/bytes.h"
#include "strata/check.h"
#include "strata/coro/wait.h"
#include "strata/device.h"
#include "strata/devices.h"
#include "strata/time.h"

//   Port::open("pipe:link1") ── port ──┬── rx(0), rx(1), ...   frames that have arrived
//                                      └── tx(0), tx(1), ...   frames to be sent
//
//   for (Frame& frame : rx.batch(64)) look_at(frame.bytes());
//
//   std::span<Frame> frames = tx.reserve(32, 64);        frames of up to 64 bytes
//   for (Frame& frame : frames) fill(frame.bytes());     resize() those that are shorter
//   tx.commit(frames.size());
//
// 1. What batch() answers stays where it is until the next batch() or sync(), and what reserve()
//    answers until commit() or the next reserve(). Nothing is copied in between.
// 2. A received frame that is moved out of its batch stays for as long as it lives. It keeps the
//    frames that came after it from being given back: copy what is to be kept for long. It must
//    not outlive its ring.
// 3. A ring belongs to one thread at a time; the rings of one port may belong to different ones.
// 4. The bytes of a frame that came through a pipe can be changed by the other side at any time:
//    copy what you judge. Its size and its offload notes have been judged, and do not change.
// 5. Sending is not waiting: reserve() answers fewer frames than asked for when there is no room,
//    and none while the link is down. What commit() took is counted if it is lost afterwards.
// 6. The descriptor of a ring is readable when there are frames, once prepare_to_sleep() has been
//    asked and had none: other sides need not wake those who do not sleep.

namespace strata {
class Loop;
}

namespace strata::ring {

// What a frame's sender has left to be done, in the form of Virtio 1.2 section 5.1.6: a checksum,
// and the cutting of a super-segment. Zero: nothing is left.
struct Offload {
  static constexpr std::uint8_t kNeedsChecksum = 1;  // the field holds the pseudo-header's sum
  static constexpr std::uint8_t kChecksumIsRight = 2;
  static constexpr std::uint8_t kSegmentsTcpV4 = 1;
  static constexpr std::uint8_t kSegmentsTcpV6 = 4;
  static constexpr std::uint8_t kSegmentsUdp = 5;

  std::uint8_t flags = 0;
  std::uint8_t segment_kind = 0;
  std::uint16_t header_bytes = 0;   // in front of each segment's payload, a hint
  std::uint16_t segment_bytes = 0;  // payload of a segment
  std::uint16_t checksum_start = 0;
  std::uint16_t checksum_offset = 0;  // from checksum_start
  std::uint16_t reserved = 0;

  friend bool operator==(const Offload&, const Offload&) = default;
};
static_assert(sizeof(Offload) == 12);

// A view of one frame in a ring.
class Frame {
 public:
  Frame() = default;
  Frame(Frame&& other) noexcept { take(other); }
  Frame& operator=(Frame&& other) noexcept {
    if (this != &other) {
      give_back();
      take(other);
    }
    return *this;
  }
  ~Frame() { give_back(); }

  // False for one that has been moved from.
  [[nodiscard]] explicit operator bool() const { return data_ != nullptr; }
  [[nodiscard]] MutableBytes bytes() { return {data_, size_}; }
  [[nodiscard]] Bytes bytes() const { return {data_, size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  // Makes a frame shorter, or, within its capacity, longer.
  void resize(std::size_t size) {
    STRATA_CHECK(size != 0 && size <= capacity_);
    size_ = static_cast<std::uint32_t>(size);
  }
  [[nodiscard]] const Offload& offload() const { return offload_; }
  void set_offload(const Offload& offload) { offload_ = offload; }

  // For backends: this frame is there from now on.
  void place(std::byte* data, std::size_t size, std::size_t capacity, const Offload& offload = {}) {
    data_ = data;
    size_ = static_cast<std::uint32_t>(size);
    capacity_ = static_cast<std::uint32_t>(capacity);
    offload_ = offload;
    place_ = Place::kRing;
  }

 private:
  friend class RxRing;
  enum class Place : std::uint8_t {
    kRing,       // an entry of a ring, with a frame
    kMovedAway,  // an entry of a ring whose frame somebody holds
    kHeld,       // outside of the ring
  };

  void take(Frame& other) {
    data_ = std::exchange(other.data_, nullptr);
    size_ = other.size_;
    capacity_ = other.capacity_;
    offload_ = other.offload_;
    place_ = Place::kHeld;
    if (other.place_ == Place::kHeld) {
      entry_ = std::exchange(other.entry_, nullptr);
    } else if (data_ != nullptr) {
      other.place_ = Place::kMovedAway;
      entry_ = &other;
    }
  }
  void give_back() {
    if (entry_ != nullptr) std::exchange(entry_, nullptr)->place_ = Place::kRing;
  }

  std::byte* data_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
  Offload offload_;
  Place place_ = Place::kHeld;
  Frame* entry_ = nullptr;  // kHeld only: where it came from
};

// ---- what a device does for its rings; called once a batch, never once a frame ----

class Receiver {
 public:
  virtual ~Receiver() = default;
  // Places what has arrived in order and answers how many. They stay until they are released.
  [[nodiscard]] virtual std::size_t fetch(std::span<Frame> frames) = 0;
  // The oldest `count` frames that were fetched are not needed any more.
  virtual void release(std::size_t count) = 0;
  // False: there are frames now. True: descriptor() will be readable as soon as there are.
  [[nodiscard]] virtual bool prepare_to_sleep() = 0;
  [[nodiscard]] virtual int descriptor() const = 0;
  [[nodiscard]] virtual bool is_up() = 0;
  // Frames that arrived and could not be shown.
  [[nodiscard]] virtual std::uint64_t drops() const { return 0; }
};

class Transmitter {
 public:
  virtual ~Transmitter() = default;
  // Places room for frames of `frame_bytes` and answers for how many. What was reserved before and
  // not committed is given up.
  [[nodiscard]] virtual std::size_t reserve(std::span<Frame> frames, std::size_t frame_bytes) = 0;
  // Sends these, the first of what was reserved; the rest is given up.
  virtual void commit(std::span<const Frame> frames) = 0;
  // Sends copies of frames of others, as many as there is room for, and answers how many.
  [[nodiscard]] virtual std::size_t copy(std::span<const Frame> frames) = 0;
  // False: what was committed has not all left yet.
  virtual bool sync() { return true; }
  // False: there is room now. True: descriptor() will be readable as soon as there is.
  [[nodiscard]] virtual bool prepare_to_sleep() = 0;
  [[nodiscard]] virtual int descriptor() const = 0;
  [[nodiscard]] virtual bool is_up() = 0;
  [[nodiscard]] virtual std::uint64_t drops() const { return 0; }
};

// What a coroutine awaits until a ring has frames, or room for some: `co_await rx.ready()`. Kernel
// descriptors are watched by a Loop, and its tasks are resumed by it.
template <typename Ring>
class [[nodiscard]] Ready final : public coro::Wait {
 public:
  Ready(Ring& ring, Loop& loop, const coro::Until& until);
  ~Ready() override;
  Ready(Ready&&) noexcept = default;
  [[nodiscard]] bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter);
  // kTimedOut, kCancelled, or what kept the descriptor from being watched.
  [[nodiscard]] Result<void> await_resume() const { return result_; }

 private:
  void on_end(std::optional<Error> why) override;
  void look_again();
  void unwatch();

  Ring* ring_;
  Loop* loop_;
  int watched_ = -1;
  Result<void> result_{};
};

class RxRing {
 public:
  RxRing(std::unique_ptr<Receiver> receiver, std::size_t frames);
  ~RxRing();
  RxRing(const RxRing&) = delete;
  RxRing& operator=(const RxRing&) = delete;

  // Up to `count` frames that have arrived, empty when there are none. Those of the batch before go
  // back, except what was moved out of it.
  [[nodiscard]] std::span<Frame> batch(std::size_t count);
  // Gives back what batch() answered last, without asking for more.
  void sync() { give_back(); }
  // Sleeps until there are frames or the time is over. True: there are.
  [[nodiscard]] bool wait(Duration patience);
  [[nodiscard]] bool prepare_to_sleep();
  [[nodiscard]] int descriptor() const { return receiver_->descriptor(); }
  // For coroutines, once attach() has said which loop runs them.
  [[nodiscard]] Ready<RxRing> ready(const coro::Until& until = {});
  void attach(Loop& loop) { loop_ = &loop; }
  [[nodiscard]] bool is_up() { return receiver_->is_up(); }

  [[nodiscard]] std::uint64_t frames() const { return frames_received_; }
  [[nodiscard]] std::uint64_t drops() const { return receiver_->drops(); }

 private:
  void give_back();

  std::unique_ptr<Receiver> receiver_;
  Loop* loop_ = nullptr;
  std::vector<Frame> entries_;
  std::uint64_t head_ = 0;  // the oldest entry that has not been released
  std::uint64_t tail_ = 0;
  std::uint64_t frames_received_ = 0;
};

class TxRing {
 public:
  TxRing(std::unique_ptr<Transmitter> transmitter, std::size_t frames, std::size_t frame_bytes);
  ~TxRing();
  TxRing(const TxRing&) = delete;
  TxRing& operator=(const TxRing&) = delete;

  // Room for up to `count` frames, each of which may become `frame_bytes` long and has that size
  // already. 0: as long as frames of this port may be.
  [[nodiscard]] std::span<Frame> reserve(std::size_t count, std::size_t frame_bytes = 0);
  // Sends the first `count` of them in order.
  void commit(std::size_t count);
  // Sends copies, with what is left to be done about them. Answers how many there was room for.
  [[nodiscard]] std::size_t copy(std::span<const Frame> frames);
  // Sends one copy. False when there is no room for it.
  [[nodiscard]] bool send(Bytes frame);
  // Pushes on what a device could not take at once. False: not all has left yet.
  bool sync() { return transmitter_->sync(); }
  // Sleeps until there is room or the time is over. True: there is.
  [[nodiscard]] bool wait(Duration patience);
  [[nodiscard]] bool prepare_to_sleep() { return transmitter_->prepare_to_sleep(); }
  [[nodiscard]] int descriptor() const { return transmitter_->descriptor(); }
  // For coroutines, once attach() has said which loop runs them.
  [[nodiscard]] Ready<TxRing> ready(const coro::Until& until = {});
  void attach(Loop& loop) { loop_ = &loop; }
  [[nodiscard]] bool is_up() { return transmitter_->is_up(); }

  [[nodiscard]] std::size_t frame_bytes_max() const { return frame_bytes_; }
  [[nodiscard]] std::uint64_t frames() const { return frames_sent_; }
  [[nodiscard]] std::uint64_t drops() const { return transmitter_->drops(); }

 private:
  std::unique_ptr<Transmitter> transmitter_;
  Loop* loop_ = nullptr;
  std::vector<Frame> entries_;
  std::size_t frame_bytes_;
  std::size_t reserved_ = 0;
  std::uint64_t frames_sent_ = 0;
};

class PortBuilder;

// A device and its rings.
class Port {
 public:
  // A device as in strata/devices.h, and two short forms: `pipe{NAME}` for pipe:NAME, and `IF^` for
  // what goes to and comes from this host's own stack by the interface IF.
  [[nodiscard]] static PortBuilder open(std::string spec);
  // Over a device that is there already, and outlives the port.
  [[nodiscard]] static Port over(Device& device);
  // Both ends of a pipe between two threads of this process.
  [[nodiscard]] static std::expected<std::pair<Port, Port>, DeviceError> pipe();

  Port(std::vector<std::unique_ptr<RxRing>> rx, std::vector<std::unique_ptr<TxRing>> tx)
      : rx_(std::move(rx)), tx_(std::move(tx)) {}

  [[nodiscard]] RxRing& rx(std::size_t which = 0) { return *rx_.at(which); }
  [[nodiscard]] TxRing& tx(std::size_t which = 0) { return *tx_.at(which); }
  [[nodiscard]] std::size_t rx_rings() const { return rx_.size(); }
  [[nodiscard]] std::size_t tx_rings() const { return tx_.size(); }

 private:
  std::vector<std::unique_ptr<RxRing>> rx_;
  std::vector<std::unique_ptr<TxRing>> tx_;
};

class PortBuilder {
 public:
  explicit PortBuilder(std::string spec) : spec_(std::move(spec)) {}

  // One of each unless said otherwise; more than the device has queues is an error.
  PortBuilder& rx_rings(std::size_t count) {
    rx_rings_ = count;
    return *this;
  }
  PortBuilder& tx_rings(std::size_t count) {
    tx_rings_ = count;
    return *this;
  }
  // How many frames a batch or a reservation may have at most.
  PortBuilder& frames(std::size_t count) {
    frames_ = count;
    return *this;
  }
  // Whose coroutines await the rings.
  PortBuilder& loop(Loop& loop) {
    loop_ = &loop;
    return *this;
  }
  // Whether the device's name makes sense. Nothing is opened.
  [[nodiscard]] std::expected<void, DeviceError> check() const;
  [[nodiscard]] std::expected<Port, DeviceError> make() const;

 private:
  std::string spec_;
  Loop* loop_ = nullptr;
  std::size_t rx_rings_ = 1;
  std::size_t tx_rings_ = 1;
  std::size_t frames_ = 256;
};

// Keeps the calling thread on one core, for a thread per ring. False: this process may not use it.
bool pin_to_core(unsigned core);

}  // namespace strata::ring
