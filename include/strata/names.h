// SPDX-License-Identifier: Apache-2.0
// Names: the Resolver that asks DNS servers, over a stack's own sockets.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "strata/executor.h"
#include "strata/resolver.h"
#include "strata/stack.h"

//   Names names(stack, loop, NamesOptions::read("nameserver 10.77.0.1\nsearch lan\n"));
//   auto stream = co_await coro::connect({stack, loop, &names}, "printer", 80);
//
// A stub resolver: it asks recursive servers for A and AAAA at once (RFC 1034 5.3.1, 3596), follows
// aliases, tries the search list, falls back from EDNS (RFC 6891) and from UDP to TCP (RFC 7766),
// goes on to the next server when one is silent or broken, and keeps answers, "no such name" too,
// for as long as they hold (RFC 2308). `localhost` is ourselves (RFC 6761), and an address as text
// is itself. Names are ASCII: international ones are given as their A-labels (xn--...).

namespace strata {

namespace service {
class DnsResolver;
}  // namespace service

struct NamesOptions {
  std::vector<IpAddress> servers = {};   // at most 8; none: those that routers advertise (RFC 8106)
  std::vector<std::string> search = {};  // at most 6 domains for names that are not complete
  std::string hosts = {};                // the text of a hosts file, asked before any server
  unsigned ndots = 1;                    // names with so many dots are first tried as they are
  Duration timeout = std::chrono::seconds(2);  // of the first round of all servers; it doubles
  unsigned attempts = 3;                       // rounds
  bool rotate = false;                         // begin with another server each time

  // The text of a resolv.conf(5): nameserver, search, domain, and of the options ndots, timeout,
  // attempts and rotate, each within the bounds of that page. Lines that cannot be read are left
  // out, as all resolvers do.
  [[nodiscard]] static NamesOptions read(std::string_view resolv_conf);
};

class Names final : public Resolver {
 public:
  // Both outlive it.
  Names(Stack& stack, Executor& executor, const NamesOptions& options = {});
  ~Names() override;
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  // For look-ups from now on; what was learnt is kept. The number of the first line of the hosts
  // file that could not be read, else 0.
  std::uint32_t configure(const NamesOptions& options);
  // Addresses in the order of RFC 6724 6. kNotFound: no such name, or none of its kind;
  // kTimedOut: no server could say; kNetworkUnreachable: there is no server; kInvalidArgument: that
  // is no name. Any number may be asked at once.
  void resolve(std::string_view name, Answer answer) override;

  // For the library's own parts.
  [[nodiscard]] service::DnsResolver& engine();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace strata
