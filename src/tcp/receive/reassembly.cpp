// SPDX-License-Identifier: Apache-2.0
#include "tcp/receive/reassembly.h"

#include <algorithm>
#include <utility>

#include "strata/check.h"

namespace strata::tcp {
namespace {

// A payload under a quarter of its buffer does not keep it (as ByteQueue has it).
constexpr std::size_t kKeptShare = 4;

// What goes on in a second page is taken from one byte too early, in the program that shows that
// such a thing is found (tests/planted); in all others nothing is.
#ifdef STRATA_PLANTED_BUG
constexpr std::size_t kPlantedShift = 1;
#else
constexpr std::size_t kPlantedShift = 0;
#endif

}  // namespace

Reassembly::Added Reassembly::add(PacketPool& pool, std::uint64_t begin, PacketPtr text) {
  Added added;
  const std::uint64_t end = begin + text->size();
  const bool is_sparse =
      text->size() * kKeptShare < text->buffer_bytes() || text->pool().is_short();
  for (std::uint64_t at = begin; at < end;) {
    if (const std::uint64_t known_end = std::min(covered_.first_gap(at), end); known_end != at) {
      if (added.duplicate.length() == 0) added.duplicate = {at, known_end};
      at = known_end;
      continue;
    }
    const std::uint64_t piece_end = std::min(next_covered(at), end);
    const Piece piece{at, static_cast<std::size_t>(at - begin),
                      static_cast<std::size_t>(piece_end - at), is_sparse};
    const std::size_t kept = add_piece(pool, text, piece);
    added.bytes += kept;
    added.was_refused |= kept != piece.size;
    at = piece_end;
  }
  return added;
}

std::size_t Reassembly::add_piece(PacketPool& pool, PacketPtr& text, const Piece& piece) {
  // RFC 9293 leaves open what is kept when not all can be: what is needed first.
  // A piece may cost two: a slice, and an interval of its own.
  while (segments() + 2 > segments_max_) {
    if (piece.begin >= last_storage_begin() || !shed_furthest()) return 0;
  }
  const bool is_whole = text->size() == piece.size;
  const bool is_tiny = piece.size * kKeptShare < kPageBytes;
  if (piece.is_sparse || is_tiny) {
    const std::size_t kept = keep_copy(pool, *text, piece);
    if (kept != 0 || is_tiny) return kept;
  }
  if (is_whole) return keep_slice(piece.begin, std::move(text)) ? piece.size : 0;
  PacketPtr slice = text->share(piece.offset, piece.size);
  if (slice == nullptr) return keep_copy(pool, *text, piece);
  return keep_slice(piece.begin, std::move(slice)) ? piece.size : 0;
}

bool Reassembly::keep_slice(std::uint64_t begin, PacketPtr slice) {
  const std::size_t buffer_bytes = slice->buffer_bytes();
  const std::uint64_t end = begin + slice->size();
  const std::size_t index = first_slice_at_or_after(begin);
  if (!slices_.try_insert_at(index, {begin, std::move(slice)})) return false;
  if (!covered_.insert(begin, end)) {
    slices_.erase_at(index);
    return false;
  }
  slice_buffer_bytes_ += buffer_bytes;
  return true;
}

std::size_t Reassembly::keep_copy(PacketPool& pool, const Packet& text, const Piece& piece) {
  std::size_t kept = 0;
  while (kept < piece.size) {
    const std::uint64_t at = piece.begin + kept;
    const std::size_t index = page_for(pool, at);
    if (index == pages_.size()) break;
    Page& page = pages_[index];
    const auto offset = static_cast<std::size_t>(at - page.begin);
    const std::size_t count = std::min(piece.size - kept, kPageBytes - offset);
    text.copy_out(piece.offset + kept - kPlantedShift * std::min<std::size_t>(kept, 1),
                  page.bytes->mutable_bytes().subspan(offset, count));
    if (!covered_.insert(at, at + count)) {
      if (!covered_.overlaps(page.begin, page.end())) pages_.erase_at(index);
      break;
    }
    kept += count;
  }
  return kept;
}

// The index of the page for a place, made if need be; pages_.size() when there is no memory.
std::size_t Reassembly::page_for(PacketPool& pool, std::uint64_t place) {
  const std::size_t index = first_page_ending_after(place);
  const std::uint64_t begin = place / kPageBytes * kPageBytes;
  if (index < pages_.size() && pages_[index].begin == begin) return index;
  PacketPtr bytes = pool.allocate(BufferClass::kSmall, 0);
  if (bytes == nullptr) return pages_.size();
  (void)bytes->append(kPageBytes);
  if (!pages_.try_insert_at(index, {begin, std::move(bytes)})) return pages_.size();
  return index;
}

std::uint64_t Reassembly::move_to(Inbox& inbox, PacketPool& pool, std::uint64_t front) {
  const std::uint64_t end = covered_.first_gap(front);
  std::uint64_t at = front;
  std::size_t slice = 0;
  std::size_t page = first_page_ending_after(front);
  while (at < end) {
    if (slice < slices_.size() && slices_[slice].begin == at) {
      PacketPtr text = std::move(slices_[slice++].text);
      at += text->size();
      slice_buffer_bytes_ -= text->buffer_bytes();
      inbox.append(pool, std::move(text));
      continue;
    }
    while (pages_[page].end() <= at) ++page;
    const std::uint64_t next_slice = slice < slices_.size() ? slices_[slice].begin : UINT64_MAX;
    const std::uint64_t run_end = std::min({end, pages_[page].end(), next_slice});
    const auto count = static_cast<std::size_t>(run_end - at);
    const auto offset = static_cast<std::size_t>(at - pages_[page].begin);
    const std::size_t written =
        inbox.write(pool, pages_[page].bytes->bytes().subspan(offset, count));
    at += written;
    if (written != count) break;
  }
  slices_.erase_range(0, slice);
  forget_before(at);
  return at;
}

void Reassembly::forget_before(std::uint64_t front) {
  (void)covered_.erase(0, front);  // there is nothing in front of it to be split off
  if (covered_.empty()) return clear();
  std::size_t gone = 0;
  for (; gone < slices_.size() && slices_[gone].end() <= front; ++gone) {
    slice_buffer_bytes_ -= slices_[gone].text->buffer_bytes();
  }
  slices_.erase_range(0, gone);
  if (!slices_.empty() && slices_.front().begin < front) {
    slices_.front().text->skip(static_cast<std::size_t>(front - slices_.front().begin));
    slices_.front().begin = front;
  }
  gone = first_page_ending_after(front);
  if (gone < pages_.size() && !covered_.overlaps(pages_[gone].begin, pages_[gone].end())) ++gone;
  pages_.erase_range(0, gone);
}

bool Reassembly::shed_furthest() {
  if (covered_.empty()) return false;
  const std::uint64_t cut = last_storage_begin();
  if (!pages_.empty() && pages_.back().begin >= cut) pages_.pop_back();
  if (!slices_.empty() && slices_.back().end() > cut) {
    Slice& last = slices_.back();
    slice_buffer_bytes_ -= last.text->buffer_bytes();
    if (last.begin >= cut) {
      slices_.pop_back();
    } else {
      last.text->truncate(static_cast<std::size_t>(cut - last.begin));
      slice_buffer_bytes_ += last.text->buffer_bytes();
    }
  }
  (void)covered_.erase(cut, UINT64_MAX);  // nothing is behind it to be split off
  if (covered_.empty()) {
    clear();
  } else if (!pages_.empty() && !covered_.overlaps(pages_.back().begin, pages_.back().end())) {
    pages_.pop_back();
  }
  return true;
}

void Reassembly::clear() {
  covered_.release();
  slices_.release();
  pages_.release();
  slice_buffer_bytes_ = 0;
}

std::uint64_t Reassembly::next_covered(std::uint64_t from) const {
  if (covered_.contains(from)) return from;
  const Interval* after = std::ranges::lower_bound(covered_, from, {}, &Interval::begin);
  return after == covered_.end() ? UINT64_MAX : after->begin;
}

std::uint64_t Reassembly::last_storage_begin() const {
  const std::uint64_t slice = slices_.empty() ? 0 : slices_.back().begin;
  const std::uint64_t page = pages_.empty() ? 0 : pages_.back().begin;
  return std::max(slice, page);
}

std::size_t Reassembly::first_slice_at_or_after(std::uint64_t begin) const {
  // Most text comes in the order of its places, hole or not.
  if (slices_.empty() || slices_.back().begin < begin) return slices_.size();
  const Slice* at = std::ranges::lower_bound(slices_, begin, {}, &Slice::begin);
  return static_cast<std::size_t>(at - slices_.begin());
}

std::size_t Reassembly::first_page_ending_after(std::uint64_t place) const {
  const Page* at = std::ranges::upper_bound(pages_, place, {}, &Page::end);
  return static_cast<std::size_t>(at - pages_.begin());
}

}  // namespace strata::tcp
