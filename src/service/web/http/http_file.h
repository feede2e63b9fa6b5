// SPDX-License-Identifier: Apache-2.0
// HttpFile: a regular file below a folder, found by the path of a request and never outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "driver/descriptor.h"
#include "strata/bytes.h"

namespace strata::service {

// The path of a request target, also of a whole URI, with %XX undone and the query cut off; none
// when it is malformed or names a NUL byte.
[[nodiscard]] std::optional<std::string> path_of_target(std::string_view target);

// The status that an errno of opening a file stands for.
[[nodiscard]] unsigned http_status_of(int error);

// By the name's ending: "text/html; charset=utf-8".
[[nodiscard]] std::string_view content_type_of(std::string_view path);

class HttpFile {
 public:
  using SharedDescriptor = std::shared_ptr<const driver::Descriptor>;

  // Files up to this size are read, and closed, when they are opened.
  static constexpr std::uint64_t kSmallMax = 16U << 10U;

  // Below an open folder. A folder stands for its index.html. An error is the status to answer
  // with: 403, 404 or 500, or 301 for a folder named without a slash at its end.
  [[nodiscard]] static std::expected<HttpFile, unsigned> open(int folder, std::string_view path);
  // One of any number that share a descriptor. Nothing when there is no file behind it.
  [[nodiscard]] static std::optional<HttpFile> of_descriptor(SharedDescriptor descriptor,
                                                             std::string_view content_type);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::int64_t modified_seconds() const { return modified_seconds_; }
  // RFC 9110 8.8.3: changes whenever the bytes may have.
  [[nodiscard]] const std::string& entity_tag() const { return entity_tag_; }
  [[nodiscard]] std::string_view content_type() const { return content_type_; }
  // All of a small file; empty: it must be read.
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  // It holds a descriptor.
  [[nodiscard]] bool is_open() const { return descriptor_ != nullptr; }
  // The same file, unchanged, whatever name it was opened by.
  [[nodiscard]] bool is_same(const HttpFile& other) const;
  // How many bytes were read; 0 when the file has become shorter, or cannot be read.
  [[nodiscard]] std::size_t read(std::uint64_t offset, MutableBytes to) const;

 private:
  explicit HttpFile(SharedDescriptor descriptor) : descriptor_(std::move(descriptor)) {}
  void read_small();

  SharedDescriptor descriptor_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
  std::uint64_t size_ = 0;
  std::int64_t modified_seconds_ = 0;
  std::string entity_tag_;
  std::string_view content_type_;
  std::string bytes_;
};

// RFC 9110 14.1.2: [first, last] of a file of `size` bytes.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};
enum class RangeVerdict : std::uint8_t {
  kWhole,          // there is none, or none we understand (RFC 9110 14.2: it may be ignored)
  kPart,           // one range
  kUnsatisfiable,  // behind the end
};
struct RangeAnswer {
  RangeVerdict verdict = RangeVerdict::kWhole;
  ByteRange range{};
};
[[nodiscard]] RangeAnswer read_range(std::string_view field, std::uint64_t size);

}  // namespace strata::service
