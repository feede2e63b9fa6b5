// SPDX-License-Identifier: Apache-2.0
#include "script/run/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "script/call/symbols.h"
#include "script/call/tcp_info_names.h"
#include "script/run/run.h"

namespace strata::script {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Who is at fault: we, or whoever else.
Verdict::Kind kind_of(std::string_view error) {
  return error.starts_with("unsupported: ") ? Verdict::Kind::kUnsupported : Verdict::Kind::kFailed;
}

std::string_view what_happens(const Event& event) {
  if (const auto* packet = std::get_if<PacketSpec>(&event.action)) {
    return packet->direction == Direction::kIn ? "inbound packet" : "outbound packet";
  }
  if (std::holds_alternative<SystemCall>(event.action)) return "system call start";
  return std::holds_alternative<ShellCommand>(event.action) ? "command"
                                                            : "data collection for code";
}

}  // namespace

Run::Run(const Script& script, std::string_view path, ReadFile read_file)
    : script_(script),
      path_(path),
      commands_(settings_, std::move(read_file)),
      subjects_(script.options) {
  code_names_.lookup = [this](std::string_view name) -> std::optional<CodeValue> {
    if (const auto value = symbol(name)) return *value;
    const Subject* subject = subjects_.current();
    if (subject == nullptr || subject->descriptor < 0) return std::nullopt;
    const auto field =
        tcp_info_field(machine_->calls(), subject->descriptor, name, machine_->now());
    if (!field) return std::nullopt;
    return *field;
  };
}

void Run::fail(std::string message, Verdict::Kind kind) {
  if (has_ended()) return;
  verdict_.kind = kind;
  verdict_.message = std::move(message);
}

void Run::fail_at(const Event& event, std::string_view text) {
  fail(fmt::format("{}:{}: {}", path_, event.line, text), kind_of(text));
}

void Run::log(std::string line) {
  if (script_.options.verbose) verdict_.log.push_back(std::move(line));
}

Verdict Run::verdict() && {
  verdict_.notes = commands_.notes();
  if (machine_) verdict_.script_time = machine_->script_time();
  return std::move(verdict_);
}

void Run::make_machine() {
  if (machine_) return;
  commands_.freeze();
  static_cast<void>(commands_.take_forgetting());  // it knows nobody yet
  StackConfig config = settings_.stack;
  config.tcp = settings_.tcp;
  machine_.emplace(script_.options, config);
  if (!machine_->has_address()) {
    fail(fmt::format("{}: the local address of the options cannot be a host's", path_));
  }
  commands_.observe(machine_->stack());
}

void Run::run() {
  if (script_.before) {
    const auto done = commands_.run(script_.before->text);
    if (!done) {
      fail(fmt::format("{}:{}: error executing init command: {}", path_, script_.before->line,
                       done.error()),
           kind_of(done.error()));
    }
  }
  for (const Event& event : script_.events) {
    if (has_ended()) break;
    run_event(event);
  }
  // As long as packetdrill waits for a call that has not come back.
  if (blocked_ && !has_ended()) {
    await_blocked(machine_->script_time() + std::chrono::seconds(1));
    if (blocked_) {
      fail(fmt::format("{}:{}: runtime error: exiting while a blocking system call is in progress",
                       path_, blocked_->event->line));
    }
  }
  if (machine_) {
    blocked_.reset();
    machine_->calls().close_all(machine_->now());
  }
}

void Run::run_event(const Event& event) {
  const auto* command = std::get_if<ShellCommand>(&event.action);
  if (command != nullptr) {
    run_command(event, *command);
    return;
  }
  make_machine();
  const Due due = due_time(event);
  if (has_ended()) return;
  if (const auto* packet = std::get_if<PacketSpec>(&event.action)) {
    if (packet->direction == Direction::kIn) {
      inject(event, *packet, due);
    } else {
      expect(event, *packet, due);
    }
  } else if (const auto* system_call = std::get_if<SystemCall>(&event.action)) {
    call(event, *system_call, due);
  } else {
    advance_to(due.start);
    run_code(event, std::get<CodeBlock>(event.action));
  }
  if (due.kind != EventTime::Kind::kAny) last_event_ = due.start;
  if (machine_->is_exhausted()) {
    fail(fmt::format("{}:{}: the stack does not come to rest", path_, event.line));
  }
}

