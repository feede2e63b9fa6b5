// SPDX-License-Identifier: Apache-2.0
// Trial: one run of a lab as plain values: a seed, and each fault and each choice of a program.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "service/failure.h"

// As text, a line each; what stands behind '#' is for people:
//
//   seed 17
//   chance off                       # faults of frames are these, and none of the lab's own
//   lose a-b 12                      # the frame at place 12 on the wire from a to b, from 0
//   corrupt a-b 14 99                # bits drawn from 99
//   duplicate b-a 3
//   hold b-a 3 20ms
//   down a-b 1.2s 300ms              # the link a-b, at 1.2 s, for 300 ms
//   partition b-a 2s 1s              # frames from b to a vanish
//   starve world 1s 500ms 16         # all buffers but 16 are taken
//   crash b 1s 2s                    # power is off for 2 s
//   exchange b 1s 1400               # another device, of that MTU
//   talk bulk.server 20000           # the side that was called sends, too
//   read_size bulk.server 100 7      # from byte 100 on it reads 7 bytes at a time
//   read_pause bulk.server 5000 1s   # having read 5000 bytes it waits
//   write_size, write_pause          # the same for what it writes
//   packets bulk.client 1000         # from byte 1000 on packets are handed over instead of bytes
//   end bulk.client 700              # ends its direction early
//   answer_last bulk.server          # writes only once the other direction has ended
//   accept_late bulk.server 2s
//   close bulk.server 3000           # having read 3000 bytes, whatever is unread
//   abort bulk.client 3000
//   coroutines bulk                  # both its programs are written as coroutines
//   no_delay, cork, quick_ack, slow_ack, small_receive, small_send, small_segments bulk.client 0
//
// Places of frames count what gets the wire. A program is FLOW.client, who connects, or
// FLOW.server. Of programs that speak UDP some of these mean
//
//   talk udp.server 300              # each datagram is answered by one of 300 bytes
//   accept_late udp.server 2s        # until then nobody listens
//   write_size udp.client 1000 4000  # having sent 1000 bytes, datagrams of 4000
//   packets udp.server 1000          # having taken 1000 bytes, packets are taken over
//   read_pause, write_pause, small_receive
//
// and the others are refused. Coroutines read and write in sizes, with pauses, end early, talk and
// accept late.

namespace strata::service {

struct TrialItem {
  enum class Kind : std::uint8_t {
    kLose,
    kCorrupt,
    kDuplicate,
    kHold,
    kDown,
    kPartition,
    kStarve,
    kCrash,
    kExchange,
    kTalk,
    kReadSize,
    kReadPause,
    kWriteSize,
    kWritePause,
    kPackets,
    kEnd,
    kAnswerLast,
    kAcceptLate,
    kClose,
    kAbort,
    kCoroutines,
    kNoDelay,
    kCork,
    kQuickAck,
    kSlowAck,
    kSmallReceive,
    kSmallSend,
    kSmallSegments,
  };
  Kind kind = Kind::kLose;
  std::string where{};
  std::uint64_t at = 0;      // a place, a byte, or nanoseconds
  std::uint64_t amount = 0;  // nanoseconds, bytes, a seed
  std::uint64_t left = 0;    // kStarve: buffers

  friend bool operator==(const TrialItem&, const TrialItem&) = default;
};

using ItemKind = TrialItem::Kind;

// Strikes a frame at its place, rather than acting at a time or in a program.
[[nodiscard]] bool is_frame_fault(ItemKind kind);
// Of a program, and not something that befalls it.
[[nodiscard]] bool is_program_choice(ItemKind kind);
// Set by a program on its own socket at a byte of what it has read.
[[nodiscard]] bool is_option(ItemKind kind);

struct Trial {
  std::uint64_t seed = 1;
  // Every fault of a frame is in the list: what the lab leaves to chance strikes no more.
  bool is_listed = false;
  std::vector<TrialItem> items{};
};

// Which choices of the trial are this program's.
[[nodiscard]] std::vector<TrialItem> choices_of(const Trial& trial, std::string_view program);

[[nodiscard]] std::string to_text(const TrialItem& item);
[[nodiscard]] std::string to_text(const Trial& trial);
// `path` is what failures call it.
[[nodiscard]] Outcome<Trial> read_trial_text(std::string_view text, const std::string& path);
[[nodiscard]] Outcome<Trial> read_trial_file(const std::string& path);

}  // namespace strata::service
