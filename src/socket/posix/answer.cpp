// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/answer.h"

#include <cerrno>

#include "strata/socket_types.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"

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

int errno_of(const SocketError& error) {
  const bool is_icmp = error.icmp_type != 0 && !error.offender.is_unspecified();
  if (is_icmp && error.offender.is_v4()) {
    using Code = wire::Icmpv4UnreachableCode;
    const auto type = static_cast<wire::Icmpv4Type>(error.icmp_type);
    if (type == wire::Icmpv4Type::kParameterProblem) return EPROTO;
    if (type != wire::Icmpv4Type::kDestinationUnreachable) return errno_of(error.error);
    switch (static_cast<Code>(error.icmp_code)) {
      case Code::kProtocol: return ENOPROTOOPT;
      case Code::kSourceRouteFailed: return EOPNOTSUPP;
      case Code::kHostUnknown: return EHOSTDOWN;
      case Code::kSourceHostIsolated: return ENONET;
      default: return errno_of(error.error);
    }
  }
  const bool is_problem = is_icmp && static_cast<wire::Icmpv6Type>(error.icmp_type) ==
                                         wire::Icmpv6Type::kParameterProblem;
  return is_problem ? EPROTO : errno_of(error.error);
}

int errno_of_report(Error error) {
  return error == Error::kNotSupported ? EPROTO : errno_of(error);
}

}  // namespace strata::posix
