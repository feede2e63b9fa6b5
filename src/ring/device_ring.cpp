// SPDX-License-Identifier: Apache-2.0
#include "ring/device_ring.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "driver/frame.h"
#include "driver/virtio_header.h"

namespace strata::ring {
namespace {

using driver::VirtioHeader;

constexpr std::size_t kLinkHeaderBytes = 22;  // Ethernet and two VLAN tags
constexpr std::uint32_t kSuperSegments = 32;
constexpr long kTickNs = 1'000'000;

PacketPoolConfig pool_for(const DeviceCapabilities& capabilities, std::size_t frames) {
  const bool is_long = capabilities.mtu + kLinkHeaderBytes + kHeadroom > kSmallBufferBytes;
  const auto count = static_cast<std::uint32_t>(std::bit_ceil(frames));
  constexpr std::uint32_t kBatches = 4 * PacketBatch::kCapacity;
  return {.small_buffers = 2 * count + kBatches,
          .large_buffers = is_long ? 2 * count + kBatches : kSuperSegments,
          .external_buffers = 0,
          .extra_descriptors = kBatches};
}

Offload offload_of(const Packet& packet, Medium medium) {
  VirtioHeader header;
  if (!driver::describe(packet, medium, header)) return {};
  if (packet.notes().checksum == ChecksumState::kVerified) {
    header.flags |= VirtioHeader::kDataValid;
  }
  return std::bit_cast<Offload>(header);
}

}  // namespace

// ---- what both share ----

std::shared_ptr<DeviceQueue> DeviceQueue::make(std::unique_ptr<Device> device, std::size_t frames) {
  Device& there = *device;
  return std::make_shared<DeviceQueue>(std::move(device), there, frames);
}

std::shared_ptr<DeviceQueue> DeviceQueue::over(Device& device, std::size_t frames) {
  return std::make_shared<DeviceQueue>(nullptr, device, frames);
}

DeviceQueue::DeviceQueue(std::unique_ptr<Device> owned, Device& device, std::size_t frames)
    : owned_(std::move(owned)),
      device_(device),
      pool_(memory_, pool_for(device.capabilities(), frames)),
      descriptor_(device.descriptor()),
      clock_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {}

DeviceQueue::~DeviceQueue() {
  // Packets under way in the device are the pool's.
  owned_.reset();
  if (clock_ >= 0) ::close(clock_);
}

void DeviceQueue::set_clock() const {
  const itimerspec tick{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = kTickNs}};
  (void)::timerfd_settime(clock_, 0, &tick, nullptr);
}

std::size_t DeviceQueue::frame_bytes_max() const {
  return device_.capabilities().mtu + kLinkHeaderBytes;
}

// ---- receiving ----

DeviceReceiver::DeviceReceiver(std::shared_ptr<DeviceQueue> queue, std::size_t frames)
    : queue_(std::move(queue)), out_(std::bit_ceil(frames)) {}

DeviceReceiver::~DeviceReceiver() {
  const std::scoped_lock lock(queue_->mutex());
  arrived_.clear();
  out_.clear();
}

bool DeviceReceiver::has_arrived() {
  if (next_ < arrived_.size()) return true;
  arrived_.clear();
  next_ = 0;
  queue_->device().receive(queue_->pool(), arrived_);
  return !arrived_.empty();
}

PacketPtr DeviceReceiver::next_packet() {
  while (has_arrived()) {
    PacketPtr packet = arrived_.take(next_++);
    if (packet == nullptr || !packet->is_chain()) {
      if (packet != nullptr && packet->size() != 0) return packet;
      continue;
    }
    PacketPtr whole = packet->copy(queue_->pool(), 0);
    if (whole != nullptr) return whole;
    ++drops_;
  }
  return nullptr;
}

bool DeviceReceiver::show(PacketPtr packet, Frame& frame) {
  // Bytes that others look at as well are not for writing.
  if (!packet->is_writable()) packet = packet->copy(queue_->pool());
  if (packet == nullptr) {
    ++drops_;
    return false;
  }
  const MutableBytes bytes = packet->mutable_bytes();
  frame.place(bytes.data(), bytes.size(), bytes.size() + packet->tailroom(),
              offload_of(*packet, queue_->medium()));
  out_[last_out_++ & (out_.size() - 1)] = std::move(packet);
  return true;
}

std::size_t DeviceReceiver::fetch(std::span<Frame> frames) {
  const std::scoped_lock lock(queue_->mutex());
  const std::size_t count =
      std::min<std::size_t>(frames.size(), out_.size() - (last_out_ - first_out_));
  std::size_t shown = 0;
  while (shown < count) {
    PacketPtr packet = next_packet();
    if (packet == nullptr) break;
    if (show(std::move(packet), frames[shown])) ++shown;
  }
  return shown;
}

