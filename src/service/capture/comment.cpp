// SPDX-License-Identifier: Apache-2.0
#include "service/capture/comment.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

namespace strata::service {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// RFC 3629 4: the second byte of some leads has fewer values.
bool is_second(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xE0: return second >= 0xA0 && second <= 0xBF;
    case 0xED: return second >= 0x80 && second <= 0x9F;
    case 0xF0: return second >= 0x90 && second <= 0xBF;
    case 0xF4: return second >= 0x80 && second <= 0x8F;
    default: return second >= 0x80 && second <= 0xBF;
  }
}

std::size_t bytes_of_lead(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

// How many bytes the first character takes; 0: it is none.
std::size_t character_bytes(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t count = bytes_of_lead(at(0));
  if (count <= 1) return count;
  if (count > text.size() || !is_second(at(0), at(1))) return 0;
  for (std::size_t i = 2; i < count; ++i) {
    if ((at(i) & 0xC0U) != 0x80U) return 0;
  }
  return count;
}

char32_t code_point(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return lead;
  char32_t code = lead & (0x7FU >> character.size());
  for (const char next : character.substr(1)) {
    code = code << 6U | (static_cast<unsigned char>(next) & 0x3FU);
  }
  return code;
}

// What a terminal obeys instead of showing it: C0 and C1, line and paragraph separators, and what
// turns the direction of the text (Unicode UAX 9).
bool is_command(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029 ||
         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

std::string drop_comment(DropReason reason) {
  return fmt::format("dropped: {}: {}", name_of(reason), explanation_of(reason));
}

std::string clean_comment(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t count = character_bytes(text);
    std::string_view next = count == 0 ? kReplacement : text.substr(0, count);
    if (is_command(code_point(next))) next = " ";
    if (clean.size() + next.size() > kCommentBytesMax) break;
    clean += next;
    text.remove_prefix(count == 0 ? 1 : count);
  }
  return clean;
}

}  // namespace strata::service
