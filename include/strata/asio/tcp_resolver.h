// SPDX-License-Identifier: Apache-2.0
// asio::tcp::resolver: names by the context's Resolver, in the form of Asio's results.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "strata/asio/services.h"
#include "strata/asio/tcp_socket.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

template <typename Executor>
class basic_tcp_resolver;  // default_token.h

// The look-up itself cannot be taken back; whoever asked is told at once, and the answer is not
// heard any more.
class tcp::resolver : public net::ip::resolver_base {
 public:
  using executor_type = executor;
  template <typename Other>
  struct rebind_executor {
    using other = basic_tcp_resolver<Other>;
  };
  using protocol_type = net::ip::tcp;
  using endpoint_type = endpoint;
  using results_type = net::ip::tcp::resolver::results_type;

  explicit resolver(context& owner) : resolver(owner.get_executor()) {}
  explicit resolver(const executor& own) : state_(own) {}
  template <AnyExecutor Other>
  explicit resolver(const Other& other) : resolver(executor_of(other)) {}
  resolver(resolver&&) noexcept = default;
  resolver& operator=(resolver&&) noexcept = default;

  [[nodiscard]] executor_type get_executor() const { return state_->own; }
  // Who waits hears operation_aborted.
  void cancel() { state_->cancel(); }

  // void(error_code, results_type), in the order in which to try them. The service is a number or
  // a name of /etc/services; of the flags there are passive, numeric_host and numeric_service.
  template <typename Token>
  auto async_resolve(std::string_view host, std::string_view service, Token&& token) {
    return resolve_later({std::string(host), std::string(service), {}}, std::forward<Token>(token));
  }
  template <typename Token>
  auto async_resolve(std::string_view host, std::string_view service, flags with, Token&& token) {
    return resolve_later({std::string(host), std::string(service), with},
                         std::forward<Token>(token));
  }
  // Addresses of this family alone.
  template <typename Token>
  auto async_resolve(const protocol_type& protocol, std::string_view host, std::string_view service,
                     Token&& token) {
    return resolve_later({std::string(host), std::string(service), {}, protocol},
                         std::forward<Token>(token));
  }
  template <typename Token>
  auto async_resolve(std::string_view host, std::uint16_t port, Token&& token) {
    return resolve_later({std::string(host), std::to_string(port), {}}, std::forward<Token>(token));
  }

 private:
  struct Query {
    std::string host;
    std::string service;
    flags with{};
    std::optional<protocol_type> protocol{};
  };
  // One look-up, and who waits for it; kept by the resolver and by what will answer.
  struct Question {
    PendingQueue waiting;
    std::optional<Result<std::vector<IpAddress>>> answer;
  };

  struct State final : context::Member {
    explicit State(const executor& from) : Member(from.owner()), own(from) {}
    ~State() override { cancel(); }
    void stop() override { cancel(); }
    void cancel() {
      for (const auto& question : std::exchange(questions, {})) question->waiting.cancel_all();
    }
    std::shared_ptr<Question> ask(const std::string& name, Resolver& names) {
      std::erase_if(questions, [](const auto& one) { return one->waiting.empty(); });
      auto question = std::make_shared<Question>();
      questions.push_back(question);
      names.resolve(name, [question](Result<std::span<const IpAddress>> found) {
        if (found)
          question->answer.emplace(std::vector<IpAddress>(found->begin(), found->end()));
        else
          question->answer.emplace(std::unexpected(found.error()));
        if (Pending* const asker = question->waiting.try_all()) {
          asker->finish(Pending::How::kPost);
        }
      });
      return question;
    }

    executor own;
    std::vector<std::shared_ptr<Question>> questions;
  };

  class Resolving : public Answer<results_type> {
   public:
    explicit Resolving(Query query) : query_(std::move(query)) {}

    // False: somebody must be asked.
    bool begin() {
      const auto known =
          resolver_base::passive | resolver_base::numeric_host | resolver_base::numeric_service;
      const bool is_numeric = has(resolver_base::numeric_service);
      const auto port = port_of(query_.service, is_numeric);
      if ((query_.with & known) != query_.with) return refuse(net::error::operation_not_supported);
      if (!port) return refuse(net::error::service_not_found);
      port_ = *port;
      if (query_.host.empty()) return take_in(unnamed());
      if (const auto literal = parse_scoped(query_.host)) return take_in({*literal});
      return has(resolver_base::numeric_host) && refuse(net::error::host_not_found);
    }
    void wait_for(std::shared_ptr<Question> question) { question_ = std::move(question); }
    [[nodiscard]] const std::string& host() const { return query_.host; }

    bool attempt() {
      if (!question_->answer) return false;
      if (!*question_->answer) {
        fail(question_->answer->error());
        return true;
      }
      std::vector<Endpoint> found;
      for (const IpAddress& one : **question_->answer) found.push_back({one, 0});
      return take_in(found);
    }
    std::tuple<error_code, results_type> take() {
      if (refused_) return {refused_, results_type()};
      if (result_) return {error_code(), *std::move(result_)};
      // No server could say; trying again may help.
      const bool is_open = result_.error() == Error::kTimedOut;
      return {is_open ? error_code(net::error::host_not_found_try_again) : error(), results_type()};
    }

   private:
    [[nodiscard]] bool has(flags flag) const { return (query_.with & flag) == flag; }
    bool refuse(const error_code& why) {
      refused_ = why;
      return true;
    }
    [[nodiscard]] std::vector<Endpoint> unnamed() const {
      if (has(resolver_base::passive)) return {{IpAddress::any_v4()}, {IpAddress::any_v6()}};
      return {{IpAddress::loopback_v6()}, {IpAddress::loopback_v4()}};
    }
    bool take_in(const std::vector<Endpoint>& all) {
      std::vector<endpoint> wanted;
      for (Endpoint one : all) {
        one.port = port_;
        const endpoint to = to_asio<net::ip::tcp>(one);
        if (!query_.protocol || to.protocol() == *query_.protocol) wanted.push_back(to);
      }
      if (wanted.empty()) return refuse(net::error::no_data);
      (void)settle(results_type::create(wanted.begin(), wanted.end(), query_.host, query_.service));
      return true;
    }

    Query query_;
    std::uint16_t port_ = 0;
    std::shared_ptr<Question> question_;
    error_code refused_;
  };

  template <typename Token>
  auto resolve_later(Query query, Token&& token) {
    return net::async_initiate<Token, void(error_code, results_type)>(
        [state = state_.get()](auto handler, Query wanted) {
          Resolving step(std::move(wanted));
          Resolver* const names = state->own.owner().resolver();
          const bool is_known = step.begin();
          if (is_known || names == nullptr) {
            if (!is_known) step.fail(Error::kNotSupported);
            return answer(state->own, std::move(handler), std::move(step));
          }
          const auto question = state->ask(step.host(), *names);
          step.wait_for(question);
          asio::begin(state->own, question->waiting, std::move(handler), std::move(step));
        },
        token, std::move(query));
  }

  Held<State> state_;
};

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
