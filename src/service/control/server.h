// SPDX-License-Identifier: Apache-2.0
// ControlServer: questions to a running stack over a unix socket, one JSON object per line.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/confine/confine.h"
#include "service/capture/packet_filter.h"
#include "service/connections/pages.h"
#include "service/control/messages.h"
#include "service/cores/host_watch.h"
#include "service/cores/stack_cores.h"
#include "service/devices/device_rack.h"
#include "service/failure.h"
#include "service/hosted_stack.h"
#include "service/reload/reload_report.h"
#include "strata/loop.h"

//   {"command":"status"}   ─>  {"ok":true,"stacks":[...]}; lists are cut at 1024 entries
//   {"command":"status","list":"sockets","offset":1024,"limit":1024}  ─>  one list, from there on
//                              (of connections and sockets over some turns, in slices)
//   {"command":"capture","filter":"tcp port 80","snap":128}  ─>  {"ok":true}, then one line per
//                              frame that the filter takes until the client leaves; both may be
//                              left out:
//                              {"time_ns":...,"medium":"ethernet","direction":"in","interface":
//                               "strata0","size":98,"comment":"dropped: ...","bytes":"HEX",
//                               "missed":0}
//   {"command":"device-list"}                                              ─>  {"ok":true,
//                                                                            "devices":[...]}
//   {"command":"device-replace","interface":"strata0","device":"tap:x"}    ─>  {"ok":true}
//   {"command":"device-add","device":"tap:y","addresses":["10.1.0.2/24"]}  ─>  {"ok":true,
//                                                                            "interface":"y"}
//   {"command":"device-remove","interface":"y"}                            ─>  {"ok":true}
//   {"command":"explain","interface":"strata0","bytes":"HEX"}  ─>  {"ok":true,"packet":"IP ...",
//                              "steps":[{"at":"...","what":"..."}],"dropped":null,"end":"..."}
//   {"command":"reload"}   ─>  {"ok":true,"changed":[{"key":"log","from":"...","to":"..."}],
//                              "needs_restart":[...],"files":["/etc/hosts"]}, or what is wrong:
//                              {"ok":false,"error":"...","errors":["FILE:LINE:COLUMN: ...",...]}
//   anything else          ─>  {"ok":false,"error":"...","hint":"..."}
//
// 1. Only root and the user who runs the stack are heard (SO_PEERCRED); others are told so.
// 2. Nothing here blocks: what a client does not read waits in a buffer, and with a full buffer
//    its next request is not read and its captured frames are counted in "missed". So are those
//    that cores saw faster than they could be brought together, whomever they were for.
// 3. Who has taken nothing for kStallMax holds no memory: frames that wait are missed, and who
//    waits for anything else has gone. Long lists are asked for in pages.

namespace strata::service {

class Cores;

// What is asked about beside stacks; null: it is not there, or not to be changed.
struct ControlSubjects {
  Cores* cores = nullptr;         // of the first stack; null: it is alone
  DeviceRack* devices = nullptr;  // of the first stack
  const Switch* bridge = nullptr;
  const ReloadTask* reload = nullptr;  // and empty: the same
};

class ControlServer {
 public:
  static constexpr std::size_t kClientsMax = 16;
  static constexpr std::size_t kRequestBytesMax = 4096;
  static constexpr std::size_t kWaitingBytesMax = std::size_t{4} << 20U;
  // A further request is answered when so little of what was asked before still waits.
  static constexpr std::size_t kAnswersWaitingMax = std::size_t{64} << 10U;
  static constexpr Duration kStallMax = std::chrono::seconds(10);

  // Stacks and what is beside them must outlive the server. Without stacks nothing is captured. A
  // socket that a dead process left behind is replaced.
  [[nodiscard]] static Outcome<std::unique_ptr<ControlServer>> open(
      Loop& loop, const std::string& path, std::vector<HostedStack*> stacks,
      const ControlSubjects& others = {});
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // This process is confined: its state is told of, and `remove` takes the socket's file away.
  void on_confined(const runtime::Confinement& state, std::function<void()> remove);

 private:
  struct Client {
    std::uint64_t number = 0;
    int descriptor = -1;
    std::string in;
    std::string out;
    std::uint32_t events = 0;
    bool waits = false;  // for an answer that takes some turns: further requests are not read
    bool captures = false;
    PacketFilters filter;
    std::size_t snap_length = 0;
    bool leaves = false;  // once what waits has been written
    std::uint64_t missed = 0;
    std::uint64_t missed_before = 0;  // by the watch, when this client's capture began
    Time moved{};                     // when something was written last, or began to wait
  };

  ControlServer(Loop& loop, std::string path, std::vector<HostedStack*> stacks,
                const ControlSubjects& others);

  [[nodiscard]] bool is_trusted(int descriptor) const;
  [[nodiscard]] Outcome<void> listen();
  [[nodiscard]] Result<void> watch_listener();
  void accept();
  void accept_later();
  void on_event(int descriptor, std::uint32_t events);
  void read(Client& client);
  void answer_requests(Client& client);
  void write(Client& client);
  void watch(Client& client);
  [[nodiscard]] std::string start_capture(Client& client, const ControlRequest& request);
  [[nodiscard]] std::size_t captures() const;
  [[nodiscard]] FrameWatch::Wanted wanted() const;
  void adapt_watch();
  void watch_for_stalls();
  void end_stall(Client& client);
  void write_all();
  void remove_gone();
  [[nodiscard]] std::string reply_to(Client& client, std::string_view line);
  void ask_for_list(Client& client, const ControlRequest& request);
  void finish_answer(std::uint64_t client, const std::string& line);
  [[nodiscard]] std::string explain_packet(const ControlRequest& request);
  [[nodiscard]] std::string change_devices(const ControlRequest& request);
  void on_frame(const WatchedFrame& frame);
  void show(const CapturedFrame& frame);

  Loop& loop_;
  std::string path_;
  std::vector<HostedStack*> stacks_;
  ControlSubjects others_;
  StackCores cores_;
  Pages pages_{cores_};
  std::uint32_t owner_;  // the user who started this, and may have become another
  const runtime::Confinement* confinement_ = nullptr;
  std::function<void()> remove_;
  int listener_ = -1;
  bool is_write_posted_ = false;
  bool is_stall_watched_ = false;
  std::vector<std::unique_ptr<Client>> clients_;
  std::uint64_t last_client_ = 0;
  std::optional<HostWatch> watch_;         // of the first stack; runs while somebody captures
  std::size_t watched_for_ = 0;            // clients that capture, when it was started last
  std::shared_ptr<ControlServer*> alive_;  // empties when the server ends, for posted tasks
};

}  // namespace strata::service
