// SPDX-License-Identifier: Apache-2.0
#include "strata/resolver.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace strata::resolver_test {
namespace {

// The smallest resolver that keeps the contract: a table, and answers that wait for their turn.
class TableResolver final : public Resolver {
 public:
  std::map<std::string, std::vector<IpAddress>, std::less<>> names;

  void resolve(std::string_view name, Answer answer) override {
    waiting_.emplace_back(std::string(name), std::move(answer));
  }
  void answer_all() {
    for (auto& [name, answer] : std::exchange(waiting_, {})) {
      const auto found = names.find(name);
      if (found == names.end()) {
        answer(std::unexpected(Error::kNotFound));
      } else {
        answer(std::span<const IpAddress>(found->second));
      }
    }
  }

 private:
  std::vector<std::pair<std::string, Answer>> waiting_;
};

TEST(Resolver, AnswersOnceAndNeverFromInsideTheQuestion) {
  TableResolver table;
  table.names["two.example"] = {IpAddress::v4(10, 0, 0, 1), IpAddress::loopback_v6()};
  Resolver& resolver = table;
  std::vector<IpAddress> got;
  int answers = 0;
  resolver.resolve("two.example", [&](Result<std::span<const IpAddress>> addresses) {
    ++answers;
    ASSERT_TRUE(addresses);
    got.assign(addresses->begin(), addresses->end());
  });
  EXPECT_EQ(answers, 0);
  table.answer_all();
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(got, table.names["two.example"]);
}

TEST(Resolver, SaysWhenANameIsNotThere) {
  TableResolver table;
  std::optional<Error> error;
  table.resolve("nowhere", [&](Result<std::span<const IpAddress>> addresses) {
    ASSERT_FALSE(addresses);
    error = addresses.error();
  });
  table.answer_all();
  EXPECT_EQ(error, Error::kNotFound);
}

}  // namespace
}  // namespace strata::resolver_test
