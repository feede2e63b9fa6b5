// SPDX-License-Identifier: Apache-2.0
#include "driver/own_mac.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "strata/devices.h"

namespace strata::driver::own_mac_test {
namespace {

constexpr const char* kHere = "0123456789abcdef0123456789abcdef";
constexpr const char* kThere = "0123456789abcdef0123456789abcdee";

TEST(OwnMac, IsOfTheMachineAndOfTheName) {
  EXPECT_EQ(mac_on_machine(kHere, "tap0"), mac_on_machine(kHere, "tap0"));
  EXPECT_NE(mac_on_machine(kHere, "tap0"), mac_on_machine(kThere, "tap0"));
  EXPECT_NE(mac_on_machine(kHere, "tap0"), mac_on_machine(kHere, "tap1"));
  for (int i = 0; i < 1000; ++i) {
    const MacAddress mac = mac_on_machine(kHere, "tap" + std::to_string(i));
    EXPECT_EQ(std::to_integer<unsigned>(mac.bytes()[0]) & 3U, 2U) << "local, and no group";
  }
  learn_machine();
  EXPECT_EQ(own_mac("tap0"), own_mac("tap0"));
}

TEST(OwnMac, IsOfTheNameAloneWhereTheMachineHasNoId) {
  for (const char* const id : {"", "uninitialized", "0123", "0123456789abcdef0123456789abcdeg",
                               "00000000000000000000000000000000"}) {
    EXPECT_EQ(mac_on_machine(id, "tap0"), mac_for_name("tap0")) << id;
  }
}

TEST(OwnMac, TheIdIsThatOfTheFirstFileThatHasOne) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("strata-own-mac-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const std::string empty = folder / "empty", filled = folder / "filled";
  std::ofstream(empty) << "uninitialized\n";
  std::ofstream(filled) << kHere << '\n';
  EXPECT_EQ(read_machine_id({"/none", empty.c_str(), filled.c_str()}), kHere);
  EXPECT_EQ(read_machine_id({empty.c_str()}), "");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace strata::driver::own_mac_test
