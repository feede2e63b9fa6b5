// SPDX-License-Identifier: Apache-2.0
// What watches the frames of a running lab: a line of text each, and the sequence numbers of flows.
#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/failure.h"
#include "strata/address.h"
#include "strata/sim.h"

namespace strata::service {

// "1.203000000 a-b sent IP 10.0.0.1.49152 > ...", or "delivered", or "dropped (lost by chance)";
// "2.000000000 event a-b goes down". In the order in which it happened.
class LabTrace final : public sim::Tap {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<LabTrace>> create(const std::string& path);

  void on_frame(const sim::Sighting& sighting) override;
  void on_event(Time at, const std::string& what);
  // Whether all was written. Once.
  [[nodiscard]] Outcome<void> finish();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  LabTrace(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}
  void put_line(const std::string& line);

  std::unique_ptr<std::FILE, Close> file_;
  std::string path_;
  bool has_failed_ = false;
};

// Text of a flow as its sender sent it, and acknowledgments as they reached it; bytes behind the
// first SYN.
struct LabSequence {
  struct Point {
    double seconds = 0;
    std::uint64_t from = 0, to = 0;  // an acknowledgment: from == to
    [[nodiscard]] bool is_ack() const { return from == to; }
  };
  std::string name;
  std::vector<Point> points;
};

// Sits at the senders of flows of one connection.
class LabSequences final : public sim::Tap {
 public:
  // The flow's receiving end. Points beyond a million of a flow are not kept.
  void add_flow(const std::string& name, const Endpoint& receiver);
  void on_frame(const sim::Sighting& sighting) override;
  [[nodiscard]] const std::vector<LabSequence>& sequences() const { return sequences_; }

 private:
  struct Place {
    std::size_t index = 0;
    std::uint32_t first = 0;  // the sequence number of the SYN
    bool has_begun = false;
  };
  std::map<std::pair<IpAddress, std::uint16_t>, Place> places_;
  std::vector<LabSequence> sequences_;
};

}  // namespace strata::service
