// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/fragments.h"

#include <cstddef>
#include <cstdint>

#include "service/gateway/gateway_bench.h"
#include "strata/packet_pool.h"
#include "strata/wire/ip_protocol.h"
#include "support/frames.h"
#include "support/test_device.h"

namespace strata::service::fragments_test {
namespace {

using support::Frame;

// Fragments of its own, whose wholes go to a device of the test.
class FragmentsTest : public GatewayTest {
 protected:
  static constexpr std::size_t kHalf = 800;

  void take_half(std::uint16_t identification, bool is_first) {
    const Frame half =
        support::ipv4_packet({.identification = identification,
                              .more_fragments = is_first,
                              .fragment_offset = is_first ? std::uint16_t{0} : std::uint16_t{kHalf},
                              .protocol = wire::kIpProtocolUdp,
                              .source = kInside4.address(),
                              .destination = IpAddress::v4(192, 0, 2, 1)},
                             Frame(whole_.all().subspan(is_first ? 0 : kHalf, kHalf)));
    PacketPtr packet = pool_.allocate_for(half.size());
    copy_bytes(half.all(), packet->append(half.size()));
    if (fragments_.take(*packet)) (void)packet.release();
  }
  [[nodiscard]] std::uint64_t lost() const {
    return gateway_->stack().stack().drops(DropReason::kTransmitQueueFull);
  }

  const Frame whole_ = support::pattern(2 * kHalf);
  HeapMemory memory_;
  PacketPool pool_{memory_, PacketPoolConfig{}};
  support::TestDevice to_gateway_;
  Fragments fragments_{gateway_->stack(), to_gateway_};
};

TEST_F(FragmentsTest, ComeAgainAsAWholeWithTheLastOfThem) {
  take_half(1, false);
  EXPECT_TRUE(to_gateway_.sent().empty());
  take_half(1, true);
  ASSERT_EQ(to_gateway_.sent().size(), 1U);
  const Frame& sent = to_gateway_.sent().front();
  ASSERT_EQ(sent.size(), wire::Ipv4Layout::kSize + whole_.size());
  EXPECT_EQ(Frame(sent.all().subspan(wire::Ipv4Layout::kSize)), whole_);
  EXPECT_EQ(lost(), 0U);
}

TEST_F(FragmentsTest, AWholeForWhichTheLinkHasNoRoomIsLostAndCounted) {
  to_gateway_.room_left = 0;
  take_half(1, true);
  take_half(1, false);
  EXPECT_TRUE(to_gateway_.sent().empty());
  EXPECT_EQ(lost(), 1U);
  EXPECT_EQ(pool_.small_free(), pool_.small_count()) << "nobody holds its bytes";
  to_gateway_.room_left = SIZE_MAX;
  take_half(2, true);
  take_half(2, false);
  EXPECT_EQ(to_gateway_.sent().size(), 1U);
  EXPECT_EQ(lost(), 1U);
}

TEST_F(FragmentsTest, WholePacketsAreNotTaken) {
  const Frame whole = support::ipv4_packet({.protocol = wire::kIpProtocolUdp,
                                            .source = kInside4.address(),
                                            .destination = IpAddress::v4(192, 0, 2, 1)},
                                           whole_);
  PacketPtr packet = pool_.allocate_for(whole.size());
  copy_bytes(whole.all(), packet->append(whole.size()));
  EXPECT_FALSE(fragments_.take(*packet));
}

}  // namespace
}  // namespace strata::service::fragments_test
