// SPDX-License-Identifier: Apache-2.0
#include "strata/error.h"

namespace strata {

std::string_view to_text(Error error) {
  switch (error) {
    case Error::kWouldBlock: return "nothing to do now";
    case Error::kInvalidArgument: return "invalid argument";
    case Error::kInvalidHandle: return "the handle is no longer valid";
    case Error::kNotSupported: return "not supported here";
    case Error::kNotPermitted: return "not permitted";
    case Error::kAddressInUse: return "address already in use";
    case Error::kAddressNotAvailable: return "no interface has this address";
    case Error::kNoPortsLeft: return "no free ephemeral port";
    case Error::kNotConnected: return "not connected";
    case Error::kAlreadyConnected: return "already connected";
    case Error::kInProgress: return "in progress";
    case Error::kMessageTooLong: return "message too long";
    case Error::kNetworkUnreachable: return "network unreachable";
    case Error::kHostUnreachable: return "host unreachable";
    case Error::kPortUnreachable: return "port unreachable";
    case Error::kConnectionRefused: return "connection refused";
    case Error::kConnectionReset: return "connection reset by peer";
    case Error::kConnectionAborted: return "connection aborted";
    case Error::kTimedOut: return "timed out";
    case Error::kCancelled: return "cancelled";
    case Error::kOutOfMemory: return "a pool or table is full";
    case Error::kClosed: return "closed";
    case Error::kNotFound: return "not found";
    case Error::kAlreadyExists: return "already exists";
    case Error::kNoDevice: return "no such device";
    case Error::kDeviceBusy: return "device busy";
    case Error::kIo: return "input/output error";
    case Error::kCorrupted: return "shared memory is corrupted";
  }
  return "unknown error";
}

}  // namespace strata
