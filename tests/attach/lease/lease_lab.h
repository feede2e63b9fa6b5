// SPDX-License-Identifier: Apache-2.0
// Both sides of a lease in one process, which maps the room once.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "attach/client/stream_end.h"
#include "attach/lease/lease.h"
#include "attach/pair.h"

namespace strata::attach {

struct LeaseLab {
  LeaseLab()
      : pair(*make_pair(SOCK_STREAM | SOCK_NONBLOCK)),
        room(SharedRoom::make(::getpid(), file)),
        lease(*Lease::begin(room, pair.cookie, pair.theirs.get())),
        end(room->memory(), lease->slot(), pair.theirs.get()) {}

  [[nodiscard]] client::Slot& slot() { return room->memory().slots[lease->slot()]; }
  [[nodiscard]] bool is_ready(short event) const {
    pollfd asked{pair.theirs.get(), event, 0};
    return ::poll(&asked, 1, 0) == 1 && (asked.revents & event) != 0;
  }
  [[nodiscard]] bool is_readable() const { return is_ready(POLLIN); }
  [[nodiscard]] bool is_writable() const { return is_ready(POLLOUT); }

  // As StreamSocket fills and empties the rings.
  std::size_t launcher_writes(std::string_view text) {
    std::size_t done = 0;
    for (const MutableBytes piece : lease->inward_room()) {
      const std::size_t count = std::min(piece.size(), text.size() - done);
      std::memcpy(piece.data(), text.data() + done, count);
      done += count;
    }
    lease->publish(done, pair.ours.get());
    return done;
  }
  std::string launcher_reads(std::size_t size) {
    std::string text;
    for (const MutableBytes piece : lease->outward_bytes()) {
      const std::size_t count = std::min(piece.size(), size - text.size());
      text.append(reinterpret_cast<const char*>(piece.data()), count);
    }
    lease->consume(text.size());
    return text;
  }
  // Takes plugs and bells away.
  void launcher_looks() const {
    std::array<std::byte, 8192> thrown;
    while (::recv(pair.ours.get(), thrown.data(), thrown.size(), 0) > 0) {
    }
  }
  std::string program_reads(std::size_t size, bool peeks = false) {
    std::string text(size, '\0');
    const iovec part{text.data(), text.size()};
    text.resize(end.read({&part, 1}, peeks));
    return text;
  }
  std::size_t program_writes(std::string_view text) {
    const iovec part{const_cast<char*>(text.data()), text.size()};
    return end.write({&part, 1});
  }

  Pair pair;
  Descriptor file;
  std::shared_ptr<SharedRoom> room;
  std::unique_ptr<Lease> lease;
  client::StreamEnd end;
};

}  // namespace strata::attach
