// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/registry.h"

#include <gtest/gtest.h>

#include "tcp/congestion/reno.h"

namespace strata::tcp::congestion::registry_test {
namespace {

TEST(AlgorithmTable, KnowsTheBuiltInOnes) {
  const AlgorithmTable table;
  EXPECT_EQ(table.all().size(), 4U);
  for (const std::string_view name : {"reno", "cubic", "bbr", "dctcp"}) {
    ASSERT_NE(table.find(name), nullptr) << name;
    EXPECT_EQ(table.find(name)->name, name);
  }
  EXPECT_EQ(table.find("vegas"), nullptr);
  EXPECT_EQ(table.find(""), nullptr);
}

TEST(AlgorithmTable, TakesAUsersOwnUnderANameOfItsOwn) {
  static constexpr Algorithm kMine = algorithm_of<Reno>("mine");
  static constexpr Algorithm kTaken = algorithm_of<Reno>("cubic");
  static constexpr Algorithm kNameless = algorithm_of<Reno>("");
  AlgorithmTable table;
  EXPECT_TRUE(table.try_add(kMine));
  EXPECT_EQ(table.find("mine"), &kMine);
  EXPECT_FALSE(table.try_add(kMine));
  EXPECT_FALSE(table.try_add(kTaken));
  EXPECT_FALSE(table.try_add(kNameless));
  EXPECT_EQ(table.find("cubic"), &kCubic);
}

TEST(AlgorithmTable, IsBounded) {
  static constexpr std::array<Algorithm, 13> kMore = {
      algorithm_of<Reno>("a"), algorithm_of<Reno>("b"), algorithm_of<Reno>("c"),
      algorithm_of<Reno>("d"), algorithm_of<Reno>("e"), algorithm_of<Reno>("f"),
      algorithm_of<Reno>("g"), algorithm_of<Reno>("h"), algorithm_of<Reno>("i"),
      algorithm_of<Reno>("j"), algorithm_of<Reno>("k"), algorithm_of<Reno>("l"),
      algorithm_of<Reno>("m")};
  AlgorithmTable table;
  for (std::size_t i = 0; i < 12; ++i) EXPECT_TRUE(table.try_add(kMore[i]));
  EXPECT_FALSE(table.try_add(kMore[12]));
  EXPECT_EQ(table.all().size(), AlgorithmTable::kAlgorithmsMax);
}

}  // namespace
}  // namespace strata::tcp::congestion::registry_test
