// SPDX-License-Identifier: Apache-2.0
#include "dns/hosts.h"

#include <algorithm>
#include <optional>

namespace strata::dns {
namespace {

constexpr std::string_view kBlanks = " \t\r\f\v";

// Cuts the next word off; empty at the end of the line.
std::string_view next_word(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

bool is_less(const wire::DnsName& a, const wire::DnsName& b) {
  return std::ranges::lexicographical_compare(a.bytes(), b.bytes());
}

}  // namespace

std::uint32_t Hosts::read(std::string_view text) {
  entries_.clear();
  std::uint32_t first_fault = 0;
  for (std::uint32_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!read_line(line.substr(0, line.find('#'))) && first_fault == 0) first_fault = number;
  }
  std::ranges::sort(entries_.span(), is_before);
  return first_fault;
}

bool Hosts::is_before(const Entry& a, const Entry& b) {
  if (is_less(a.name, b.name)) return true;
  return !is_less(b.name, a.name) && a.place < b.place;
}

bool Hosts::read_line(std::string_view line) {
  const std::string_view first = next_word(line);
  if (first.empty()) return true;
  // "fe80::1%eth0": the zone is of the machine that wrote it.
  const auto address = IpAddress::parse(first.substr(0, first.find('%')));
  if (!address) return false;
  bool is_fine = true;
  for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
    const auto name = wire::DnsName::parse(word);
    is_fine = name && add(*name, *address) && is_fine;
  }
  return is_fine;
}

bool Hosts::add(const wire::DnsName& name, const IpAddress& address) {
  if (entries_.size() >= entries_max_) return false;
  const auto place = static_cast<std::uint32_t>(entries_.size());
  return entries_.try_push_back({name.lower_case(), address, place});
}

bool Hosts::find(const wire::DnsName& name, bool v4, AddressSet& into) const {
  const auto range =
      std::ranges::equal_range(entries_.span(), name.lower_case(), is_less, &Entry::name);
  for (const Entry& entry : range) {
    if (entry.address.is_v4() == v4) into.add(entry.address);
  }
  return !range.empty();
}

}  // namespace strata::dns
