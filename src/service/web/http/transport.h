// SPDX-License-Identifier: Apache-2.0
// Transport: the bytes of one connection in both directions, with TLS or without.
#pragma once

#include <cstddef>
#include <span>

#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/error.h"
#include "strata/inline_function.h"

// Calls do what can be done at once. Whoever was told kWouldBlock hears of news when it is worth
// trying again; news may also come for nothing.

namespace strata::service {

class Transport {
 public:
  virtual ~Transport() = default;

  virtual void on_news(InlineFunction<void()> tell) = 0;
  // kClosed when the peer has ended its direction and all has been read.
  [[nodiscard]] virtual Result<std::size_t> read(MutableBytes to) = 0;
  // `more` follows at once: a last small segment waits for it.
  [[nodiscard]] virtual Result<std::size_t> write(std::span<const Bytes> parts, bool more) = 0;
  // Our direction ends behind what was written.
  virtual Result<void> end_writing() = 0;
  virtual void close() = 0;
  // False while a handshake is under way: nothing that is written can be read by the peer.
  [[nodiscard]] virtual bool is_open() const { return true; }
  [[nodiscard]] virtual Endpoint local() const = 0;
  [[nodiscard]] virtual Endpoint remote() const = 0;
};

}  // namespace strata::service
