// SPDX-License-Identifier: Apache-2.0
#include "service/decode/layer_writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace strata::service::decoding {

LayerWriter::LayerWriter(Decoding& decoding, std::string_view name, Bytes bytes,
                         std::size_t header_size)
    : decoding_(decoding),
      bytes_(bytes),
      header_size_(header_size),
      index_(decoding.layers.size()) {
  const std::size_t offset = bytes.empty()
                                 ? decoding.packet.size()
                                 : static_cast<std::size_t>(bytes.data() - decoding.packet.data());
  decoding_.layers.push_back({.name = (decoding.is_quoted ? "Quoted " : "") + std::string(name),
                              .offset = offset,
                              .size = std::min(header_size, bytes.size()),
                              .fields = {}});
}

bool LayerWriter::has(std::size_t end) {
  takes_note_ = false;
  if (has_stopped_) return false;
  if (end <= bytes_.size()) return true;
  const std::vector<DecodedField>& fields = layer().fields;
  const std::size_t read = fields.empty() ? 0 : (fields.back().bit + fields.back().bits + 7) / 8;
  stop(std::min(read, bytes_.size()),
       fmt::format("ends after {} of {} bytes", bytes_.size(), std::max(header_size_, end)));
  return false;
}

void LayerWriter::append(std::string_view name, std::string value, std::size_t bit,
                         std::size_t bits) {
  std::vector<DecodedField>& fields = layer().fields;
  takes_note_ = fields.size() + 1 < kDecodedFieldsMax;
  if (takes_note_) {
    fields.push_back({std::string(name), std::move(value), {}, bit, bits});
  } else if (fields.size() < kDecodedFieldsMax) {
    fields.push_back({"More", "fields that are not shown", {}, bit, 8 * bytes_.size() - bit});
  }
}

void LayerWriter::add(std::string_view name, std::string value, std::size_t at, std::size_t size,
                      std::string text) {
  if (!has(at + size)) return;
  append(name, std::move(value), 8 * at, 8 * size);
  note(std::move(text));
}

void LayerWriter::note(std::string text) {
  if (takes_note_ && !text.empty()) layer().fields.back().note = std::move(text);
}

void LayerWriter::stop(std::size_t at, std::string why) {
  if (has_stopped_) return;
  at = std::min(at, bytes_.size());
  append(kUnreadable, std::move(why), 8 * at, 8 * (bytes_.size() - at));
  takes_note_ = false;
  has_stopped_ = true;
}

void LayerWriter::set_size(std::size_t size) { layer().size = std::min(size, bytes_.size()); }

std::string LayerWriter::hex_text(std::uint64_t value, std::size_t digits) {
  return fmt::format("0x{:0{}x}", value, digits);
}

std::string LayerWriter::address_text(const MacAddress& address, std::size_t /*bits*/) {
  return std::string(to_text(address).view());
}

std::string LayerWriter::address_text(const IpAddress& address, std::size_t bits) {
  const bool is_mapped = address.is_v4() && bits == 128;
  return (is_mapped ? "::ffff:" : "") + std::string(to_text(address).view());
}

std::string LayerWriter::address_note(const MacAddress& address) {
  if (address.is_broadcast()) return "broadcast";
  if (address.is_multicast()) return "multicast";
  const bool is_local = (address.bytes()[0] & std::byte{2}) != std::byte{0};
  return is_local ? "locally administered" : "";
}

std::string LayerWriter::address_note(const IpAddress& address) {
  if (address.is_limited_broadcast()) return "broadcast";
  if (address.is_multicast()) return "multicast";
  if (address.is_loopback()) return "loopback";
  if (address.is_unspecified()) return "unspecified";
  return address.is_link_local() ? "link-local" : "";
}

}  // namespace strata::service::decoding
