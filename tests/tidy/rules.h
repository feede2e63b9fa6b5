// SPDX-License-Identifier: Apache-2.0
// The rules. Each looks at the whole tree and returns what is wrong with it; each has a test that
// plants a fault and sees it found. Limits and tables stand beside the rule in its .cpp.
#pragma once

#include "tidy/tree.h"

namespace strata::tidy {

// include_rules.cpp
Findings check_include_directions(const Tree& tree);
Findings check_system_includes(const Tree& tree);

// ban_rules.cpp
Findings check_bans(const Tree& tree);

// size_rules.cpp
Findings check_file_sizes(const Tree& tree);
Findings check_function_sizes(const Tree& tree);
Findings check_line_widths(const Tree& tree);
Findings check_folder_sizes(const Tree& tree);

// opening_rules.cpp
Findings check_first_lines(const Tree& tree);
Findings check_folder_readmes(const Tree& tree);
Findings check_words(const Tree& tree);

// mirror_rules.cpp
Findings check_untested_modules(const Tree& tree);
Findings check_test_namespaces(const Tree& tree);
Findings check_drop_reasons(const Tree& tree);

// dead_rules.cpp
Findings check_dead_headers(const Tree& tree);
Findings check_dead_pages(const Tree& tree);
Findings check_unbuilt_sources(const Tree& tree);
Findings check_dead_files(const Tree& tree);

// link_rules.cpp
Findings check_links(const Tree& tree);
Findings check_named_paths(const Tree& tree);
Findings check_named_verbs(const Tree& tree);
Findings check_samples(const Tree& tree);

}  // namespace strata::tidy
