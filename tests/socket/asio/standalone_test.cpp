// SPDX-License-Identifier: Apache-2.0
// The skin with the standalone Asio.
#define STRATA_ASIO_STANDALONE

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <future>
#include <optional>
#include <string>

#include "socket/asio/lab.h"
#include "strata/asio/context.h"
#include "strata/asio/steady_timer.h"
#include "strata/asio/tcp.h"
#include "strata/asio/udp.h"

namespace strata::asio::standalone_test {
namespace {

#define SUITE(name) Standalone##name
#include "socket/asio/skin_tests.h"

}  // namespace
}  // namespace strata::asio::standalone_test
