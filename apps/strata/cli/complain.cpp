// SPDX-License-Identifier: Apache-2.0
#include "strata/cli/complain.h"

#include <fmt/format.h>

#include <cstdio>

#include "service/print.h"

namespace strata::app {

using service::print;

ExitStatus complain(std::string_view verb, const service::Failure& failure) {
  print(stderr, "strata{}{}: {}\n", verb.empty() ? "" : " ", verb, failure.text);
  if (!failure.hint.empty()) print(stderr, "  {}\n", failure.hint);
  return kFailed;
}

std::string fallback_text(const service::Failure& reason) {
  return fmt::format(
      "TAP devices are not permitted here: {}.\n"
      "  To permit them: {}\n"
      "Going by the rootless gateway instead: connections leave through this host's own sockets,\n"
      "10.0.2.2 is this host, and -p HOSTPORT:PORT lets others in.\n",
      reason.text, reason.hint);
}

}  // namespace strata::app
