// SPDX-License-Identifier: Apache-2.0
// Who may include whom: lower ranks only, equal ranks never, include/ never src/; and which system
// headers a rank may see.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "tidy/code.h"
#include "tidy/ranks.h"
#include "tidy/rules.h"

namespace strata::tidy {
namespace {

std::string describe(const Place& place) {
  return place.folder + " (rank " + std::to_string(place.rank) + ")";
}

std::optional<std::string> objection(const File& file, const Place& from, const std::string& target,
                                     const Place& to) {
  const bool is_public = file.is_under("include");
  if (is_public && !target.starts_with("include/")) {
    return "a public header includes " + target + ", which users do not have";
  }
  if (file.is_under("examples") && !target.starts_with("include/") &&
      !target.starts_with("examples/")) {
    return "an example includes " + target + ", which users do not have";
  }
  if (from.rank == kRankOutside || from.folder == to.folder) return std::nullopt;
  if (to.rank < from.rank) return std::nullopt;
  return describe(from) + " includes " + target + " of " + describe(to) +
         "; a folder includes folders of lower rank only: put an interface into the lower one and "
         "let a higher rank plug them together";
}

void check_quoted(const Tree& tree, const File& file, const Place& from, const Include& include,
                  Findings& findings) {
  const std::optional<std::string> target = included_file(tree, file, include.path);
  if (!target) {
    findings.push_back({file.path, include.line, "there is no \"" + include.path + "\""});
    return;
  }
  const std::optional<Place> to = place_of(*target);
  if (!to) return;  // told once, at the header itself
  if (const auto text = objection(file, from, *target, *to)) {
    findings.push_back({file.path, include.line, *text});
  }
}

// In <> a header of ours would go unseen by what is checked above.
void check_not_ours(const Tree& tree, const File& file, const Include& include,
                    Findings& findings) {
  const bool is_ours = include.path.find('/') != std::string::npos &&
                       included_file(tree, file, include.path).has_value();
  if (!is_ours) return;
  findings.push_back({file.path, include.line,
                      "<" + include.path + "> is ours: include \"" + include.path + "\""});
}

// Headers of the operating system: for the folders that may call it.
constexpr std::array<std::string_view, 12> kSystemHeaders = {
    "sys/",    "linux/", "net/",     "netinet/",  "arpa/",   "unistd.h",
    "fcntl.h", "poll.h", "signal.h", "pthread.h", "netdb.h", "ifaddrs.h"};
constexpr std::array<std::string_view, 10> kSystemFolders = {
    "driver",  "runtime", "socket/posix", "socket/asio", "attach",
    "service", "script",  "ring",         "capi",        "apps"};

// Headers that bring a heap, locks, streams, clocks or exceptions into ranks 0 to 3.
struct BannedHeader {
  std::string_view name;
  std::string_view instead;
};
constexpr BannedHeader kBannedBelowRank4[] = {
    {"vector", "base/vector.h"},
    {"string", "std::string_view or a fixed text"},
    {"deque", "base/ring.h"},
    {"list", "base/intrusive_list.h"},
    {"map", "base/hash_index.h"},
    {"set", "base/interval_set.h or base/hash_index.h"},
    {"unordered_map", "base/hash_index.h"},
    {"unordered_set", "base/hash_index.h"},
    {"functional", "strata/inline_function.h"},
    {"memory_resource", "strata/memory.h"},
    {"iostream", "values and counters; text is made above rank 3"},
    {"sstream", "values and counters; text is made above rank 3"},
    {"fstream", "values and counters; text is made above rank 3"},
    {"cstdio", "values and counters; text is made above rank 3"},
    {"mutex", "nothing: a stack belongs to one thread"},
    {"thread", "nothing: a stack belongs to one thread"},
    {"condition_variable", "nothing: a stack belongs to one thread"},
    {"ctime", "strata/time.h"},
    {"random", "strata/rng.h"},
    {"stdexcept", "Result<T> or STRATA_CHECK"},
    {"format", "fmt, above rank 3"},
};

// Notes for tracers, and no call: in the one header that makes them.
constexpr std::string_view kProbes = "src/base/probes.h";
constexpr std::string_view kNotesForTracers = "sys/sdt.h";

bool may_call_the_system(const Place& place) {
  return place.rank == kRankOutside ||
         std::ranges::find(kSystemFolders, place.folder) != kSystemFolders.end();
}

void check_angled(const File& file, const Place& place, const Include& include,
                  Findings& findings) {
  const bool system = std::ranges::any_of(
      kSystemHeaders, [&](std::string_view header) { return include.path.starts_with(header); });
  const bool is_note = file.path == kProbes && include.path == kNotesForTracers;
  if (system && !is_note && !may_call_the_system(place)) {
    findings.push_back({file.path, include.line,
                        "<" + include.path + "> in " + describe(place) +
                            "; the system is called in driver, runtime, socket/posix, "
                            "socket/asio, attach, "
                            "service, script, ring, capi and apps only"});
  }
  // The Asio skin is made of Asio's own types: whoever includes it has Asio already.
  const bool is_skin = file.is_under("include/strata/asio") && include.path.starts_with("boost/");
  if (file.is_under("include") && !system && !is_skin &&
      include.path.find('/') != std::string::npos) {
    findings.push_back({file.path, include.line,
                        "third-party <" + include.path + "> in a public header; keep it in src/"});
  }
  if (place.rank > 3) return;
  const auto* banned = std::ranges::find(kBannedBelowRank4, include.path, &BannedHeader::name);
  if (banned == std::end(kBannedBelowRank4)) return;
  findings.push_back(
      {file.path, include.line,
       "<" + include.path + "> in " + describe(place) + "; use " + std::string(banned->instead)});
}

template <typename Check>
Findings for_each_include(const Tree& tree, const Check& check) {
  Findings findings;
  for (const File& file : tree.files()) {
    if (!file.is_source()) continue;
    const std::optional<Place> place = place_of(file.path);
    if (!place) continue;
    for (const Include& include : includes_of(file.code)) check(file, *place, include, findings);
  }
  return findings;
}

}  // namespace

Findings check_include_directions(const Tree& tree) {
  Findings findings = for_each_include(
      tree, [&](const File& file, const Place& from, const Include& include, Findings& found) {
        if (include.angled)
          check_not_ours(tree, file, include, found);
        else
          check_quoted(tree, file, from, include, found);
      });
  for (const File& file : tree.files()) {
    if (file.is_source() && !place_of(file.path)) {
      findings.push_back({file.path, 0, "belongs to no folder that tests/tidy/ranks.cpp knows"});
    }
  }
  return findings;
}

Findings check_system_includes(const Tree& tree) {
  return for_each_include(
      tree, [](const File& file, const Place& place, const Include& include, Findings& found) {
        if (include.angled) check_angled(file, place, include, found);
      });
}

}  // namespace strata::tidy
