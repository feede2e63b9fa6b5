// SPDX-License-Identifier: Apache-2.0
// Which Asio: Boost.Asio (1.81), or the standalone one (1.22) with STRATA_ASIO_STANDALONE.
#pragma once

// One source for both. `net` is the Asio that was chosen; everything below strata::asio stands in
// an inline namespace named after it, so that a program may use one in one file and the other in
// another without two definitions of one name.

#ifdef STRATA_ASIO_STANDALONE

// asio 1.22 does not recognise the coroutines of newer clangs.
#if defined(__clang__) && !defined(ASIO_HAS_CO_AWAIT)
#define ASIO_HAS_CO_AWAIT 1
#define ASIO_HAS_STD_COROUTINE 1
#endif
#include <asio.hpp>
#define STRATA_ASIO_FLAVOUR with_standalone

namespace strata::asio {
inline namespace with_standalone {
namespace net = ::asio;
using error_code = std::error_code;
using system_error = std::system_error;
}  // namespace with_standalone
}  // namespace strata::asio

#else

#include <boost/asio.hpp>
#define STRATA_ASIO_FLAVOUR with_boost

namespace strata::asio {
inline namespace with_boost {
namespace net = ::boost::asio;
using error_code = ::boost::system::error_code;
using system_error = ::boost::system::system_error;
}  // namespace with_boost
}  // namespace strata::asio

#endif
