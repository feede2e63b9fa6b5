// SPDX-License-Identifier: Apache-2.0
#include "strata/names.h"

#include <algorithm>
#include <utility>

#include "base/siphash.h"
#include "service/names/dns_resolver.h"
#include "service/names/resolv_conf.h"
#include "stack/core.h"

namespace strata {
namespace {

constexpr std::uint64_t kPurpose = 0x6e61'6d65'73;  // "names"

// Not the stack's own secret: ids that strangers see must tell nothing about its hashes.
SipKey secret_for_names(Stack& stack) {
  const SipKey& own = stack.core().secret;
  return {hash_words(own, {kPurpose, 0}), hash_words(own, {kPurpose, 1})};
}

}  // namespace

NamesOptions NamesOptions::read(std::string_view resolv_conf) {
  return service::read_resolv_conf(resolv_conf);
}

struct Names::Inside {
  Inside(Stack& stack, Executor& executor) : resolver(stack, executor, secret_for_names(stack)) {}
  service::DnsResolver resolver;
};

Names::Names(Stack& stack, Executor& executor, const NamesOptions& options)
    : inside_(std::make_unique<Inside>(stack, executor)) {
  configure(options);
}

Names::~Names() = default;

std::uint32_t Names::configure(const NamesOptions& options) {
  return inside_->resolver.configure(service::engine_options(options));
}

service::DnsResolver& Names::engine() { return inside_->resolver; }

void Names::resolve(std::string_view name, Answer answer) {
  inside_->resolver.resolve(name, std::move(answer));
}

}  // namespace strata
