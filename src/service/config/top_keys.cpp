// SPDX-License-Identifier: Apache-2.0
// The keys at the top of a file: how the stack meets the network, and how it runs.
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "service/config/config_key.h"
#include "service/config/config_value.h"

namespace strata::service {
namespace {

// Text that stands for itself: a path.
template <auto kMember>
Outcome<void> take_path(StackOptions& options, const KeyValue& value) {
  if (value.text.empty()) return failed("expected the path of a file, found nothing");
  options.*kMember = value.text;
  return {};
}

// Text that `kParse` makes one value of, for a list or for itself.
template <auto kMember, auto kParse>
Outcome<void> take_one(StackOptions& options, const KeyValue& value) {
  auto parsed = kParse(value.text);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  options.*kMember = *std::move(parsed);
  return {};
}
template <auto kMember, auto kParse>
Outcome<void> take_another(StackOptions& options, const KeyValue& value) {
  auto parsed = kParse(value.text);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  (options.*kMember).push_back(*std::move(parsed));
  return {};
}

template <auto kMember>
std::string show_text(const StackOptions& options) {
  return shown_text(options.*kMember);
}
template <auto kMember>
std::string show_addresses(const StackOptions& options) {
  return shown_texts(options.*kMember, [](const IpAddress& address) {
    return std::string(strata::to_text(address).view());
  });
}

constexpr std::array kKeys{
    ConfigKey{
        .path = "mtu",
        .kind = KeyKind::kNumber,
        .form = "an MTU",
        .low = kInterfaceMtuMin,
        .high = kInterfaceMtuMax,
        .unit = "bytes",
        .what = "The longest IP packet of the default device, where there is no [[device]].",
        .without = "the device's own",
        .example = "1400",
        .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
          options.default_device_mtu = static_cast<std::size_t>(value.number);
          return {};
        },
        .show =
            [](const StackOptions& options) { return shown_number(options.default_device_mtu); }},
    ConfigKey{.path = "gateway",
              .kind = KeyKind::kTexts,
              .form = "the address of a router",
              .pattern = "^[0-9A-Fa-f:.]+$",
              .what = "Default routers, IPv4 and IPv6: neighbours on a network that an address of "
                      "the stack names.",
              .without = "those that routers advertise and DHCP names; of the rootless device its "
                         "own",
              .example = R"(["10.88.0.1", "fd88::1"])",
              .reload = KeyReload::kAtOnce,
              .take = take_another<&StackOptions::gateways, parse_gateway>,
              .show = show_addresses<&StackOptions::gateways>},
    ConfigKey{.path = "forward",
              .kind = KeyKind::kSwitch,
              .what = "Routes packets for others, IPv4 and IPv6.",
              .example = "true",
              .reload = KeyReload::kAtOnce,
              .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
                options.forward = value.is_on;
                return {};
              },
              .show = [](const StackOptions& options) { return shown_switch(options.forward); }},
    ConfigKey{.path = "dns",
              .kind = KeyKind::kTexts,
              .form = "the address of a DNS server",
              .pattern = "^[0-9A-Fa-f:.]+$",
              .what = "DNS servers, asked in their order.",
              .without = "those that DHCP and routers name; of the rootless device the host's",
              .example = R"(["10.88.0.1"])",
              .reload = KeyReload::kAtOnce,
              .take = take_another<&StackOptions::dns, parse_dns_server>,
              .show = show_addresses<&StackOptions::dns>},
    ConfigKey{.path = "search",
              .kind = KeyKind::kTexts,
              .form = "a domain",
              .what = "Domains in which names that are not complete are looked for.",
              .without = "those that DHCP names",
              .example = R"(["example.org"])",
              .reload = KeyReload::kAtOnce,
              .take = take_another<&StackOptions::search, parse_search_domain>,
              .show =
                  [](const StackOptions& options) {
                    return shown_texts(options.search, [](const auto& domain) { return domain; });
                  }},
    ConfigKey{.path = "hosts",
              .form = "the path of a file",
              .what = "Names as in /etc/hosts, known before any server is asked. A reload reads "
                      "the file again.",
              .without = "none",
              .example = R"("/etc/strata/hosts")",
              .reload = KeyReload::kAtOnce,
              .take = take_path<&StackOptions::hosts>,
              .show = show_text<&StackOptions::hosts>},
    ConfigKey{.path = "host_name",
              .form = "a host's name",
              .what = "What DHCP servers are told, and a name by which browsers know the "
                      "dashboard.",
              .without = "none",
              .example = R"("printer")",
              .take = take_one<&StackOptions::host_name, parse_host_name>,
              .show = show_text<&StackOptions::host_name>},
    ConfigKey{.path = "join",
              .kind = KeyKind::kTexts,
              .form = "a multicast group, with %INTERFACE for one that routes do not lead to",
              .pattern = "^[0-9A-Fa-f:.]+(%.+)?$",
              .what = "Multicast groups to be a member of: routers hear of it by IGMP or MLD.",
              .without = "none",
              .example = R"(["239.1.2.3", "ff15::7%strata0"])",
              .reload = KeyReload::kAtOnce,
              .take = take_another<&StackOptions::joins, parse_join>,
              .show =
                  [](const StackOptions& options) {
                    return shown_texts(options.joins,
                                       [](const JoinOptions& join) { return to_text(join); });
                  }},
    ConfigKey{.path = "capture",
              .form = "the path of a file",
              .what = "Every frame is written there as pcapng.",
              .without = "none; `strata capture` shows frames of a running stack without it",
              .example = R"("all.pcapng")",
              .take = take_path<&StackOptions::capture>,
              .show = show_text<&StackOptions::capture>},
    ConfigKey{.path = "capture_filter",
              .form = "a filter in tcpdump's language",
              .what = "Of these frames alone.",
              .without = "all frames",
              .example = R"("host 10.77.0.1 and tcp port 80")",
              .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
                if (value.text.empty()) return failed("expected a filter, found nothing");
                return take_one<&StackOptions::capture_filter, parse_capture_filter>(options,
                                                                                     value);
              },
              .show = show_text<&StackOptions::capture_filter>},
    ConfigKey{
        .path = "log",
        .kind = KeyKind::kWord,
        .words = kLogLevelWords,
        .what = "What is told on standard error, from the least that is told on.",
        .example = R"("info")",
        .reload = KeyReload::kAtOnce,
        .take = take_one<&StackOptions::log, parse_log_level>,
        .show =
            [](const StackOptions& options) { return shown_text(strata::to_text(options.log)); }},
    ConfigKey{
        .path = "log_format",
        .kind = KeyKind::kWord,
        .words = kLogFormatWords,
        .what = "How lines of the log are written.",
        .without = "`text`, or `journal` where standard error is systemd's",
        .example = R"("json")",
        .take = take_one<&StackOptions::log_format, parse_log_format>,
        .show =
            [](const StackOptions& options) { return shown_text(to_text(options.log_format)); }},
    ConfigKey{.path = "user",
              .form = "the name of a user",
              .what = "Whom root becomes once devices, ports and files are open.",
              .without = "`nobody`, where it can; who is not root stays who it is",
              .example = R"("strata")",
              .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
                if (value.text.empty()) return failed("expected the name of a user, found nothing");
                options.user = value.text;
                return {};
              },
              .show = show_text<&StackOptions::user>},
    ConfigKey{.path = "control",
              .form = "the path of a socket",
              .what = "Where `strata status` and its like find this stack.",
              .without = "DEVICE.sock in the runtime directory of the user",
              .example = R"("/run/strata/strata.sock")",
              .take = take_path<&StackOptions::control>,
              .show = show_text<&StackOptions::control>},
    ConfigKey{
        .path = "policy",
        .kind = KeyKind::kWord,
        .words = kPolicyWords,
        .what = "What a core does with nothing to do: it never sleeps, it spins some "
                "microseconds before it does, or it sleeps at once.",
        .example = R"("sleep")",
        .take = take_one<&StackOptions::policy, parse_policy>,
        .show = [](const StackOptions& options) { return shown_text(to_text(options.policy)); }},
    ConfigKey{.path = "cores",
              .kind = KeyKind::kNumber,
              .form = "a number of cores",
              .low = 1,
              .high = kCoresMax,
              .what = "Stacks, one a thread, that are one host. For `strata up` alone.",
              .example = "2",
              .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
                options.cores = static_cast<std::uint16_t>(value.number);
                return {};
              },
              .show = [](const StackOptions& options) { return shown_number(options.cores); }},
    ConfigKey{.path = "seed",
              .kind = KeyKind::kNumber,
              .form = "a number",
              .low = 0,
              .high = INT64_MAX,
              .what = "Makes ports, identifiers and jitter the same at every start. For tests.",
              .without = "the operating system's chance",
              .example = "7",
              .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
                options.seed = static_cast<std::uint64_t>(value.number);
                return {};
              },
              .show =
                  [](const StackOptions& options) {
                    return options.seed ? std::to_string(*options.seed) : std::string();
                  }},
};

}  // namespace

std::span<const ConfigKey> top_keys() { return kKeys; }

}  // namespace strata::service
