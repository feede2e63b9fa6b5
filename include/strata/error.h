// SPDX-License-Identifier: Apache-2.0
// Operating errors: what a call could not do. Bad bytes are ParseError, our bugs are STRATA_CHECK.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

namespace strata {

enum class Error : std::uint8_t {
  kWouldBlock,           // nothing to read, or no room to write, now
  kInvalidArgument,      // the value makes no sense for this call
  kInvalidHandle,        // the handle's object is gone
  kNotSupported,         // this kind of object has no such thing
  kNotPermitted,         // the operating system or a setting forbids it
  kAddressInUse,         // another socket holds this address and port
  kAddressNotAvailable,  // no interface has this address
  kNoPortsLeft,          // every ephemeral port is taken
  kNotConnected,         // needs a peer and there is none
  kAlreadyConnected,     // has a peer already
  kInProgress,           // started; ask again
  kMessageTooLong,       // does not fit a datagram, the path or the buffer
  kNetworkUnreachable,   // no route
  kHostUnreachable,      // the neighbour did not answer, or a router said so
  kPortUnreachable,      // the peer's host says that nobody listens there
  kConnectionRefused,    // reset in answer to our SYN
  kConnectionReset,      // reset by the peer
  kConnectionAborted,    // ended by ourselves
  kTimedOut,             // the peer fell silent, or a deadline has passed
  kCancelled,            // whoever asked for it did not want it any more
  kOutOfMemory,          // a pool or a table is at its limit
  kClosed,               // no more will come
  kNotFound,             // no such entry
  kAlreadyExists,        // the entry is there
  kNoDevice,             // the device is not there, or vanished
  kDeviceBusy,           // someone else holds it
  kIo,                   // the operating system reported a fault
  kCorrupted,            // shared memory holds what its rules forbid
};

[[nodiscard]] std::string_view to_text(Error error);

template <typename T>
using Result = std::expected<T, Error>;

}  // namespace strata
