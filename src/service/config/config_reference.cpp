// SPDX-License-Identifier: Apache-2.0
#include "service/config/config_reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace strata::service {
namespace {

constexpr std::size_t kColumnsMax = 100;

constexpr std::string_view kOpening = R"(# Configuration

What `strata up --config FILE` and the other verbs with a stack of their own read, in TOML. This
page is made by `strata config reference` from the description that the reader itself goes by;
`strata config schema` makes [strata.schema.json](strata.schema.json) from it, for editors. There is
[an example for each placement](../examples/config/README.md).

    strata config check FILE...    all faults with line and column; exit status 1 where there is one

A flag of the command line takes the place of the file's key. Unknown keys, values that make no
sense and keys that do not go together are faults; with one of them nothing is started.

)";

constexpr std::string_view kReloading = R"(## Reload

`strata reload`, or SIGHUP to a `strata up` that was given `--config FILE`, reads the file and the
command line again. With a fault, or when something that is asked for cannot be had (a port is
taken, a certificate cannot be read), all stays as it was, and the faults are told: to whoever
asked, and on standard error. Else what can change while the stack runs changes at once, and the
answer names what needs a restart. Files that are named by `hosts`, `dashboard_token` and `tls` are
read again even if their names are the same. Connections live on.

Where the terminal of `strata up` has gone, SIGHUP is its end, with `--config` as well.

)";

constexpr std::string_view kLastWords = R"(## Keys that do not go together

What the schema cannot say, and `strata config check` does:

)";

std::string_view text_of(KeyReload reload) {
  switch (reload) {
    case KeyReload::kAtOnce: return "at once";
    case KeyReload::kNewConnections: return "at once, for connections that begin then";
    case KeyReload::kRestart: return "needs a restart";
    case KeyReload::kByKey: break;
  }
  return "as its keys say";
}

// Lines of a paragraph; of a point of a list those behind the first stand under its text.
std::string wrapped(std::string_view text) {
  const std::string_view indent = text.starts_with("- ") ? "  " : "";
  std::string lines;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (column != 0 && column + 1 + word.size() > kColumnsMax) {
      lines += fmt::format("\n{}", indent);
      column = indent.size();
    } else if (column != 0) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += word.size();
  }
  return lines + "\n";
}

std::string heading_of(const ConfigKey& key) {
  if (key.kind == KeyKind::kTables) return fmt::format("[[{}]]", key.path);
  if (key.kind == KeyKind::kTable) return fmt::format("[{}]", key.path);
  return std::string(key.path);
}

std::string default_text(const ConfigKey& key) {
  if (key.is_required) return "none: it must be there";
  const std::string value = default_of(key);
  if (!value.empty()) return fmt::format("`{}`", value);
  return std::string(key.without);
}

std::string entry_of(const ConfigKey& key) {
  std::string text = fmt::format("### `{}`\n\n{}\n", heading_of(key), wrapped(key.what));
  if (!key.is_table()) text += wrapped(fmt::format("- value: {}", expectation_of(key)));
  text += wrapped(fmt::format("- left out: {}", default_text(key)));
  text += wrapped(fmt::format("- reload: {}", reload_text(key)));
  if (!key.example.empty())
    text += wrapped(fmt::format("- as in `{} = {}`", key.name(), key.example));
  return text + "\n";
}

// All keys for which a reload does the same, by their full names.
std::string keys_with(KeyReload reload) {
  std::string names;
  for (const ConfigKey& key : config_keys()) {
    if (key.reload != reload || key.is_table()) continue;
    names += fmt::format("{}`{}`", names.empty() ? "" : ", ", key.path);
  }
  return names;
}

}  // namespace

std::string default_of(const ConfigKey& key) {
  StackOptions options;
  options.devices.emplace_back().vlans.emplace_back();
  return key.show == nullptr || key.is_required ? std::string() : key.show(options);
}

std::string reload_text(const ConfigKey& key) {
  return fmt::format("{}.{}{}", text_of(key.reload), key.reloading.empty() ? "" : " ",
                     key.reloading);
}

std::string config_reference() {
  std::string page(kOpening);
  page += kReloading;
  for (const KeyReload reload :
       {KeyReload::kAtOnce, KeyReload::kNewConnections, KeyReload::kRestart}) {
    page += wrapped(fmt::format("- {}: {}", text_of(reload), keys_with(reload)));
  }
  page += "\n## Keys\n\n";
  for (const ConfigKey& key : config_keys()) page += entry_of(key);
  page += kLastWords;
  for (const ConfigRule& rule : config_rules()) {
    page += fmt::format("- `{}{}{}` {}.\n", rule.table, rule.table.empty() ? "" : ".", rule.key,
                        rule.what);
  }
  return page;
}

}  // namespace strata::service
