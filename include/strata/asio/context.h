// SPDX-License-Identifier: Apache-2.0
// asio::context: an Asio execution context on a stack's Executor, of real or of virtual time.
#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "strata/asio/config.h"
#include "strata/executor.h"
#include "strata/resolver.h"
#include "strata/stack.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

class executor;

template <typename T>
concept AnyExecutor = net::execution::is_executor<T>::value;

// A runner on the machine's clock, as Loop is one and a simulated world is not.
template <typename T>
concept RealRunner =
    std::derived_from<T, Executor> && requires(T& runner) { runner.run_once(Duration{}); };

// What sockets and timers are made from. Handlers run when the loop or the world runs; there is no
// run() of its own, and no thread. The stack and its Executor outlive it, and it outlives what is
// made from it. When it ends, handlers that have not run are destroyed and not called, and with
// them the coroutines that wait.
//
// It is an io_context for all who take one: co_spawn(), post(), make_strand(), and Asio's own
// objects. Those of Asio that belong to the machine (net::steady_timer, and with it the time limits
// inside a websocket::stream; signal_set; the kernel's sockets) work where the machine's clock
// runs, on a Loop: it looks after them every 20 milliseconds while there are any. In a simulated
// world they never end: use our steady_timer and expires_after(), which read the world's clock.
class context : public net::io_context {
 public:
  using executor_type = executor;

  context(Stack& stack, Executor& runner, Resolver* resolver = nullptr)
      : net::io_context(1), stack_(stack), runner_(runner), resolver_(resolver) {
    net::make_service<Home>(*this, this);
  }
  template <RealRunner Loop>
  context(Stack& stack, Loop& loop, Resolver* resolver = nullptr)
      : context(stack, static_cast<Executor&>(loop), resolver) {
    is_real_ = true;
    look_at(loop.now());
  }
  ~context() {
    is_ending_ = true;
    if (is_scheduled_) runner_.cancel_timer(timer_);
    if (is_looking_) runner_.cancel_timer(looks_);
    // What ends may destroy others that wait.
    while (first_ != nullptr) {
      Member& member = *first_;
      member.leave();
      member.stop();
    }
    while (!jobs_.empty()) Jobs(std::move(jobs_)).clear();
    shutdown();  // what waits in strands, or for something of Asio's own
  }
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  // Whoever drives the Executor drives this.
  std::size_t run() = delete;
  std::size_t run_one() = delete;
  std::size_t poll() = delete;
  std::size_t poll_one() = delete;
  void stop() = delete;

  [[nodiscard]] executor get_executor();
  [[nodiscard]] Stack& stack() { return stack_; }
  [[nodiscard]] Executor& runner() { return runner_; }
  [[nodiscard]] Resolver* resolver() { return resolver_; }
  [[nodiscard]] Time now() const { return runner_.now(); }

  // Handlers may run inside of what runs now.
  class Running {
   public:
    explicit Running(context& owner) : owner_(owner) { ++owner_.depth_; }
    ~Running() {
      if (--owner_.depth_ == 0) owner_.look_soon();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    context& owner_;
  };
  [[nodiscard]] bool is_running() const { return depth_ != 0; }

  // Something that operations wait for.
  class Member {
   public:
    explicit Member(context& owner) : owner_(owner), next_(owner.first_) {
      if (next_ != nullptr) next_->previous_ = this;
      owner_.first_ = this;
    }
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    virtual ~Member() { leave(); }
    // All that wait hear operation_aborted.
    virtual void stop() = 0;

   protected:
    [[nodiscard]] context& owner() const { return owner_; }

   private:
    friend class context;
    void leave() {
      if (previous_ != nullptr) previous_->next_ = next_;
      if (owner_.first_ == this) owner_.first_ = next_;
      if (next_ != nullptr) next_->previous_ = previous_;
      previous_ = nullptr;
      next_ = nullptr;
    }
    context& owner_;
    Member* previous_ = nullptr;
    Member* next_;
  };

 private:
  friend class executor;
  template <AnyExecutor Other>
  friend executor executor_of(const Other& other);
  // How often Asio's own timers and sockets are looked after.
  static constexpr Duration kLookPause = std::chrono::milliseconds(20);

  // What the context of an executor is found by.
  using Owner = context;
  struct Home final : net::execution_context::service {
    using key_type = Home;
    static inline net::execution_context::id id;
    explicit Home(net::execution_context& in, Owner* it = nullptr) : service(in), owner(it) {}
    void shutdown() override {}
    Owner* owner;
  };
  using Jobs = std::vector<std::move_only_function<void()>>;

