// SPDX-License-Identifier: Apache-2.0
// HttpAnswer: what is said to a request, as values; which files say it is http_connection's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "service/web/http/http_file.h"
#include "service/web/http/http_folder.h"
#include "service/web/http/http_request.h"
#include "strata/time.h"

namespace strata::service {

struct HttpAnswer {
  // A part of a file, read as the peer takes it.
  struct FilePart {
    std::shared_ptr<const HttpFile> file;
    std::uint64_t at = 0;
    std::uint64_t left = 0;
  };

  unsigned status = 200;
  std::string fields{};            // "Name: value\r\n" each; Content-Length is added
  std::string text{};              // the body, made for this request,
  std::string_view lasting{};      // or one that lives as long as the program, or as `small` does,
  std::optional<FilePart> part{};  // or one in a file
  std::shared_ptr<const HttpFile> small{};
  bool has_no_body = false;  // 304: there is none, and no length of one
};

// "404 Not Found" as text.
[[nodiscard]] HttpAnswer status_answer(unsigned status, std::string fields = {});
[[nodiscard]] HttpAnswer json_answer(std::string text, unsigned status = 200);
// {"error":"..."}: why the API does not do what it was asked.
[[nodiscard]] HttpAnswer refusal_answer(unsigned status, std::string_view why);
[[nodiscard]] std::string_view reason_of(unsigned status);

// The file of a folder that a request names: whole, in part, unchanged, elsewhere, or not there.
[[nodiscard]] HttpAnswer file_answer(const HttpRequest& request, HttpFolder& folder);
// The same conditions for bytes in memory.
[[nodiscard]] HttpAnswer lasting_answer(const HttpRequest& request, std::string_view bytes,
                                        std::string_view content_type, std::string_view tag,
                                        std::string_view more_fields);

// RFC 9110 5.6.7, from the wall clock; made once a second.
[[nodiscard]] std::string_view http_date_now(Time now);
// The head of the answer, up to its empty line.
[[nodiscard]] std::string http_head(const HttpAnswer& answer, std::string_view connection,
                                    Time now);

}  // namespace strata::service
