// SPDX-License-Identifier: Apache-2.0
// Small trees with a planted fault, and how tests ask what a rule says about them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidy/rules.h"

namespace strata::tidy {

inline Tree planted(std::vector<std::pair<std::string, std::string>> files) {
  std::vector<File> parsed;
  for (auto& [path, text] : files) parsed.emplace_back(std::move(path), text);
  return Tree(std::move(parsed));
}

// True when there is exactly one finding, at `path`, whose text contains `part`.
inline bool only_finding(const Findings& findings, std::string_view path, std::string_view part) {
  return findings.size() == 1 && findings[0].path == path &&
         findings[0].text.find(part) != std::string::npos;
}

}  // namespace strata::tidy
