// SPDX-License-Identifier: Apache-2.0
// The arguments of a system call: from expressions to what the C library wants.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "script/language/ast.h"
#include "script/language/options.h"

namespace strata::script {

// Memory that calls point to; it does not move, and lives as long as its operation.
using Scratch = std::deque<std::vector<std::byte>>;

// Numbers of descriptors in the script, and what they are here.
using DescriptorMap = std::map<int, int>;

// A number, or the value of a symbol, or several of them joined by |; nothing: it is none.
[[nodiscard]] std::optional<std::int64_t> number_of(const Expression& expression,
                                                    std::string& error);
// The value of a field of a struct; null when there is none of that name.
[[nodiscard]] const Expression* field_of(const Expression& structure, std::string_view name);

// Reads arguments one after the other. As in the parser, the first error counts, and after it
// everything reads as zero.
class Arguments {
 public:
  Arguments(const SystemCall& call, const Options& options, const DescriptorMap& descriptors,
            Scratch& scratch)
      : call_(call), options_(options), descriptors_(descriptors), scratch_(scratch) {}

  void expect_count(std::size_t least, std::size_t most);
  [[nodiscard]] std::size_t count() const { return call_.arguments.size(); }
  // An ellipsis when there is none of that number.
  [[nodiscard]] const Expression& at(std::size_t index) const;
  [[nodiscard]] bool is_ellipsis(std::size_t index) const {
    return at(index).kind == Expression::Kind::kEllipsis;
  }

  [[nodiscard]] std::int64_t integer(const Expression& expression);
  [[nodiscard]] std::int64_t integer(std::size_t index) { return integer(at(index)); }
  [[nodiscard]] int whole(std::size_t index);
  // A size of memory that a script may have.
  [[nodiscard]] std::size_t size(const Expression& expression);
  [[nodiscard]] std::size_t size(std::size_t index) { return size(at(index)); }
  // -1 for a descriptor that the script does not have, as the kernel says EBADF.
  [[nodiscard]] int descriptor(const Expression& expression);
  [[nodiscard]] int descriptor(std::size_t index) { return descriptor(at(index)); }
  // [5] is 5.
  [[nodiscard]] std::int64_t only_element(std::size_t index);

  [[nodiscard]] std::span<std::byte> memory(std::size_t bytes);
  // `...` as zeros, "text" as it is; NULL as nothing.
  [[nodiscard]] void* buffer(const Expression& expression, std::size_t bytes);
  // [{..., 10}, {..., 20}], which must be `count` many.
  [[nodiscard]] std::span<iovec> vectors(const Expression& array, std::int64_t count);
  // `...` is the given endpoint; else {sa_family = AF_INET, sin_port = htons(1), ...}. NULL: none.
  struct Address {
    sockaddr* address = nullptr;
    socklen_t size = 0;
  };
  [[nodiscard]] Address address(const Expression& expression, const Endpoint& usual);
  // Room for an address that the call tells.
  [[nodiscard]] Address address_room();

  [[nodiscard]] const std::string& error() const { return error_; }
  void fail(std::string text) {
    if (error_.empty()) error_ = std::move(text);
  }
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  [[nodiscard]] std::optional<Endpoint> endpoint_of(const Expression& structure);

  const SystemCall& call_;
  const Options& options_;
  const DescriptorMap& descriptors_;
  Scratch& scratch_;
  std::size_t bytes_used_ = 0;
  std::string error_;
};

}  // namespace strata::script
