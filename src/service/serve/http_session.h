// SPDX-License-Identifier: Apache-2.0
// HttpSession: files over HTTP/1.1 (RFC 9110, RFC 9112) on one TCP stream.
//
//   read ──> HttpRequestReader ──> answer(): head_ and body_ ──> write ──> the next request
//
// 1. One answer at a time: requests that came early wait in the reader (pipelining).
// 2. A body is read from its file a chunk at a time, when the stream has taken the last one.
// 3. A session that was told to close says "Connection: close", sends all, ends its direction and
//    waits for the peer's end, so that no reset overtakes the last bytes (RFC 9112 9.6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/failure.h"
#include "service/serve/http_file.h"
#include "service/serve/http_request.h"
#include "service/serve/session.h"

namespace strata::service {

// Can files be served from there?
[[nodiscard]] Outcome<void> check_folder(const std::string& folder);

class HttpSession final : public Session {
 public:
  HttpSession(SessionOwner& owner, TcpStream stream, std::string folder)
      : Session(owner, std::move(stream)), folder_(std::move(folder)) {}

 private:
  struct Body {
    HttpFile file;
    std::uint64_t at = 0;
    std::uint64_t left = 0;
  };
  enum class Progress : std::uint8_t { kMore, kWaits, kBroken };

  bool work() override;
  [[nodiscard]] Progress write_answer();
  [[nodiscard]] Progress write_chunk();
  [[nodiscard]] Progress read_request();
  [[nodiscard]] bool wait_for_end();
  void answer(const HttpRequest& request);
  void answer_with_file(const HttpRequest& request, HttpFile file);
  void answer_with_status(unsigned status, const HttpRequest& request,
                          const std::string& more_fields = {});
  [[nodiscard]] std::string head(unsigned status, const std::string& fields) const;

  std::string folder_;
  HttpRequestReader reader_;
  std::string head_;  // what is left of the answer's head
  std::vector<std::byte> chunk_;
  std::size_t chunk_sent_ = 0;
  std::optional<Body> body_;
  bool closes_ = false;           // after the answer in hand
  bool says_keep_alive_ = false;  // in the answer in hand
  bool has_ended_ = false;        // our direction
  bool peer_ended_ = false;       // its requests
};

}  // namespace strata::service
