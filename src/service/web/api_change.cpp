// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include <string>
#include <utility>

#include "service/web/api.h"

namespace strata::service {
namespace {

using Json = nlohmann::json;

std::string word(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

std::expected<FaceQuery, HttpAnswer> api_change(std::string_view path, std::string_view body) {
  if (path != "capture") {
    return std::unexpected(refusal_answer(404, "there is nothing to change there"));
  }
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return std::unexpected(refusal_answer(400, "expected a JSON object"));
  FaceQuery asked;
  const std::string action = word(json, "action");
  if (action == "stop") {
    asked.kind = FaceQuery::Kind::kCaptureStop;
    return asked;
  }
  if (action != "start") {
    return std::unexpected(refusal_answer(400, "expected an action: start or stop"));
  }
  asked.kind = FaceQuery::Kind::kCaptureStart;
  asked.filter = word(json, "filter");
  const auto snap = json.find("snap");
  if (snap != json.end() && !snap->is_number_unsigned()) {
    return std::unexpected(refusal_answer(400, "snap: expected a number of bytes"));
  }
  if (snap != json.end()) asked.snap = snap->get<std::size_t>();
  return asked;
}

}  // namespace strata::service
