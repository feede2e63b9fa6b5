// SPDX-License-Identifier: Apache-2.0
// The rings of a pipe's end: frames are written and read where they lie in the shared memory. At
// the other end may be a ring as well, or a stack's device: the records are the same
// (driver/pipe/frames.h).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "driver/pipe/frames.h"
#include "driver/pipe/shared_memory.h"
#include "ring/pipe_cable.h"
#include "strata/ring.h"

namespace strata::ring {

class PipeReceiver final : public Receiver {
 public:
  // `frames`: how many may be out at once, a power of two.
  PipeReceiver(std::shared_ptr<PipeCable> cable, std::size_t frames);

  [[nodiscard]] std::size_t fetch(std::span<Frame> frames) override;
  void release(std::size_t count) override;
  [[nodiscard]] bool prepare_to_sleep() override;
  [[nodiscard]] int descriptor() const override { return cable_->descriptor(kSide); }
  [[nodiscard]] bool is_up() override;
  [[nodiscard]] std::uint64_t drops() const override { return drops_; }

 private:
  static constexpr auto kSide = PipeCable::Side::kReader;
  struct Link {
    Link(PipeCable::Memory shared, bool is_first);
    PipeCable::Memory memory;
    driver::pipe::Lane& lane;
    driver::pipe::FrameReader reader;
  };

  [[nodiscard]] bool has_link();
  [[nodiscard]] std::size_t take(std::span<Frame> frames);
  // Nothing was there: the link may be over. False: it is not, or frames of it are still out.
  bool end_link();

  std::shared_ptr<PipeCable> cable_;
  std::optional<Link> link_;
  std::vector<std::uint32_t> record_bytes_;  // of the frames that are out, oldest at first_out_
  std::uint64_t first_out_ = 0;
  std::uint64_t last_out_ = 0;
  std::uint32_t empty_fetches_ = 0;
  std::uint64_t drops_ = 0;
};

class PipeTransmitter final : public Transmitter {
 public:
  explicit PipeTransmitter(std::shared_ptr<PipeCable> cable) : cable_(std::move(cable)) {}

  [[nodiscard]] std::size_t reserve(std::span<Frame> frames, std::size_t frame_bytes) override;
  void commit(std::span<const Frame> frames) override;
  [[nodiscard]] std::size_t copy(std::span<const Frame> frames) override;
  [[nodiscard]] bool prepare_to_sleep() override;
  [[nodiscard]] int descriptor() const override { return cable_->descriptor(kSide); }
  [[nodiscard]] bool is_up() override;
  [[nodiscard]] std::uint64_t drops() const override { return drops_; }

 private:
  static constexpr auto kSide = PipeCable::Side::kWriter;
  struct Link {
    Link(PipeCable::Memory shared, bool is_first);
    PipeCable::Memory memory;
    driver::pipe::Lane& lane;
    driver::pipe::FrameWriter writer;
  };

  [[nodiscard]] bool has_link();
  // There was no room, which may have its reason.
  void look_after_link();
  void publish();

  std::shared_ptr<PipeCable> cable_;
  std::optional<Link> link_;
  PipeCable::Memory reserved_in_;  // the link may end between reserve() and commit()
  std::uint32_t reserved_record_bytes_ = 0;
  std::uint32_t full_calls_ = 0;
  std::uint32_t links_ended_ = 0;  // of the cable, as last seen
  std::uint64_t drops_ = 0;
};

}  // namespace strata::ring
