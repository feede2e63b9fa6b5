// SPDX-License-Identifier: Apache-2.0
// Flows of questions: one client or more and more, a connection each, pages of many objects.
#pragma once

#include <list>
#include <optional>

#include "service/lab/ask.h"
#include "strata/rng.h"

namespace strata::service {

// What they share: one answerer, some askers, and what becomes of them with their hosts.
class AskingFlow : public Flow, protected Asker::Owner {
 public:
  void start() override;
  void stop() override;
  void on_crash(const sim::Host& host) override;
  void on_restart(const sim::Host& host) override;
  void on_address(const IpAddress& address) override { ends_.address = address; }
  [[nodiscard]] FlowCounts counts() const override;

 protected:
  AskingFlow(const LabTraffic& traffic, const FlowEnds& ends, const AskPlan& plan);

  // Called at the start, and when the sending host is back.
  virtual void begin() = 0;
  [[nodiscard]] bool is_running() const { return is_running_; }
  Asker& add_asker();
  // False: it is over at once.
  bool start(Asker& asker);
  void count_failure(std::optional<Error> why);
  // Those that are over go, a little later.
  void sweep_later();
  void after(Duration time, Task task);

  LabTraffic traffic_;
  FlowEnds ends_;
  AskPlan plan_;
  FlowCounts counts_;  // beside those of askers
  std::list<Asker> askers_;

 private:
  void listen();

  Answerer answerer_;
  bool is_running_ = false, is_sweeping_ = false;
};

// Clients that ask again and again: one, or more as time passes.
class RequestFlow final : public AskingFlow {
 public:
  RequestFlow(const LabTraffic& traffic, const FlowEnds& ends);
  [[nodiscard]] std::optional<TcpInfo> info() const override;
  [[nodiscard]] FlowCounts counts() const override;

 private:
  void begin() override;
  void on_answer(Asker& asker, Duration took) override;
  void on_over(Asker& asker, std::optional<Error> why) override;
};

// A connection for each question. They begin as a Poisson process has it: independently.
class ShortFlows final : public AskingFlow {
 public:
  ShortFlows(const LabTraffic& traffic, const FlowEnds& ends);

 private:
  void begin() override;
  void open();
  void on_answer(Asker& asker, Duration took) override;
  void on_over(Asker& asker, std::optional<Error> why) override;

  Rng rng_;
  std::uint64_t round_ = 0;  // of begin()
};

// A page is there when all its objects are. Its connections ask for one after the other.
class PageFlow final : public AskingFlow {
 public:
  PageFlow(const LabTraffic& traffic, const FlowEnds& ends);

 private:
  void begin() override;
  void load();
  void on_answer(Asker& asker, Duration took) override;
  void on_over(Asker& asker, std::optional<Error> why) override;

  std::uint64_t round_ = 0;  // of begin()
  Time loading_since_{};
  std::uint32_t to_come_ = 0;  // objects of this page
  std::uint32_t to_end_ = 0;   // connections of this page
};

}  // namespace strata::service
