// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/secrets.h"

#include <gtest/gtest.h>

#include <set>

namespace strata::tcp::secrets_test {
namespace {

TEST(Secrets, AreAllDifferentAndDependOnTheKey) {
  std::set<std::uint64_t> words;
  for (const SipKey key : {SipKey{1, 2}, SipKey{1, 3}, SipKey{2, 2}}) {
    const Secrets secrets = Secrets::derive(key);
    for (const SipKey& each : {secrets.flows, secrets.isn, secrets.timestamps, secrets.ports,
                               secrets.syn_cookies, secrets.fast_open}) {
      EXPECT_TRUE(words.insert(each.k0).second);
      EXPECT_TRUE(words.insert(each.k1).second);
    }
    EXPECT_TRUE(words.insert(secrets.replies).second);
  }
}

}  // namespace
}  // namespace strata::tcp::secrets_test
