// SPDX-License-Identifier: Apache-2.0
#include "stack/out/gather.h"

#include <gtest/gtest.h>

#include "support/frames.h"

namespace strata::stack::gather_test {
namespace {

using namespace support;

TEST(Gather, ReadsPartsInOrderAndPassesEmptyOnes) {
  const Frame ab = text("ab");
  const Frame cde = text("cde");
  const Bytes parts[] = {Bytes{}, ab.all(), Bytes{}, cde.all(), Bytes{}};
  Gather gather(parts);
  EXPECT_EQ(gather.left(), 5U);
  Frame first(3);
  gather.copy_to(first.writable());
  EXPECT_EQ(first, text("abc"));
  EXPECT_EQ(gather.left(), 2U);
  Gather ahead = gather;
  for (Gather* reader : {&ahead, &gather}) {
    Frame rest(2);
    reader->copy_to(rest.writable());
    EXPECT_EQ(rest, text("de"));
    EXPECT_EQ(reader->left(), 0U);
  }
  gather.copy_to({});
}

TEST(Gather, OfNothingHasNothing) {
  Gather gather({});
  EXPECT_EQ(gather.left(), 0U);
  gather.copy_to({});
}

TEST(Gather, SumsWhatItCopiesWhereverPartsEnd) {
  const Frame whole = pattern(200);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    const Bytes parts[] = {whole.all().first(cut), whole.all().subspan(cut)};
    Gather gather(parts);
    Frame copy(whole.size());
    const wire::Sum sum = gather.copy_and_sum_to(copy.writable());
    EXPECT_EQ(copy, whole) << cut;
    EXPECT_EQ(fold(sum), fold(wire::partial_sum(whole.all()))) << cut;
  }
}

}  // namespace
}  // namespace strata::stack::gather_test
