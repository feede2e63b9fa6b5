// SPDX-License-Identifier: Apache-2.0
// The rules, held against this repository.
#include "tidy/tree.h"

#include <gtest/gtest.h>

#include <ostream>

#include "tidy/rules.h"

namespace strata::tidy::tree_test {
namespace {

struct Rule {
  const char* name;
  Findings (*check)(const Tree& tree);
};

void PrintTo(const Rule& rule, std::ostream* out) { *out << rule.name; }

const Tree& repository() {
  static const Tree tree = Tree::load(STRATA_SOURCE_DIR);
  return tree;
}

class Repository : public testing::TestWithParam<Rule> {};

TEST_P(Repository, Obeys) {
  const Findings findings = GetParam().check(repository());
  EXPECT_TRUE(findings.empty()) << findings.size() << " findings:\n" << to_text(findings);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Repository,
    testing::Values(
        Rule{"IncludeDirections", check_include_directions},
        Rule{"SystemIncludes", check_system_includes}, Rule{"Bans", check_bans},
        Rule{"FileSizes", check_file_sizes}, Rule{"FunctionSizes", check_function_sizes},
        Rule{"LineWidths", check_line_widths}, Rule{"FolderSizes", check_folder_sizes},
        Rule{"FirstLines", check_first_lines}, Rule{"FolderReadmes", check_folder_readmes},
        Rule{"Words", check_words}, Rule{"UntestedModules", check_untested_modules},
        Rule{"TestNamespaces", check_test_namespaces}, Rule{"DropReasons", check_drop_reasons},
        Rule{"DeadHeaders", check_dead_headers}, Rule{"DeadPages", check_dead_pages},
        Rule{"UnbuiltSources", check_unbuilt_sources}, Rule{"DeadFiles", check_dead_files},
        Rule{"Links", check_links}, Rule{"NamedPaths", check_named_paths},
        Rule{"NamedVerbs", check_named_verbs}, Rule{"Samples", check_samples}),
    [](const testing::TestParamInfo<Rule>& rule) { return std::string(rule.param.name); });

TEST(Tree, HoldsTheTextAndNotTheBuild) {
  EXPECT_NE(repository().find("tests/tidy/tree.cpp"), nullptr);
  EXPECT_TRUE(repository().exists("tests/tidy/"));
  EXPECT_TRUE(repository().exists("include/strata"));
  EXPECT_FALSE(repository().exists("build"));
  EXPECT_FALSE(repository().exists("tests/tid"));
}

TEST(File, KnowsItsParts) {
  const File file("src/ip/route.h", "one\ntwo\n");
  EXPECT_EQ(file.name(), "route.h");
  EXPECT_EQ(file.stem(), "route");
  EXPECT_EQ(file.folder(), "src/ip");
  EXPECT_EQ(file.lines.size(), 2U);
  EXPECT_TRUE(file.is_under("src"));
  EXPECT_FALSE(file.is_under("src/i"));
  EXPECT_TRUE(file.is_header());
}

TEST(NormalPath, ResolvesDots) {
  EXPECT_EQ(normal_path("docs/../src/./ip"), "src/ip");
  EXPECT_EQ(normal_path("docs/../../x"), "../x");
}

}  // namespace
}  // namespace strata::tidy::tree_test
