// SPDX-License-Identifier: Apache-2.0
// The keys of what a stack serves: ports, the dashboard, TLS.
#include <array>
#include <string>
#include <utility>

#include "service/config/config_key.h"
#include "service/config/config_value.h"

namespace strata::service {
namespace {

template <auto kMember>
Outcome<void> take_tls_file(StackOptions& options, const KeyValue& value) {
  if (value.text.empty()) return failed("expected the path of a file, found nothing");
  options.tls.*kMember = value.text;
  return {};
}

constexpr std::array kKeys{
    ConfigKey{.path = "serve",
              .kind = KeyKind::kTexts,
              .form = "NAME[:PORT]: echo, discard, chargen, daytime; or http=DIR[:PORT]",
              .pattern = "^(echo|discard|chargen|daytime|http=.+)(:[0-9]+)?$",
              .what = "Small services over UDP and TCP, and files of a folder over HTTP. For "
                      "`strata up` alone.",
              .without = "none but the dashboard",
              .example = R"(["echo", "daytime:1313", "http=/srv/www:8080"])",
              .reloading = "Ports open and close; connections that were accepted go on.",
              .reload = KeyReload::kAtOnce,
              .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
                auto serve = parse_serve(value.text);
                if (!serve) return std::unexpected(std::move(serve).error());
                options.serve.push_back(*std::move(serve));
                return {};
              },
              .show =
                  [](const StackOptions& options) {
                    return shown_texts(options.serve,
                                       [](const ServeOptions& serve) { return to_text(serve); });
                  }},
    ConfigKey{.path = "publish",
              .kind = KeyKind::kTexts,
              .form = "[ADDRESS:]HOSTPORT:PORT[/udp]",
              .pattern = "^.*[0-9]+:[0-9]+(/(tcp|udp))?$",
              .what = "Ports of the host that lead to ports of the stack; of the rootless device.",
              .without = "none",
              .example = R"(["8080:80", "127.0.0.1:5353:53/udp"])",
              .reloading = "A stack that began without the rootless device needs a restart. "
                           "Connections go on.",
              .reload = KeyReload::kAtOnce,
              .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
                const auto port = parse_publish(value.text);
                if (!port) return std::unexpected(port.error());
                options.publish.push_back(*port);
                return {};
              },
              .show =
                  [](const StackOptions& options) {
                    return shown_texts(options.publish,
                                       [](const PublishOptions& port) { return to_text(port); });
                  }},
    ConfigKey{.path = "dashboard",
              .kind = KeyKind::kSwitch,
              .what = "The [page that shows the stack](dashboard.md), its API and metrics, at port "
                      "80, or with `http=DIR` beside the files at /_strata/. For `strata up` "
                      "alone, as the three below.",
              .example = "false",
              .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
                options.dashboard = value.is_on;
                return {};
              },
              .show = [](const StackOptions& options) { return shown_switch(options.dashboard); }},
    ConfigKey{.path = "dashboard_names",
              .kind = KeyKind::kTexts,
              .form = "a name",
              .what = "By which browsers may know it, beside the addresses of the stack.",
              .without = "none",
              .example = R"(["box.lan"])",
              .reload = KeyReload::kAtOnce,
              .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
                auto name = parse_search_domain(value.text);
                if (!name) return std::unexpected(std::move(name).error());
                options.dashboard_names.push_back(*std::move(name));
                return {};
              },
              .show =
                  [](const StackOptions& options) {
                    return shown_texts(options.dashboard_names,
                                       [](const std::string& name) { return name; });
                  }},
    ConfigKey{
        .path = "dashboard_token",
        .form = "the path of a file",
        .what = "Who knows what is in this file, 16 characters or more, may change things "
                "over HTTP. A reload reads it again.",
        .without = "nothing can be changed over HTTP",
        .example = R"("/etc/strata/token")",
        .reload = KeyReload::kAtOnce,
        .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
          if (value.text.empty()) {
            return failed("expected the path of a file, found nothing");
          }
          options.dashboard_token = value.text;
          return {};
        },
        .show = [](const StackOptions& options) { return shown_text(options.dashboard_token); }},
    ConfigKey{.path = "tls",
              .kind = KeyKind::kTable,
              .what = "HTTPS at port 443 for what is served over HTTP.",
              .without = "none",
              .reloading = "A reload reads both files again: a certificate that was renewed is "
                           "shown to who connects from then on.",
              .reload = KeyReload::kByKey},
    ConfigKey{
        .path = "tls.certificate",
        .form = "the path of a PEM file",
        .is_required = true,
        .what = "The certificate, followed by those that vouch for it.",
        .example = R"("/etc/strata/cert.pem")",
        .reload = KeyReload::kAtOnce,
        .take = take_tls_file<&TlsFiles::certificate>,
        .show = [](const StackOptions& options) { return shown_text(options.tls.certificate); }},
    ConfigKey{.path = "tls.key",
              .form = "the path of a PEM file",
              .is_required = true,
              .what = "Its private key.",
              .example = R"("/etc/strata/key.pem")",
              .reload = KeyReload::kAtOnce,
              .take = take_tls_file<&TlsFiles::key>,
              .show = [](const StackOptions& options) { return shown_text(options.tls.key); }},
};

}  // namespace

std::span<const ConfigKey> service_keys() { return kKeys; }

}  // namespace strata::service
