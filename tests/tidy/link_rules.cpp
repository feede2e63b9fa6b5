// SPDX-License-Identifier: Apache-2.0
// Pages point at files and headings; what they point at must be there.
#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidy/rules.h"

namespace strata::tidy {
namespace {

struct Link {
  std::size_t line = 0;
  std::string target;
};

// Lines between ``` fences are samples, not text.
template <typename Visit>
void for_each_text_line(const File& page, const Visit& visit) {
  bool fenced = false;
  for (std::size_t i = 0; i < page.lines.size(); ++i) {
    const bool fence = page.lines[i].starts_with("```");
    if (fence) fenced = !fenced;
    if (!fence && !fenced) visit(i + 1, std::string_view(page.lines[i]));
  }
}

// How a link's target begins and what may end it: [text](target), ![image](target), the last line
// of [text][name], and what is written in HTML.
struct Form {
  std::string_view opening;
  std::string_view closing;
};
constexpr std::array<Form, 4> kForms = {
    {{"](", ") "}, {"]: ", " "}, {"href=\"", "\""}, {"src=\"", "\""}}};

std::vector<Link> links_of(const File& page) {
  std::vector<Link> links;
  for_each_text_line(page, [&](std::size_t number, std::string_view line) {
    for (const auto& [opening, closing] : kForms) {
      if (opening == "]: " && !line.starts_with('[')) continue;
      for (std::size_t at = line.find(opening); at != std::string_view::npos;
           at = line.find(opening, at + opening.size())) {
        const std::string_view rest = line.substr(at + opening.size());
        links.push_back({number, std::string(rest.substr(0, rest.find_first_of(closing)))});
      }
    }
  });
  return links;
}

// How forges name the anchor of a heading: lower case, blanks to dashes, punctuation dropped.
std::string anchor_of(std::string_view heading) {
  heading.remove_prefix(std::min(heading.find_first_not_of("# "), heading.size()));
  std::string anchor;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ' || c == '-')
      anchor += '-';
    else if (std::isalnum(byte) != 0 || c == '_' || byte >= 0x80) {
      anchor += static_cast<char>(std::tolower(byte));
    }
  }
  return anchor;
}

bool has_anchor(const File& page, std::string_view anchor) {
  bool found = false;
  for_each_text_line(page, [&](std::size_t, std::string_view line) {
    found = found || (line.starts_with('#') && anchor_of(line) == anchor);
  });
  return found;
}

std::optional<std::string> objection(const Tree& tree, const File& page, std::string_view target) {
  for (const std::string_view elsewhere : {"http://", "https://", "mailto:"}) {
    if (target.starts_with(elsewhere)) return std::nullopt;
  }
  const std::size_t hash = target.find('#');
  const std::string_view file = target.substr(0, hash);
  const std::string path =
      file.empty() ? page.path
                   : normal_path(std::string(page.folder()) + (page.folder().empty() ? "" : "/") +
                                 std::string(file));
  if (path.starts_with("..")) return "the link " + std::string(target) + " leaves the repository";
  if (!tree.exists(path)) return "the link " + std::string(target) + " leads nowhere";
  const File* linked = tree.find(path);
  if (hash == std::string_view::npos || linked == nullptr || !linked->is_page()) {
    return std::nullopt;
  }
  if (has_anchor(*linked, target.substr(hash + 1))) return std::nullopt;
  return "the link " + std::string(target) + " names a heading that is not there";
}

// The folders a `path/in/backticks` starts with when it means a file of ours.
constexpr std::array<std::string_view, 10> kTops = {"src/",   "include/",  "tests/", "docs/",
                                                    "fuzz/",  "examples/", "apps/",  "tools/",
                                                    "cmake/", "bench/"};

bool is_path(std::string_view text) {
  if (text.find_first_of(" *<>{}$(|") != std::string_view::npos) return false;
  // An example, `src/x/y.cpp`, names nothing: its folder is a single letter.
  const bool placeholder = text.find("/x/") != std::string_view::npos || text.starts_with("a/") ||
                           text.find("NAME") != std::string_view::npos ||
                           text.find("FOLDER") != std::string_view::npos;
  if (placeholder) return false;
  const bool is_source =
      text.find('/') != std::string_view::npos && (text.ends_with(".h") || text.ends_with(".cpp"));
  return is_source || std::ranges::any_of(kTops, [&](std::string_view top) {
           return text.starts_with(top) && text.size() > top.size();
         });
}

// `src/ip/route.h`, as it is included, `ip/route.h`, or as a folder of public headers has it.
bool leads_somewhere(const Tree& tree, const File& page, std::string_view path) {
  return tree.exists(path) || included_file(tree, page, path).has_value() ||
         tree.exists("include/strata/" + std::string(path));
}

}  // namespace

