// SPDX-License-Identifier: Apache-2.0
#include "service/decode/decode_json.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "service/decode/decode.h"

namespace strata::service {
namespace {

nlohmann::json field_json(DecodedField& field) {
  nlohmann::json json{{"name", std::move(field.name)},
                      {"value", std::move(field.value)},
                      {"bit", field.bit},
                      {"bits", field.bits}};
  if (!field.note.empty()) json["note"] = std::move(field.note);
  return json;
}

}  // namespace

nlohmann::json decode_json(Medium medium, Bytes packet) {
  nlohmann::json layers = nlohmann::json::array();
  for (DecodedLayer& layer : decode_packet(medium, packet)) {
    nlohmann::json fields = nlohmann::json::array();
    for (DecodedField& field : layer.fields) fields.push_back(field_json(field));
    layers.push_back({{"name", std::move(layer.name)},
                      {"offset", layer.offset},
                      {"size", layer.size},
                      {"fields", std::move(fields)}});
  }
  return layers;
}

std::string decode_json_text(Medium medium, Bytes packet) {
  return decode_json(medium, packet).dump();
}

}  // namespace strata::service
