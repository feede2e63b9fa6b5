// SPDX-License-Identifier: Apache-2.0
// decode_packet over any bytes: no field leaves its packet, and what is said is plain ASCII.
#include "fuzz/law.h"
#include "service/decode/decode.h"

namespace {

void require_plain(const std::string& text) {
  for (const char letter : text) strata::fuzz::require(letter >= ' ' && letter <= '~');
}

}  // namespace

// The first byte chooses the medium.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;
  const Bytes input = fuzz::as_input(data, size);
  if (input.empty()) return 0;
  const Bytes packet = input.subspan(1);
  const auto medium = input[0] == std::byte{0} ? Medium::kEthernet : Medium::kIp;
  for (const auto& layer : service::decode_packet(medium, packet)) {
    fuzz::require(layer.offset + layer.size <= packet.size());
    fuzz::require(layer.fields.size() <= service::kDecodedFieldsMax);
    require_plain(layer.name);
    for (const auto& field : layer.fields) {
      fuzz::require(layer.offset * 8 + field.bit + field.bits <= packet.size() * 8);
      require_plain(field.name);
      require_plain(field.value);
      require_plain(field.note);
    }
  }
  return 0;
}
