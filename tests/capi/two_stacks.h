// SPDX-License-Identifier: Apache-2.0
// TwoStacks: a server, 10.0.0.1, and a client on virtual time, joined.
#pragma once

#include <gtest/gtest.h>

#include "strata/strata.h"

namespace strata::capi {

class TwoStacks : public testing::Test {
 public:
  ~TwoStacks() override {
    strata_stack_destroy(server_);
    strata_stack_destroy(client_);
  }

 protected:
  // Null: the client has no address yet.
  explicit TwoStacks(const char* client = "10.0.0.2/24") {
    strata_options options = STRATA_INIT(strata_options);
    options.is_virtual = 1;
    options.seed = 1;
    EXPECT_EQ(strata_stack_create(&options, &server_), 0);
    options.seed = 2;
    EXPECT_EQ(strata_stack_create(&options, &client_), 0);
    EXPECT_EQ(strata_join(server_, "10.0.0.1/24", client_, client), 0);
  }

  strata_stack* server_ = nullptr;
  strata_stack* client_ = nullptr;
};

}  // namespace strata::capi
