// SPDX-License-Identifier: Apache-2.0
// The skin with the standalone Asio.
#define STRATA_ASIO_STANDALONE

#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include <array>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "socket/asio/lab.h"
#include "strata/asio/context.h"
#include "strata/asio/steady_timer.h"
#include "strata/asio/tcp.h"
#include "strata/asio/udp.h"
#include "strata/real_clock.h"

namespace strata::asio::standalone_test {
namespace {

#define SUITE(name) Standalone##name
#include "socket/asio/skin_tests.h"

}  // namespace
}  // namespace strata::asio::standalone_test
