// SPDX-License-Identifier: Apache-2.0
// ControlClient: the asking side of the control socket. It waits, for nothing else is to be done.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "service/control/messages.h"
#include "service/failure.h"

namespace strata::service {

class ControlClient {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<ControlClient>> connect(const std::string& path);
  // To the socket at this path, or with an empty one to that of the only stack that is running.
  [[nodiscard]] static Outcome<std::unique_ptr<ControlClient>> connect_to_running(
      const std::string& path);
  ~ControlClient();
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;

  // The line that comes back, within ten seconds.
  [[nodiscard]] Outcome<std::string> ask(const ControlRequest& wanted);
  // The next line of a stream; nothing when the other side has closed or reading was ended.
  [[nodiscard]] Outcome<std::optional<std::string>> next_line();
  // From now on next_line() tells what has come already, and then that it is over, also when it is
  // waiting now. May be called by a signal's handler.
  void end_reading() const;
  // Whether next_line() would answer without waiting.
  [[nodiscard]] bool has_line() const { return in_.find('\n') != std::string::npos; }

 private:
  explicit ControlClient(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
  std::string in_;
};

}  // namespace strata::service
