// SPDX-License-Identifier: Apache-2.0
// The values of socket options, as they lie in a program's memory, and tables of those that are
// numbers.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <expected>
#include <iterator>
#include <optional>

#include "socket/posix/answer.h"
#include "strata/time.h"

namespace strata::posix {

// A structure, or a number, that a program gave; too short a one is EINVAL.
template <typename T>
[[nodiscard]] std::expected<T, Answer> read_value(const void* value, socklen_t size) {
  if (value == nullptr) return std::unexpected(-EFAULT);
  if (size < sizeof(T)) return std::unexpected(-EINVAL);
  T plain{};
  std::memcpy(&plain, value, sizeof(T));
  return plain;
}

// As much of it as the program has room for; tells how much.
template <typename T>
[[nodiscard]] Answer write_value(const T& plain, void* value, socklen_t* size) {
  if (value == nullptr || size == nullptr) return -EFAULT;
  if (static_cast<int>(*size) < 0) return -EINVAL;
  *size = static_cast<socklen_t>(std::min<std::size_t>(*size, sizeof(T)));
  std::memcpy(value, &plain, *size);
  return 0;
}

// How a kind of file reads and sets an option whose value is a number.
template <typename File>
struct OptionRow {
  int level;
  int name;
  Answer (*read)(File& file, int& value);
  Answer (*write)(File& file, int value, Time now);  // null: only to read
};

// Null: not in the table.
template <typename File, std::size_t kCount>
[[nodiscard]] const OptionRow<File>* find_option(const OptionRow<File> (&rows)[kCount], int level,
                                                 int name) {
  const auto* row = std::ranges::find_if(
      rows, [&](const OptionRow<File>& r) { return r.level == level && r.name == name; });
  return row == std::end(rows) ? nullptr : row;
}

template <typename File>
[[nodiscard]] Answer read_option(const OptionRow<File>& row, File& file, void* value,
                                 socklen_t* size) {
  if (row.read == nullptr) return -ENOPROTOOPT;
  int number = 0;
  const Answer read = row.read(file, number);
  return read < 0 ? read : write_value(number, value, size);
}

template <typename File>
[[nodiscard]] Answer write_option(const OptionRow<File>& row, File& file, const void* value,
                                  socklen_t size, Time now) {
  // ip(7): of IP itself a byte is as good as an int.
  const bool is_byte = row.level == IPPROTO_IP && size != 0 && size < sizeof(int);
  if (is_byte && value == nullptr) return -EFAULT;
  if (is_byte) return row.write(file, *static_cast<const unsigned char*>(value), now);
  const auto number = read_value<int>(value, size);
  return number ? row.write(file, *number, now) : number.error();
}

// SO_RCVTIMEO and SO_SNDTIMEO: zero is for ever.
[[nodiscard]] inline std::expected<std::optional<Duration>, Answer> read_timeout(const void* value,
                                                                                 socklen_t size) {
  const auto time = read_value<timeval>(value, size);
  if (!time) return std::unexpected(time.error());
  if (time->tv_usec < 0 || time->tv_usec >= 1'000'000) return std::unexpected(-EDOM);
  constexpr std::int64_t kSecondsMax = std::int64_t{1} << 32U;
  if (time->tv_sec < 0) return Duration{};
  if ((time->tv_sec == 0 && time->tv_usec == 0) || time->tv_sec > kSecondsMax) return std::nullopt;
  return std::chrono::seconds(time->tv_sec) + std::chrono::microseconds(time->tv_usec);
}

[[nodiscard]] inline timeval to_timeval(std::optional<Duration> timeout) {
  const auto usecs =
      std::chrono::duration_cast<std::chrono::microseconds>(timeout.value_or(Duration{})).count();
  return {static_cast<time_t>(usecs / 1'000'000), static_cast<suseconds_t>(usecs % 1'000'000)};
}

}  // namespace strata::posix