void Run::run_command(const Event& event, const ShellCommand& command) {
  if (machine_) advance_to(due_time(event).start);
  const auto done = commands_.run(command.text);
  if (!done) {
    fail(fmt::format("{}:{}: error executing `{}` command: {}", path_, event.line, command.text,
                     done.error()),
         kind_of(done.error()));
  }
  if (!machine_) return;
  machine_->stack().set_tcp_config(settings_.tcp);
  if (commands_.take_forgetting()) machine_->stack().forget_tcp_peers();
}

void Run::run_code(const Event& event, const CodeBlock& code) {
  const auto printed = script::run_code(code.text, code_names_);
  if (!printed) {
    fail(fmt::format("{}:{}: error executing code: {}", path_, event.line, printed.error()));
  } else if (!printed->empty()) {
    verdict_.log.push_back(*printed);
  }
}

Due Run::due_time(const Event& event) {
  Due due;
  due.kind = event.time.kind;
  const Duration now = machine_->script_time();
  due.base = event.time.is_relative() || due.kind == EventTime::Kind::kAny ? now : Duration{};
  due.start = due.base + event.time.start;
  due.end = event.time.is_range() ? due.base + event.time.end : due.start;
  due.since_last = std::max(Duration{}, due.start - last_event_);
  const bool is_absolute =
      due.kind == EventTime::Kind::kAbsolute || due.kind == EventTime::Kind::kAbsoluteRange;
  if (is_absolute && due.start < last_event_) {
    fail(fmt::format("{}:{}: time goes backward in script from {} usec to {} usec", path_,
                     event.line, last_event_ / std::chrono::microseconds(1),
                     due.start / std::chrono::microseconds(1)));
    return due;
  }
  // What we do ourselves can only be late if something before it took too long.
  const auto* packet = std::get_if<PacketSpec>(&event.action);
  const bool is_ours = packet == nullptr || packet->direction == Direction::kIn;
  if (is_ours && now > due.start) {
    const auto late = timing_error(due, now, what_happens(event));
    if (late) fail_at(event, *late);
  }
  return due;
}

void Run::step(Duration limit) {
  Time until = Machine::kStart + limit;
  if (blocked_) {
    const std::optional<Time> deadline = blocked_->started.operation.deadline();
    if (deadline) until = std::min(until, std::max(*deadline, machine_->now()));
  }
  machine_->step(until);
  resume_blocked();
}

void Run::advance_to(Duration time) {
  while (!has_ended() && machine_->script_time() < time && !machine_->is_exhausted()) step(time);
}

std::optional<std::string> Run::timing_error(const Due& due, Duration actual,
                                             std::string_view what) const {
  if (due.kind == EventTime::Kind::kAny) return std::nullopt;
  const Options& options = script_.options;
  const Duration part = Duration(static_cast<std::int64_t>(
      options.tolerance_percent / 100 * static_cast<double>(due.since_last.count())));
  const Duration tolerance = std::max(options.tolerance, part);
  if (actual >= due.start - tolerance && actual <= due.end + tolerance) return std::nullopt;
  switch (due.kind) {
    case EventTime::Kind::kAbsoluteRange:
      return fmt::format(
          "timing error: expected {} in time range {:.6f}~{:.6f} sec but happened at {:.6f} sec",
          what, seconds(due.start), seconds(due.end), seconds(actual));
    case EventTime::Kind::kRelativeRange:
      return fmt::format(
          "timing error: expected {} in relative time range +{:.6f}~+{:.6f} sec but happened at "
          "{:+.6f} sec",
          what, seconds(due.start - due.base), seconds(due.end - due.base),
          seconds(actual - due.base));
    default:
      return fmt::format(
          "timing error: expected {} at {:.6f} sec but happened at {:.6f} sec; tolerance {:.6f} "
          "sec",
          what, seconds(due.start), seconds(actual), seconds(tolerance));
  }
}

Verdict run_script(const Script& script, std::string_view path, ReadFile read_file) {
  if (script.options.only_parse) return {};
  Run run(script, path, std::move(read_file));
  run.run();
  return std::move(run).verdict();
}

}  // namespace strata::script
