// SPDX-License-Identifier: Apache-2.0
#include "driver/xdp/frames.h"

#include <sys/mman.h>

#include <utility>

namespace strata::driver::xdp {

std::shared_ptr<Umem> Umem::make(std::size_t bytes, std::size_t chunk_bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  return std::shared_ptr<Umem>(new Umem(static_cast<std::byte*>(memory), bytes, chunk_bytes));
}

Umem::~Umem() { ::munmap(memory_, size_); }

Frames::Owner Frames::make(std::shared_ptr<Umem> umem, std::size_t first, std::size_t count) {
  return Owner(new Frames(std::move(umem), first, count));
}

Frames::Frames(std::shared_ptr<Umem> umem, std::size_t first, std::size_t count)
    : umem_(std::move(umem)), first_(first), places_(count, Place::kFree) {
  free_.reserve(count);
  for (std::size_t chunk = count; chunk-- > 0;) free_.push_back(static_cast<std::uint32_t>(chunk));
}

void Frames::LetGo::operator()(Frames* frames) const {
  frames->is_owned_ = false;
  if (frames->held_ == 0) delete frames;
}

std::optional<std::uint64_t> Frames::take(Place place) {
  if (free_.empty()) return std::nullopt;
  const std::size_t chunk = free_.back();
  free_.pop_back();
  places_[chunk] = place;
  return (first_ + chunk) * umem_->chunk_bytes();
}

std::optional<std::size_t> Frames::chunk_of(std::uint64_t address) const {
  const std::uint64_t chunk = address / umem_->chunk_bytes();
  if (chunk < first_ || chunk - first_ >= places_.size()) return std::nullopt;
  return chunk - first_;
}

void Frames::free_chunk(std::size_t chunk) {
  places_[chunk] = Place::kFree;
  free_.push_back(static_cast<std::uint32_t>(chunk));
}

MutableBytes Frames::chunk_at(std::uint64_t address) const {
  return {umem_->memory() + address, umem_->chunk_bytes()};
}

bool Frames::give_back_sent(std::uint64_t address) {
  const auto chunk = chunk_of(address);
  if (!chunk || places_[*chunk] != Place::kSending) return false;
  free_chunk(*chunk);
  return true;
}

void Frames::put_back(std::uint64_t address) {
  if (const auto chunk = chunk_of(address)) free_chunk(*chunk);
}

std::optional<Frames::Arrival> Frames::arrive(std::uint64_t address, std::size_t size) {
  const auto chunk = chunk_of(address);
  if (!chunk || places_[*chunk] != Place::kFilling) return std::nullopt;
  const std::size_t offset = address % umem_->chunk_bytes();
  if (size > umem_->chunk_bytes() - offset) {
    free_chunk(*chunk);
    return std::nullopt;
  }
  places_[*chunk] = Place::kHeld;
  ++held_;
  return Arrival{*chunk, offset, size};
}

Bytes Frames::bytes_of(const Arrival& arrival) const {
  return {umem_->memory() + (first_ + arrival.chunk) * umem_->chunk_bytes() + arrival.offset,
          arrival.size};
}

void Frames::give_back(const Arrival& arrival) {
  --held_;
  free_chunk(arrival.chunk);
}

PacketPtr Frames::adopt(const Arrival& arrival, PacketPool& pool) {
  const MutableBytes chunk{umem_->memory() + (first_ + arrival.chunk) * umem_->chunk_bytes(),
                           umem_->chunk_bytes()};
  return pool.adopt(chunk, arrival.offset, arrival.size, &Frames::release, this);
}

void Frames::release(void* context, std::byte* bytes, std::size_t /*capacity*/) {
  auto* frames = static_cast<Frames*>(context);
  const auto address = static_cast<std::uint64_t>(bytes - frames->umem_->memory());
  --frames->held_;
  frames->free_chunk(static_cast<std::size_t>(address / frames->umem_->chunk_bytes()) -
                     frames->first_);
  if (!frames->is_owned_ && frames->held_ == 0) delete frames;
}

}  // namespace strata::driver::xdp