Findings check_links(const Tree& tree) {
  Findings findings;
  for (const File& page : tree.files()) {
    if (!page.is_page()) continue;
    for (const Link& link : links_of(page)) {
      if (auto text = objection(tree, page, link.target)) {
        findings.push_back({page.path, link.line, *std::move(text)});
      }
    }
  }
  return findings;
}

Findings check_named_paths(const Tree& tree) {
  Findings findings;
  for (const File& page : tree.files()) {
    // The change log tells of files as they were.
    if (!page.is_page() || page.name() == "CHANGELOG.md") continue;
    for_each_text_line(page, [&](std::size_t number, std::string_view line) {
      for (std::size_t open = line.find('`'); open != std::string_view::npos;) {
        const std::size_t close = line.find('`', open + 1);
        if (close == std::string_view::npos) return;
        // `tools/lint.sh --all`: a path, and what the script is told.
        std::string_view text = line.substr(open + 1, close - open - 1);
        text = text.substr(0, text.find(' '));
        if (is_path(text) && !leads_somewhere(tree, page, text)) {
          findings.push_back({page.path, number, "there is no " + std::string(text)});
        }
        open = line.find('`', close + 1);
      }
    });
  }
  return findings;
}

// `./dev VERB`, also in samples, for these are what people copy.
Findings check_named_verbs(const Tree& tree) {
  constexpr std::string_view kCommand = "./dev ";
  Findings findings;
  const File* script = tree.find("dev");
  for (const File& page : tree.files()) {
    if (!page.is_page() || script == nullptr) continue;
    for (std::size_t i = 0; i < page.lines.size(); ++i) {
      const std::string_view line = page.lines[i];
      for (std::size_t at = line.find(kCommand); at != std::string_view::npos;
           at = line.find(kCommand, at + 1)) {
        const std::string_view rest = line.substr(at + kCommand.size());
        const std::string_view verb =
            rest.substr(0, rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz"));
        const std::string label = "  " + std::string(verb) + ")";
        const bool known =
            verb.empty() || std::ranges::any_of(script->lines, [&](const std::string& each) {
              return each.starts_with(label);
            });
        if (!known)
          findings.push_back({page.path, i + 1, "./dev has no verb " + std::string(verb)});
      }
    }
  }
  return findings;
}

// What the README prints as a program is part of one that is built and run.
Findings check_samples(const Tree& tree) {
  Findings findings;
  const File* page = tree.find("README.md");
  if (page == nullptr) return findings;
  const auto stands_in = [](const File& example, std::span<const std::string> sample) {
    return example.folder() == "examples" && !std::ranges::search(example.lines, sample).empty();
  };
  const std::vector<std::string>& lines = page->lines;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i] != "```cpp") continue;
    const std::size_t first = i + 1;
    while (i + 1 < lines.size() && lines[i + 1] != "```") ++i;
    const std::span sample = std::span(lines).subspan(first, i + 1 - first);
    if (std::ranges::any_of(tree.files(),
                            [&](const File& file) { return stands_in(file, sample); })) {
      continue;
    }
    findings.push_back({page->path, first, "no program in examples/ has these lines"});
  }
  return findings;
}

}  // namespace strata::tidy
