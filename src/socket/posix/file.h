// SPDX-License-Identifier: Apache-2.0
// File: what a descriptor stands for. Sockets, pipes and epoll instances are its kinds.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "socket/posix/answer.h"
#include "strata/inline_function.h"
#include "strata/time.h"

namespace strata::posix {

class File;
class MessageFile;
using FilePtr = std::shared_ptr<File>;

// Every call tries once and never waits: -EAGAIN says that it might do better later. A kind that
// has no such thing answers what the kernel does, which is what the functions here do.
class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;

  // ── Data ──────────────────────────────────────────────────────────────────────────────────
  virtual Answer receive(msghdr& message, int flags, Time now);
  virtual Answer send(const msghdr& message, int flags, Time now);
  // A call that blocks goes on until all is done, and not until something is.
  [[nodiscard]] virtual bool is_stream() const { return false; }

  // ── Sockets ───────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] virtual bool is_socket() const { return false; }
  virtual Answer bind(const sockaddr* address, socklen_t size, Time now);
  virtual Answer listen(int backlog, Time now);
  // -EINPROGRESS: ask connect_result() later, which answers -EINPROGRESS until it is known.
  virtual Answer connect(const sockaddr* address, socklen_t size, Time now);
  virtual Answer connect_result();
  // A new file, or minus an errno.
  struct Accepted {
    FilePtr file;
    Answer error = 0;
  };
  virtual Accepted accept(Time now);
  virtual Answer shut_down(int how, Time now);
  virtual Answer local_name(sockaddr* address, socklen_t* size);
  virtual Answer remote_name(sockaddr* address, socklen_t* size);
  virtual Answer option(int level, int name, void* value, socklen_t* size, Time now);
  virtual Answer set_option(int level, int name, const void* value, socklen_t size, Time now);

  // Null: it is none of UDP's, ping's or raw ones.
  [[nodiscard]] virtual MessageFile* as_messages() { return nullptr; }

  // ── All kinds ─────────────────────────────────────────────────────────────────────────────
  // FIONREAD, SIOCINQ, SIOCOUTQ.
  virtual Answer control(unsigned long request, int& value);
  // The last descriptor is gone. False: there is something left to do; ask again later, and once
  // more with `is_last` when the time of lingering is over.
  virtual bool close(Time now, bool is_last);
  // How long close() may take.
  [[nodiscard]] virtual std::optional<Duration> linger() const { return std::nullopt; }
  // POLLIN, POLLOUT and so on: what is true now.
  [[nodiscard]] virtual std::uint32_t events() const = 0;
  // Grows whenever events may have come true, once more: for edges.
  [[nodiscard]] virtual std::uint64_t news() const { return news_; }
  // Called each time it grows, after a flush of the stack; null takes it away.
  void on_news(InlineFunction<void()> tell) { on_news_ = std::move(tell); }

  [[nodiscard]] bool is_non_blocking() const { return is_non_blocking_; }
  void set_non_blocking(bool on) { is_non_blocking_ = on; }
  // SO_RCVLOWAT: a call that waits does so for so many bytes, if it has room for them.
  [[nodiscard]] virtual std::size_t receive_low_water() const { return 1; }
  // SO_RCVTIMEO, SO_SNDTIMEO; none: for ever.
  [[nodiscard]] std::optional<Duration> receive_timeout() const { return receive_timeout_; }
  [[nodiscard]] std::optional<Duration> send_timeout() const { return send_timeout_; }

 protected:
  void tell_news() {
    ++news_;
    if (on_news_) on_news_();
  }

  std::optional<Duration> receive_timeout_;
  std::optional<Duration> send_timeout_;

 private:
  std::uint64_t news_ = 1;
  InlineFunction<void()> on_news_;
  bool is_non_blocking_ = false;
};

}  // namespace strata::posix
