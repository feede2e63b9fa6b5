// SPDX-License-Identifier: Apache-2.0
// Runs every script below tests/conformance, in every IP version that it does not exclude.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "script/language/parser.h"
#include "script/run/runner.h"

namespace strata::conformance::conformance_test {
namespace {

namespace fs = std::filesystem;

struct Case {
  fs::path path;  // below tests/conformance
  std::string version;
};

fs::path root() { return fs::path(STRATA_SOURCE_DIR) / "tests" / "conformance"; }

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return std::move(text).str();
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& entry : fs::recursive_directory_iterator(root())) {
    if (entry.path().extension() != ".pkt") continue;
    const bool has_version = text_of(entry.path()).find("\n--ip_version=") != std::string::npos;
    const fs::path path = fs::relative(entry.path(), root());
    if (has_version) {
      cases.push_back({path, "ipv4"});
      continue;
    }
    for (const char* version : {"ipv4", "ipv4-mapped-ipv6", "ipv6"})
      cases.push_back({path, version});
  }
  std::ranges::sort(cases, {}, [](const Case& one) { return one.path.string() + one.version; });
  return cases;
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.path.parent_path().string() + "_" +
                     info.param.path.stem().string() + "_" + info.param.version;
  std::ranges::replace_if(name, [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

class Scripts : public testing::TestWithParam<Case> {};

TEST_P(Scripts, Pass) {
  const fs::path path = root() / GetParam().path;
  const std::string text = text_of(path);
  // What a script proves stands in its first line.
  EXPECT_TRUE(text.starts_with("// ")) << path;
  script::Options options;
  ASSERT_TRUE(script::apply_option(options, "ip_version", GetParam().version));
  ASSERT_TRUE(script::apply_option(options, "tolerance_usecs", "1000"));
  ASSERT_TRUE(script::apply_option(options, "tolerance_percent", "0"));
  const auto script = script::parse_script(text, options);
  ASSERT_TRUE(script.has_value()) << path << ":" << script.error().line << ": "
                                  << script.error().text;
  const script::Verdict verdict = script::run_script(*script, path.string(), nullptr);
  EXPECT_EQ(verdict.kind, script::Verdict::Kind::kPassed) << verdict.message;
}

INSTANTIATE_TEST_SUITE_P(Conformance, Scripts, testing::ValuesIn(all_cases()), name_of);

}  // namespace
}  // namespace strata::conformance::conformance_test
