// SPDX-License-Identifier: Apache-2.0
// Every module has its test, every test its namespace, and every way to lose a packet is lost in
// one.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "tidy/code.h"
#include "tidy/rules.h"

namespace strata::tidy {
namespace {

constexpr std::string_view kAllowList = "tests/tidy/untested.txt";
constexpr std::string_view kDropReasons = "include/strata/drop_reason.h";
// Walks over all enumerators, and so proves nothing about any of them.
constexpr std::string_view kDropReasonTest = "tests/base/drop_reason_test.cpp";

struct Allowance {
  std::size_t line = 0;
  std::string reason;
};

// Lines of the form `path: reason`.
std::map<std::string, Allowance> read_allowances(const Tree& tree) {
  std::map<std::string, Allowance> allowances;
  const File* list = tree.find(kAllowList);
  if (list == nullptr) return allowances;
  for (std::size_t i = 0; i < list->lines.size(); ++i) {
    const std::string& line = list->lines[i];
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t colon = line.find(": ");
    const std::string reason = colon == std::string::npos ? "" : line.substr(colon + 2);
    allowances[line.substr(0, colon)] = {i + 1, reason};
  }
  return allowances;
}

// The folder below tests/ that mirrors the module's; nothing where any folder will do.
std::optional<std::string> mirror_of(const File& file) {
  if (file.is_under("src")) return "tests/" + std::string(file.folder().substr(4));
  if (file.is_under("apps")) return "tests/" + std::string(file.folder());
  if (file.folder() == "include/strata") return std::nullopt;
  const std::string folder(file.folder().substr(std::string_view("include/strata/").size()));
  // The skins of sockets have their tests where their sources are.
  if (folder == "coro" || folder == "asio") return "tests/socket/" + folder;
  return "tests/" + folder;
}

// A header beside its .cpp is the same module, told once.
bool is_told_by_source(const Tree& tree, const File& file) {
  return !file.is_under("include") && file.is_header() &&
         tree.find(std::string(file.folder()) + "/" + std::string(file.stem()) + ".cpp") != nullptr;
}

// A file that has the right name and no test in it proves nothing.
bool holds_a_test(const File& file) {
  return std::ranges::any_of(file.code, [](const std::string& line) {
    return line.starts_with("TEST") || line.starts_with("TYPED_TEST");
  });
}

bool is_tested(const Tree& tree, const File& file) {
  const std::string test = std::string(file.stem()) + "_test.cpp";
  if (const auto mirror = mirror_of(file)) {
    const File* found = tree.find(*mirror + "/" + test);
    return found != nullptr && holds_a_test(*found);
  }
  return std::ranges::any_of(tree.files(), [&](const File& candidate) {
    return candidate.is_under("tests") && candidate.name() == test && holds_a_test(candidate);
  });
}

// The words of a reason that are paths into tests/ must lead somewhere.
bool names_missing_test(const Tree& tree, std::string_view reason) {
  for (std::size_t at = reason.find("tests/"); at != std::string_view::npos;
       at = reason.find("tests/", at + 1)) {
    std::string_view path = reason.substr(at, reason.find_first_of(" ,;)", at) - at);
    while (path.ends_with('.')) path.remove_suffix(1);
    if (!tree.exists(path)) return true;
  }
  return false;
}

void check_allowances(const Tree& tree, const std::map<std::string, Allowance>& allowances,
                      Findings& findings) {
  for (const auto& [path, allowance] : allowances) {
    const File* file = tree.find(path);
    const auto complain = [&](std::string text) {
      findings.push_back({std::string(kAllowList), allowance.line, path + " " + std::move(text)});
    };
    if (file == nullptr)
      complain("does not exist: take the line out");
    else if (is_tested(tree, *file))
      complain("has a test: take the line out");
    if (allowance.reason.size() < 10) complain("has no reason: write `path: reason`");
    if (names_missing_test(tree, allowance.reason)) complain("points to a test that is not there");
  }
}

struct Enumerator {
  std::size_t line = 0;
  std::string name;
};

std::vector<Enumerator> drop_reasons(const File& header) {
  std::vector<Enumerator> reasons;
  bool inside = false;
  for (std::size_t i = 0; i < header.code.size(); ++i) {
    std::string_view line = header.code[i];
    if (find_word(line, "enum class DropReason") != std::string_view::npos) {
      inside = true;
      line.remove_prefix(std::min(line.find('{') + 1, line.size()));
    }
    if (!inside) continue;
    const std::size_t end = line.find('}');
    for (std::size_t at = line.find('k'); at < end && at != std::string_view::npos;
         at = line.find('k', at + 1)) {
      const std::string_view name = line.substr(at, line.find_first_of(" ,=}", at) - at);
      const bool starts = at == 0 || line[at - 1] == ' ' || line[at - 1] == ',';
      if (starts && name.size() > 1) reasons.push_back({i + 1, std::string(name)});
    }
    if (end != std::string_view::npos) break;
  }
  return reasons;
}

// The reasons that the line expects: another enum may have an enumerator of the same name, and the
// label of a switch expects nothing.
void add_expected(std::string_view line, std::set<std::string, std::less<>>& names) {
  constexpr std::string_view kEnum = "DropReason::";
  for (std::size_t at = line.find(kEnum); at != std::string_view::npos;
       at = line.find(kEnum, at + 1)) {
    if (find_word(line.substr(0, at), "case") != std::string_view::npos) continue;
    const std::string_view rest = line.substr(at + kEnum.size());
    names.emplace(rest.substr(0, rest.find_first_of(" ,;:(){}[]<>=!.&|?")));
  }
}

}  // namespace

Findings check_untested_modules(const Tree& tree) {
  Findings findings;
  const std::map<std::string, Allowance> allowances = read_allowances(tree);
  for (const File& file : tree.files()) {
    const bool module = ((file.is_under("src") || file.is_under("apps")) && file.is_source()) ||
                        (file.is_under("include/strata") && file.is_header());
    if (!module || is_told_by_source(tree, file)) continue;
    if (allowances.contains(file.path) || is_tested(tree, file)) continue;
    const std::string wanted =
        mirror_of(file).value_or("tests/*") + "/" + std::string(file.stem()) + "_test.cpp";
    findings.push_back({file.path, 0,
                        "has no " + wanted +
                            " (a module that needs none stands with its reason "
                            "in " +
                            std::string(kAllowList) + ")"});
  }
  check_allowances(tree, allowances, findings);
  return findings;
}

Findings check_drop_reasons(const Tree& tree) {
  Findings findings;
  const File* header = tree.find(kDropReasons);
  if (header == nullptr) return findings;
  std::set<std::string, std::less<>> expected;
  for (const File& file : tree.files()) {
    if (!file.is_under("tests") || file.path == kDropReasonTest) continue;
    for (const std::string& line : file.code) add_expected(line, expected);
  }
  for (const Enumerator& reason : drop_reasons(*header)) {
    const bool counts = reason.name != "kNone" && reason.name != "kCount";
    if (!counts || expected.contains(reason.name)) continue;
    findings.push_back({header->path, reason.line, "no test hits " + reason.name});
  }
  return findings;
}

Findings check_test_namespaces(const Tree& tree) {
  Findings findings;
  for (const File& file : tree.files()) {
    if (!file.is_under("tests") || !file.path.ends_with("_test.cpp")) continue;
    const std::string ending = "::" + std::string(file.stem()) + " {";
    const bool has_own = std::ranges::any_of(file.lines, [&](const std::string& line) {
      return line.starts_with("namespace strata") && line.ends_with(ending);
    });
    if (has_own) continue;
    findings.push_back({file.path, 0,
                        "its namespace must end with " + ending.substr(0, ending.size() - 2) +
                            ": tests of a folder are compiled together"});
  }
  return findings;
}

}  // namespace strata::tidy
