// SPDX-License-Identifier: Apache-2.0
// Run: the state of one run. What a kind of event means is in run_packet.cpp and run_call.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "script/call/call.h"
#include "script/language/code.h"
#include "script/run/commands.h"
#include "script/run/machine.h"
#include "script/run/runner.h"
#include "script/run/subjects.h"

namespace strata::script {

// Where an event stands in time, once the events before it have happened.
struct Due {
  EventTime::Kind kind = EventTime::Kind::kAbsolute;
  Duration base{};  // what relative times count from
  Duration start{};
  Duration end{};
  Duration since_last{};  // what a tolerance in percent is taken of
};

// The first event that goes wrong ends the run; verdict() says why.
class Run {
 public:
  Run(const Script& script, std::string_view path, ReadFile read_file);
  void run();
  [[nodiscard]] Verdict verdict() &&;

 private:
  struct Blocked {
    const Event* event;
    const SystemCall* call;
    StartedCall started;
    Duration due;  // when it must return
  };

  // ── runner.cpp ────────────────────────────────────────────────────────────────────────────
  void run_event(const Event& event);
  void run_command(const Event& event, const ShellCommand& command);
  void run_code(const Event& event, const CodeBlock& code);
  // Makes the stack, with the settings as they are now.
  void make_machine();
  [[nodiscard]] Due due_time(const Event& event);
  void advance_to(Duration time);
  // One step, not beyond `limit`; a blocked call looks whether it can go on.
  void step(Duration limit);
  [[nodiscard]] std::optional<std::string> timing_error(const Due& due, Duration actual,
                                                        std::string_view what) const;
  void fail(std::string message, Verdict::Kind kind = Verdict::Kind::kFailed);
  void fail_at(const Event& event, std::string_view text);
  [[nodiscard]] bool has_ended() const { return verdict_.kind != Verdict::Kind::kPassed; }
  void log(std::string line);

  // ── run_packet.cpp ────────────────────────────────────────────────────────────────────────
  // Ends the run if it is a packet of a kind that nothing here speaks.
  [[nodiscard]] bool is_wrapped(const Event& event, const PacketSpec& packet);
  void inject(const Event& event, const PacketSpec& packet, const Due& due);
  void expect(const Event& event, const PacketSpec& packet, const Due& due);
  // The next packet that is any of the script's business; nothing when it fails to come.
  [[nodiscard]] std::expected<LivePacket, std::string> next_live(Duration limit);
  [[nodiscard]] std::expected<LivePacket, std::string> next_whole(const PacketSpec& packet,
                                                                  Subject& subject, Duration limit);
  void fail_packet(const Event& event, std::string_view text, const PacketSpec& expected,
                   const LivePacket* live, const Flow& flow, const Due& due);

  // ── run_call.cpp ──────────────────────────────────────────────────────────────────────────
  void call(const Event& event, const SystemCall& call, const Due& due);
  void resume_blocked();
  // Waits for a blocked call to return, no longer than `limit`.
  void await_blocked(Duration limit);
  void finish_call(const Event& event, const SystemCall& call, StartedCall& started);
  void on_started(const SystemCall& call);
  void on_done(const SystemCall& call, posix::Answer answer);
  void fail_call(const Event& event, const SystemCall& call, std::string_view text);
  [[nodiscard]] int descriptor_of(const SystemCall& call) const;

  const Script& script_;
  std::string path_;
  Settings settings_ = usual_settings();
  Commands commands_;
  std::optional<Machine> machine_;
  Subjects subjects_;
  DescriptorMap descriptors_;
  std::optional<Blocked> blocked_;
  CodeNames code_names_;
  Duration last_event_{};
  Verdict verdict_;
};

}  // namespace strata::script
