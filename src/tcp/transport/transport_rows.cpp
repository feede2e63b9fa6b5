// SPDX-License-Identifier: Apache-2.0
// What there is, row by row, for those who look at it.
#include "tcp/transport.h"

namespace strata::tcp {

SocketRow Transport::connection_row(Index index) const {
  const Connection& connection = connections_[index];
  SocketRow row{.state = connection.state(),
                .local = connection.flow().local(),
                .remote = connection.flow().remote()};
  if (!connection.is_orphan()) row.handle = connections_.handle_of(index);
  if (connection.state() != State::kClosed) {
    row.receive_queue = static_cast<std::uint32_t>(connection.receiver().readable(shared_.receive));
    row.send_queue = connection.sender().queued(shared_.send);
  }
  return row;
}

SocketRow Transport::row_at(const RowPlace& place) const {
  switch (place.table) {
    case RowPlace::Table::kListeners: {
      const Listener& listener = listeners_[place.next];
      return {.state = State::kListen,
              .local = listener.local,
              .remote = {},
              .handle = listeners_.handle_of(place.next),
              .receive_queue = static_cast<std::uint32_t>(listener.accept_queue.size()),
              .send_queue = listener.backlog};
    }
    case RowPlace::Table::kHalfOpens: {
      const Flow& flow = half_opens_.flow_of(place.next);
      return {.state = State::kSynReceived, .local = flow.local(), .remote = flow.remote()};
    }
    case RowPlace::Table::kConnections: return connection_row(place.next);
    default: {
      const Flow flow = time_waits_[place.next].flow;
      return {.state = State::kTimeWait, .local = flow.local(), .remote = flow.remote()};
    }
  }
}

// The first row at or behind a place, in whatever table.
bool Transport::find_row(RowPlace& place) const {
  using Table = RowPlace::Table;
  while (place.table != Table::kEnd) {
    Index found = kNoIndex;
    switch (place.table) {
      case Table::kListeners: found = listeners_.next_used(place.next); break;
      case Table::kHalfOpens: found = half_opens_.next_used(place.next); break;
      case Table::kConnections: found = connections_.next_used(place.next); break;
      default: found = time_waits_.next_used(place.next);
    }
    if (found != kNoIndex) {
      place.next = found;
      return true;
    }
    place = {static_cast<Table>(static_cast<std::uint8_t>(place.table) + 1), 0};
  }
  return false;
}

bool Transport::visit_rows(RowPlace& from, std::uint32_t rows_max, VisitRow visit,
                           void* context) const {
  for (std::uint32_t seen = 0; seen < rows_max; ++seen) {
    if (!find_row(from)) return false;
    visit(context, row_at(from));
    ++from.next;
  }
  return true;
}

void Transport::for_each_row(VisitRow visit, void* context) const {
  RowPlace from;
  while (visit_rows(from, UINT32_MAX, visit, context)) {
  }
}

std::uint32_t Transport::rows() const {
  return listeners_.size() + half_opens_.size() + connections_.size() + time_waits_.size();
}

}  // namespace strata::tcp
