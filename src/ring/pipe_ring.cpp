// SPDX-License-Identifier: Apache-2.0
#include "ring/pipe_ring.h"

#include <algorithm>
#include <bit>

namespace strata::ring {
namespace {

using driver::VirtioHeader;
using driver::pipe::FrameWriter;
using driver::pipe::must_wake;
using driver::pipe::record_bytes;
using driver::pipe::RecordHead;
using driver::pipe::say_waiting;

static_assert(sizeof(Offload) == sizeof(VirtioHeader));

// Looking after the connection is a system call, and who spins asks millions of times a second.
constexpr std::uint32_t kLooksApart = 4096;

// A head that claims what the frame does not hold is worth a frame, not a link.
bool is_sound(const VirtioHeader& notes, std::size_t size) {
  const bool needs_checksum = (notes.flags & VirtioHeader::kNeedsChecksum) != 0;
  const std::size_t field = std::size_t{notes.checksum_start} + notes.checksum_offset;
  if (needs_checksum && (notes.checksum_start == 0 || field + 2 > size)) return false;
  return notes.gso_type == VirtioHeader::kGsoNone || (notes.flags != 0 && notes.gso_size != 0);
}

// The gap behind a record is no business of who reads the frame.
Offload offload_of(VirtioHeader notes) {
  notes.buffers = 0;
  return std::bit_cast<Offload>(notes);
}

std::uint32_t lane_towards(bool is_first) { return is_first ? 0 : 1; }

}  // namespace

// ---- receiving ----

PipeReceiver::Link::Link(PipeCable::Memory shared, bool is_first)
    : memory(std::move(shared)),
      lane(memory->lane(lane_towards(!is_first))),
      reader(lane.indices, memory->data(lane_towards(!is_first))) {}

PipeReceiver::PipeReceiver(std::shared_ptr<PipeCable> cable, std::size_t frames)
    : cable_(std::move(cable)), record_bytes_(std::bit_ceil(frames)) {}

bool PipeReceiver::has_link() {
  if (link_) return true;
  PipeCable::Memory memory = cable_->link(kSide);
  if (memory != nullptr) link_.emplace(std::move(memory), cable_->is_first());
  return link_.has_value();
}

std::size_t PipeReceiver::take(std::span<Frame> frames) {
  const std::size_t mask = record_bytes_.size() - 1;
  std::size_t count = std::min<std::size_t>(frames.size(), mask + 1 - (last_out_ - first_out_));
  std::size_t taken = 0;
  std::uint64_t out = last_out_;
  std::uint32_t refused_bytes = 0;
  (void)link_->reader.take(
      count, [&](MutableBytes bytes, const VirtioHeader& notes, std::uint32_t record) {
        if ((notes.flags != 0 || notes.gso_type != 0) && !is_sound(notes, bytes.size())) {
          ++drops_;
          refused_bytes += record;
          return;
        }
        record_bytes_[out++ & mask] = record + std::exchange(refused_bytes, 0);
        frames[taken++].place(bytes.data(), bytes.size(), bytes.size(), offload_of(notes));
      });
  // Refused frames go back with the one behind them; if there is none, with the one before.
  if (refused_bytes != 0 && out != first_out_) {
    record_bytes_[(out - 1) & mask] += refused_bytes;
  } else if (refused_bytes != 0) {
    link_->reader.release(refused_bytes);
  }
  last_out_ = out;
  return taken;
}

std::size_t PipeReceiver::fetch(std::span<Frame> frames) {
  if (!has_link()) return 0;
  const std::size_t taken = take(frames);
  if (taken != 0) {
    empty_fetches_ = 0;
    return taken;
  }
  if (++empty_fetches_ % kLooksApart == 0 || link_->reader.is_corrupted()) end_link();
  return 0;
}

bool PipeReceiver::end_link() {
  if (!link_ || first_out_ != last_out_) return false;
  if (link_->reader.is_corrupted()) {
    ++drops_;
  } else if (!cable_->is_over(link_->memory, kSide) || link_->reader.has_frames()) {
    // What the other end sent before it went comes first.
    return false;
  }
  cable_->let_go(link_->memory, kSide);
  link_.reset();
  return true;
}

void PipeReceiver::release(std::size_t count) {
  std::uint32_t bytes = 0;
  const std::size_t mask = record_bytes_.size() - 1;
  for (std::size_t i = 0; i < count; ++i) bytes += record_bytes_[first_out_++ & mask];
  link_->reader.release(bytes);
  if (must_wake(link_->lane.writer_waits)) cable_->ring();
}

bool PipeReceiver::prepare_to_sleep() {
  if (link_ && link_->reader.has_frames()) return false;
  cable_->prepare_to_sleep(kSide);
  if (!has_link()) return true;
  say_waiting(link_->lane.reader_waits);
  if (link_->reader.has_frames()) return false;
  end_link();
  // The next link may be there already.
  return !has_link() || !link_->reader.has_frames();
}

bool PipeReceiver::is_up() {
  end_link();
  return has_link();
}

// ---- sending ----

PipeTransmitter::Link::Link(PipeCable::Memory shared, bool is_first)
    : memory(std::move(shared)),
      lane(memory->lane(lane_towards(is_first))),
      writer(lane.indices, memory->data(lane_towards(is_first))) {}

bool PipeTransmitter::has_link() {
  if (std::exchange(links_ended_, cable_->links_ended()) != links_ended_) look_after_link();
  if (link_) return true;
  PipeCable::Memory memory = cable_->link(kSide);
  if (memory != nullptr) link_.emplace(std::move(memory), cable_->is_first());
  return link_.has_value();
}

void PipeTransmitter::look_after_link() {
  if (!link_) return;
  const bool is_corrupted = link_->writer.is_corrupted();
  if (is_corrupted) ++drops_;
  if (!is_corrupted && !cable_->is_over(link_->memory, kSide)) return;
  cable_->let_go(link_->memory, kSide);
  link_.reset();
}

std::size_t PipeTransmitter::reserve(std::span<Frame> frames, std::size_t frame_bytes) {
  if (!has_link()) return 0;
  const std::uint32_t record = record_bytes(frame_bytes);
  reserved_record_bytes_ = record;
  if (reserved_in_ != link_->memory) reserved_in_ = link_->memory;
  const std::size_t count =
      std::min(frames.size(), link_->writer.room_for(frames.size() * record) / record);
  std::byte* place = link_->writer.begin();
  for (std::size_t i = 0; i < count; ++i, place += record) {
    // The reader's core has this line; it is on its way here while the others are placed.
    __builtin_prefetch(place + sizeof(RecordHead), 1);
    frames[i].place(place + sizeof(RecordHead), frame_bytes, frame_bytes);
  }
  if (count == 0 && (++full_calls_ % kLooksApart == 0 || link_->writer.is_corrupted())) {
    look_after_link();
  }
  return count;
}

void PipeTransmitter::commit(std::span<const Frame> frames) {
  if (frames.empty()) return;
  if (!link_ || link_->memory != reserved_in_) {
    drops_ += frames.size();
    return;
  }
  const std::uint32_t record = reserved_record_bytes_;
  const auto bytes = static_cast<std::uint32_t>(frames.size()) * record;
  // The room that there was is gone where the reader has broken the rules meanwhile.
  if (link_->writer.room_for(bytes) < bytes) {
    drops_ += frames.size();
    return;
  }
  std::byte* place = link_->writer.begin();
  for (const Frame& frame : frames) {
    FrameWriter::write_head(place, std::bit_cast<VirtioHeader>(frame.offload()), frame.size(),
                            record);
    place += record;
  }
  link_->writer.append(bytes);
  publish();
}

void PipeTransmitter::publish() {
  link_->writer.publish();
  if (must_wake(link_->lane.reader_waits)) cable_->ring();
}

std::size_t PipeTransmitter::copy(std::span<const Frame> frames) {
  if (!has_link()) return 0;
  std::size_t sent = 0;
  for (const Frame& frame : frames) {
    const std::uint32_t record = record_bytes(frame.size());
    if (link_->writer.room_for(record) < record) break;
    std::byte* const place = link_->writer.begin();
    FrameWriter::write_head(place, std::bit_cast<VirtioHeader>(frame.offload()), frame.size(),
                            record);
    copy_bytes(frame.bytes(), {place + sizeof(RecordHead), frame.size()});
    link_->writer.append(record);
    ++sent;
  }
  if (sent != 0) {
    publish();
  } else if (!frames.empty() &&
             (++full_calls_ % kLooksApart == 0 || link_->writer.is_corrupted())) {
    look_after_link();
  }
  return sent;
}

bool PipeTransmitter::prepare_to_sleep() {
  cable_->prepare_to_sleep(kSide);
  look_after_link();
  if (!has_link()) return true;
  constexpr std::size_t kEnough = record_bytes(driver::pipe::kFrameBytesMax);
  say_waiting(link_->lane.writer_waits);
  return link_->writer.room() < kEnough;
}

bool PipeTransmitter::is_up() {
  look_after_link();
  return has_link();
}

}  // namespace strata::ring
