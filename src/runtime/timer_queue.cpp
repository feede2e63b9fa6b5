// SPDX-License-Identifier: Apache-2.0
#include "runtime/timer_queue.h"

#include <utility>

namespace strata::runtime {

bool TimerQueue::is_before(std::uint32_t a, std::uint32_t b) const {
  const Slot& first = slots_[a];
  const Slot& second = slots_[b];
  if (first.deadline != second.deadline) return first.deadline < second.deadline;
  return first.sequence < second.sequence;
}

void TimerQueue::put(std::uint32_t place, std::uint32_t slot) {
  heap_[place] = slot;
  slots_[slot].place = place;
}

void TimerQueue::rise(std::uint32_t place) {
  const std::uint32_t moving = heap_[place];
  while (place != 0) {
    const std::uint32_t parent = (place - 1) / 2;
    if (!is_before(moving, heap_[parent])) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, moving);
}

void TimerQueue::sink(std::uint32_t place) {
  const std::uint32_t moving = heap_[place];
  for (;;) {
    std::uint32_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && is_before(heap_[child + 1], heap_[child])) ++child;
    if (!is_before(heap_[child], moving)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, moving);
}

void TimerQueue::leave_heap(Slot& slot) {
  const std::uint32_t place = std::exchange(slot.place, kNotInHeap);
  const std::uint32_t last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  put(place, last);
  rise(place);
  sink(slots_[last].place);
}

void TimerQueue::free_slot(std::uint32_t index) {
  Slot& slot = slots_[index];
  // Ends last: it may start and cancel others.
  const Task former = std::move(slot.task);
  slot.is_used = false;
  ++slot.generation;
  free_.push_back(index);
}

TimerQueue::Slot* TimerQueue::find(TimerId timer) {
  if (timer.index >= slots_.size()) return nullptr;
  Slot& slot = slots_[timer.index];
  return slot.is_used && slot.generation == timer.generation ? &slot : nullptr;
}

TimerId TimerQueue::start(Time deadline, Task task) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.task = std::move(task);
  slot.deadline = deadline;
  slot.sequence = next_sequence_++;
  slot.is_used = true;
  heap_.push_back(index);
  rise(static_cast<std::uint32_t>(heap_.size() - 1));
  return {index, slot.generation};
}

bool TimerQueue::cancel(TimerId timer) {
  Slot* slot = find(timer);
  if (slot == nullptr) return false;
  if (slot->place != kNotInHeap) leave_heap(*slot);
  free_slot(timer.index);
  return true;
}

std::optional<Time> TimerQueue::next_deadline() const {
  if (heap_.empty()) return std::nullopt;
  return slots_[heap_.front()].deadline;
}

void TimerQueue::collect_due(Time now, std::vector<TimerId>& due) {
  while (!heap_.empty()) {
    const std::uint32_t index = heap_.front();
    Slot& slot = slots_[index];
    if (slot.deadline > now) return;
    leave_heap(slot);
    due.push_back({index, slot.generation});
  }
}

Task TimerQueue::take(TimerId timer) {
  Slot* slot = find(timer);
  if (slot == nullptr) return {};
  Task task = std::move(slot->task);
  free_slot(timer.index);
  return task;
}

}  // namespace strata::runtime