void DeviceReceiver::release(std::size_t count) {
  const std::scoped_lock lock(queue_->mutex());
  for (std::size_t i = 0; i < count; ++i) out_[first_out_++ & (out_.size() - 1)].reset();
}

bool DeviceReceiver::prepare_to_sleep() {
  const std::scoped_lock lock(queue_->mutex());
  if (has_arrived()) return false;
  if (queue_->needs_clock()) queue_->set_clock();
  return queue_->device().prepare_to_sleep();
}

bool DeviceReceiver::is_up() {
  const std::scoped_lock lock(queue_->mutex());
  return queue_->device().is_up();
}

std::uint64_t DeviceReceiver::drops() const {
  const std::scoped_lock lock(queue_->mutex());
  const Device::Counters& counters = queue_->device().counters();
  return drops_ + counters.pool_empty_drops + counters.malformed;
}

// ---- sending ----

DeviceTransmitter::~DeviceTransmitter() {
  const std::scoped_lock lock(queue_->mutex());
  reserved_.clear();
  waiting_.clear();
}

std::size_t DeviceTransmitter::room() {
  Device& device = queue_->device();
  if (!device.is_up()) return 0;
  push_on();
  return waiting_.empty() ? std::min(device.room(), PacketBatch::kCapacity) : 0;
}

void DeviceTransmitter::push_on() {
  if (!waiting_.empty()) queue_->device().transmit(waiting_);
}

std::size_t DeviceTransmitter::reserve(std::span<Frame> frames, std::size_t frame_bytes) {
  const std::scoped_lock lock(queue_->mutex());
  reserved_.clear();
  const std::size_t count = std::min(frames.size(), room());
  while (reserved_.size() < count) {
    PacketPtr packet = queue_->pool().allocate_for(frame_bytes);
    if (packet == nullptr) break;
    frames[reserved_.size()].place(packet->append(frame_bytes).data(), frame_bytes, frame_bytes);
    reserved_.push(std::move(packet));
  }
  return reserved_.size();
}

void DeviceTransmitter::commit(std::span<const Frame> frames) {
  const std::scoped_lock lock(queue_->mutex());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    PacketPtr packet = reserved_.take(i);
    packet->truncate(frames[i].size());
    send(std::move(packet), frames[i].offload());
  }
  reserved_.clear();
  push_on();
}

std::size_t DeviceTransmitter::copy(std::span<const Frame> frames) {
  const std::scoped_lock lock(queue_->mutex());
  const std::size_t count = std::min(frames.size(), room());
  std::size_t sent = 0;
  for (; sent < count; ++sent) {
    const Frame& frame = frames[sent];
    PacketPtr packet = queue_->pool().allocate_for(frame.size());
    if (packet == nullptr) break;
    copy_bytes(frame.bytes(), packet->append(frame.size()));
    send(std::move(packet), frame.offload());
  }
  push_on();
  return sent;
}

void DeviceTransmitter::send(PacketPtr packet, const Offload& offload) {
  const DeviceCapabilities& can = queue_->device().capabilities();
  const auto header = std::bit_cast<VirtioHeader>(offload);
  bool is_fit = offload == Offload{} || driver::take_notes(header, can.medium, *packet);
  const PacketNotes& notes = packet->notes();
  const bool is_completed_there = can.completes_checksums || can.vouches_for_bytes;
  if (is_fit && notes.checksum == ChecksumState::kPartial && !is_completed_there &&
      notes.segment_kind == SegmentKind::kNone) {
    is_fit = driver::complete_checksum(*packet);
  }
  if (is_fit) {
    waiting_.push(std::move(packet));
  } else {
    ++drops_;
  }
}

bool DeviceTransmitter::sync() {
  const std::scoped_lock lock(queue_->mutex());
  push_on();
  return waiting_.empty();
}

bool DeviceTransmitter::prepare_to_sleep() {
  const std::scoped_lock lock(queue_->mutex());
  if (room() != 0) return false;
  queue_->set_clock();
  return true;
}

bool DeviceTransmitter::is_up() {
  const std::scoped_lock lock(queue_->mutex());
  return queue_->device().is_up();
}

std::uint64_t DeviceTransmitter::drops() const {
  const std::scoped_lock lock(queue_->mutex());
  return drops_ + queue_->device().counters().failed_sends;
}

}  // namespace strata::ring
