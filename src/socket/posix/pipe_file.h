// SPDX-License-Identifier: Apache-2.0
// PipeFile: one end of a pipe, for splice().
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "socket/posix/file.h"

namespace strata::posix {

class PipeFile final : public File {
 public:
  static constexpr std::size_t kCapacity = 65'536;
  static constexpr std::size_t kAtomicBytes = 4096;  // PIPE_BUF

  // The end to read from, and the end to write to.
  [[nodiscard]] static std::pair<FilePtr, FilePtr> make();

  Answer receive(msghdr& message, int flags, Time now) override;
  Answer send(const msghdr& message, int flags, Time now) override;
  [[nodiscard]] bool is_stream() const override { return !is_reader_; }
  Answer control(unsigned long request, int& value) override;
  bool close(Time now, bool is_last) override;
  [[nodiscard]] std::uint32_t events() const override;

 private:
  struct Shared {
    std::deque<std::byte> bytes;
    PipeFile* reader = nullptr;  // null: closed
    PipeFile* writer = nullptr;
  };

  PipeFile(std::shared_ptr<Shared> shared, bool is_reader)
      : shared_(std::move(shared)), is_reader_(is_reader) {}

  std::shared_ptr<Shared> shared_;
  bool is_reader_;
};

}  // namespace strata::posix
