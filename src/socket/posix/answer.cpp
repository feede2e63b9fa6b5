// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/answer.h"

#include <cerrno>

namespace strata::posix {

int errno_of(Error error) {
  switch (error) {
    case Error::kWouldBlock: return EAGAIN;
    case Error::kInvalidArgument: return EINVAL;
    case Error::kInvalidHandle: return EBADF;
    case Error::kNotSupported: return EOPNOTSUPP;
    case Error::kNotPermitted: return EACCES;
    case Error::kAddressInUse: return EADDRINUSE;
    case Error::kAddressNotAvailable:
    case Error::kNoPortsLeft: return EADDRNOTAVAIL;
    case Error::kNotConnected: return ENOTCONN;
    case Error::kAlreadyConnected: return EISCONN;
    case Error::kInProgress: return EINPROGRESS;
    case Error::kMessageTooLong: return EMSGSIZE;
    case Error::kNetworkUnreachable: return ENETUNREACH;
    case Error::kHostUnreachable: return EHOSTUNREACH;
    case Error::kPortUnreachable:
    case Error::kConnectionRefused: return ECONNREFUSED;
    case Error::kConnectionReset: return ECONNRESET;
    case Error::kConnectionAborted: return ECONNABORTED;
    case Error::kTimedOut: return ETIMEDOUT;
    case Error::kCancelled: return ECANCELED;
    case Error::kOutOfMemory: return ENOBUFS;
    case Error::kClosed: return EPIPE;
    case Error::kNotFound: return ENOENT;
    case Error::kAlreadyExists: return EEXIST;
    case Error::kNoDevice: return ENODEV;
    case Error::kDeviceBusy: return EBUSY;
    case Error::kIo:
    case Error::kCorrupted: return EIO;
  }
  return EIO;
}

}  // namespace strata::posix
