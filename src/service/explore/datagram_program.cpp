// SPDX-License-Identifier: Apache-2.0
#include "service/explore/datagram_program.h"

#include <algorithm>
#include <utility>

namespace strata::service {
namespace {

constexpr std::size_t kSmallDatagramBuffer = 3'000;

Duration duration_of(const TrialItem& step) {
  return Duration(static_cast<std::int64_t>(step.amount));
}

}  // namespace

DatagramProgram::DatagramProgram(sim::Host& host, UdpSocket socket, const DatagramProgramPlan& plan,
                                 DatagramLedger& sent, DatagramLedger& received)
    : host_(host),
      socket_(std::move(socket)),
      plan_(plan),
      sent_(sent),
      received_(received),
      sizes_(plan.choices, [](ItemKind kind) { return kind == ItemKind::kWriteSize; }),
      write_pauses_(plan.choices, [](ItemKind kind) { return kind == ItemKind::kWritePause; }),
      read_pauses_(plan.choices, [](ItemKind kind) { return kind == ItemKind::kReadPause; }),
      packets_(plan.choices, [](ItemKind kind) { return kind == ItemKind::kPackets; }),
      options_(plan.choices, [](ItemKind kind) { return kind == ItemKind::kSmallReceive; }),
      buffer_(DatagramLedger::kSizeMax),
      size_(plan.size) {
  static_cast<void>(socket_.on_ready([this](Readiness) { read(); }));
}

DatagramProgram::~DatagramProgram() {
  static_cast<void>(host_.executor().cancel_timer(send_timer_));
  static_cast<void>(host_.executor().cancel_timer(read_timer_));
}

void DatagramProgram::send_next() {
  if (has_sent_all()) return;
  ++tried_;
  send(std::nullopt);
  if (has_sent_all()) return;
  Duration wait = plan_.every;
  while (const TrialItem* step = write_pauses_.take(written_)) wait += duration_of(*step);
  send_timer_ = host_.executor().start_timer(now() + wait, [this] { send_next(); });
}

void DatagramProgram::send(const std::optional<Endpoint>& to) {
  while (const TrialItem* step = sizes_.take(written_)) {
    size_ = static_cast<std::size_t>(step->amount);
  }
  size_ = std::clamp(size_, DatagramLedger::kSizeMin, DatagramLedger::kSizeMax);
  const MutableBytes datagram = MutableBytes(buffer_).first(size_);
  sent_.fill_next(datagram);
  const auto went = to ? socket_.send_to(datagram, *to, now()) : socket_.send(datagram, now());
  // What cannot leave now is given up: nobody is promised that it arrives.
  if (!went) return;
  sent_.note_sent(size_);
  written_ += size_;
}

void DatagramProgram::read() {
  while (!is_read_paused_) {
    while (options_.take(read_) != nullptr) {
      static_cast<void>(socket_.set_receive_buffer(kSmallDatagramBuffer));
    }
    if (packets_.take(read_) != nullptr) takes_packets_ = true;
    if (const TrialItem* step = read_pauses_.take(read_)) {
      is_read_paused_ = true;
      read_timer_ = host_.executor().start_timer(now() + duration_of(*step), [this] {
        is_read_paused_ = false;
        read();
      });
      return;
    }
    if (!take_one()) return;
  }
}

void DatagramProgram::take_rest() {
  plan_.answers = false;
  while (take_one()) {
  }
}

// False: there is nothing. An error of ICMP's is told once, in place of a datagram.
bool DatagramProgram::take_one() {
  const auto got = receive();
  if (!got) return got.error() != Error::kWouldBlock;
  read_ += got->size;
  received_.note_arrival(Bytes(buffer_).first(std::min(got->size, buffer_.size())));
  if (plan_.answers) send(got->source);
  return true;
}

Result<DatagramInfo> DatagramProgram::receive() {
  if (!takes_packets_) return socket_.receive(buffer_);
  const auto got = socket_.receive_packet();
  if (!got) return std::unexpected(got.error());
  got->packet->copy_out(0, MutableBytes(buffer_).first(std::min(got->info.size, buffer_.size())));
  return got->info;
}

}  // namespace strata::service
