// SPDX-License-Identifier: Apache-2.0
// StreamEnd: the program's side of a lease. Never waits.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "attach/client/room.h"

// Whoever calls has the lock of the direction. Numbers as in docs/design/012-preload-lease.md:
//
// 3. read() that empties the ring takes the token away: the descriptor is readable no longer.
// 4. write() that does not take all puts a plug into the pair: it is writable no longer, and will
//    be, with an edge, when there is room.
// 7. Both ring the launcher's bell if it sleeps.

namespace strata::attach::client {

using Parts = std::span<const iovec>;

[[nodiscard]] std::size_t size_of(Parts parts);

class StreamEnd {
 public:
  // The slot has just been granted: its rings are empty, its indices zero. `descriptor` is the
  // program's, and stays the same.
  StreamEnd(Room& room, std::uint32_t slot, int descriptor);

  [[nodiscard]] std::uint32_t slot() const { return number_; }

  // How many bytes were copied; 0: there are none now. With `peeks` they stay.
  [[nodiscard]] std::size_t read(Parts into, bool peeks);
  // How many there are.
  [[nodiscard]] std::size_t unread();
  // How many bytes fitted.
  [[nodiscard]] std::size_t write(Parts from);

  // Room in the ring for bytes that come from elsewhere: at most `size` of them, in one piece;
  // then how many were put there.
  [[nodiscard]] MutableBytes room(std::size_t size);
  void wrote(std::size_t count);
  // Not all could be written.
  void plug();

  // The kernel says that there is something in the pair, and read() found nothing.
  void drop_stale_tokens();

  // Nothing comes inward, nothing goes outward any more: the pair has the answer.
  [[nodiscard]] bool is_ended() const;
  [[nodiscard]] bool is_cut() const;
  [[nodiscard]] bool tells_every_arrival() const;
  // From now on each arrival is told, as EPOLLET wants it.
  void tell_every_arrival();
  // From now on a token comes for whoever waits. True: it was not so before, look at the ring.
  bool want_tokens();

 private:
  void settle();
  void take_token();
  void tell();

  Room* room_;
  Slot* slot_;
  std::uint32_t number_;
  int descriptor_;
  SharedRingConsumer inward_;
  SharedRingProducer outward_;
};

}  // namespace strata::attach::client