  // Runs it in a later turn, in order.
  template <typename Function>
  void post(Function&& function) {
    if (is_ending_) return;
    jobs_.emplace_back(std::forward<Function>(function));
    schedule();
  }
  // A timer can be taken back when the context ends, a posted task cannot.
  void schedule() {
    if (std::exchange(is_scheduled_, true)) return;
    timer_ = runner_.start_timer(runner_.now(), [this] { run_jobs(); });
  }
  void run_jobs() {
    is_scheduled_ = false;
    const Running running(*this);
    Jobs due = std::move(jobs_);
    jobs_ = std::move(spare_);
    auto next = due.begin();
    try {
      while (next != due.end()) std::exchange(*next++, nullptr)();
    } catch (...) {
      // Whoever drives the runner hears of it; the others run in a later turn.
      jobs_.insert(jobs_.begin(), std::move_iterator(next), std::move_iterator(due.end()));
      if (!jobs_.empty()) schedule();
      throw;
    }
    due.clear();
    spare_ = std::move(due);
  }

  void look_soon() {
    if (is_real_ && !is_looking_ && !is_ending_) look_at(runner_.now() + kLookPause);
  }
  void look_at(Time when) {
    is_looking_ = true;
    looks_ = runner_.start_timer(when, [this] { look(); });
  }
  // There is no telling from outside when something of Asio's own is due, only whether there is
  // something at all.
  void look() {
    restart();
    try {
      const Running running(*this);
      net::io_context::poll();
    } catch (...) {
      is_looking_ = false;
      look_soon();
      throw;
    }
    is_looking_ = false;
    if (!stopped()) look_soon();
  }

  Stack& stack_;
  Executor& runner_;
  Resolver* resolver_;
  int depth_ = 0;
  bool is_real_ = false;
  bool is_looking_ = false;
  TimerId looks_{};
  bool is_ending_ = false;
  bool is_scheduled_ = false;
  TimerId timer_{};
  Jobs jobs_;
  Jobs spare_;  // an empty one, for its room
  Member* first_ = nullptr;
};

class executor {
 public:
  explicit executor(context& owner) : owner_(&owner) {}

  [[nodiscard]] context& owner() const { return *owner_; }

  template <typename Function>
  void execute(Function&& function) const {
    if (!never_blocks_ && owner_->is_running()) {
      std::decay_t<Function> now(std::forward<Function>(function));
      return now();
    }
    owner_->post(std::forward<Function>(function));
  }

  [[nodiscard]] net::execution_context& query(net::execution::context_t /*what*/) const noexcept {
    return *owner_;
  }
  [[nodiscard]] net::execution::blocking_t query(
      net::execution::blocking_t /*what*/) const noexcept {
    return never_blocks_ ? net::execution::blocking_t(net::execution::blocking.never)
                         : net::execution::blocking_t(net::execution::blocking.possibly);
  }
  [[nodiscard]] executor require(net::execution::blocking_t::never_t /*how*/) const {
    return with(true);
  }
  [[nodiscard]] executor require(net::execution::blocking_t::possibly_t /*how*/) const {
    return with(false);
  }
  friend bool operator==(const executor& a, const executor& b) noexcept {
    return a.owner_ == b.owner_ && a.never_blocks_ == b.never_blocks_;
  }
  friend bool operator!=(const executor& a, const executor& b) noexcept { return !(a == b); }

 private:
  [[nodiscard]] executor with(bool never_blocks) const {
    executor other = *this;
    other.never_blocks_ = never_blocks;
    return other;
  }
  context* owner_;
  bool never_blocks_ = false;
};

inline executor context::get_executor() { return executor(*this); }

// The state of an object, and who it is made for. When the object is moved, its state goes along,
// and with it what waits; what was moved from is, as Asio promises, as newly made on its executor.
template <typename State>
class Held {
 public:
  explicit Held(const executor& own) : own_(own) {}
  State* get() const {
    if (state_ == nullptr) state_ = std::make_unique<State>(own_);
    return state_.get();
  }
  State* operator->() const { return get(); }
  State& operator*() const { return *get(); }

 private:
  executor own_;
  // Not before it is needed: most of what was moved from is not used again.
  mutable std::unique_ptr<State> state_;
};

// Ours, out of a strand, an any_io_executor, or whatever else was wrapped around it: the stack has
// one thread, so that a strand adds nothing to it. Throws bad_executor for one of another context.
template <AnyExecutor Other>
[[nodiscard]] executor executor_of(const Other& other) {
  net::execution_context& where = net::query(other, net::execution::context);
  if (!net::has_service<context::Home>(where)) throw net::execution::bad_executor();
  return executor(*net::use_service<context::Home>(where).owner);
}
inline executor executor_of(const executor& own) { return own; }

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
