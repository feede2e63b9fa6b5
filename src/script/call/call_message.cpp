// SPDX-License-Identifier: Apache-2.0
// sendmsg() and recvmsg() with their control messages.
#include <fmt/format.h>
#include <netinet/in.h>

#include <cstring>
#include <utility>

// Behind <netinet/in.h>, whose structures it needs.
#include <linux/errqueue.h>

#include "script/call/call.h"

namespace strata::script {
namespace {

using Kind = Expression::Kind;

constexpr std::size_t kControlBytesMax = 4096;

struct Control {
  int level = 0;
  int type = 0;
  const Expression* data = nullptr;
};

const Expression& only(const Expression* expression) {
  static const Expression kNone;
  return expression == nullptr ? kNone : *expression;
}

std::vector<Control> controls_of(Arguments& arguments, const Expression& message) {
  std::vector<Control> controls;
  const Expression* list = field_of(message, "msg_control");
  if (list == nullptr) return controls;
  for (const Expression& item : list->items) {
    const Expression* level = field_of(item, "cmsg_level");
    const Expression* type = field_of(item, "cmsg_type");
    const Expression* data = field_of(item, "cmsg_data");
    if (level == nullptr || type == nullptr || data == nullptr) {
      arguments.fail("Bad type; expected: {cmsg_level=..., cmsg_type=..., cmsg_data=...}");
      break;
    }
    controls.push_back({static_cast<int>(arguments.integer(*level)),
                        static_cast<int>(arguments.integer(*type)), data});
  }
  return controls;
}

// Name and bytes of the message; the number in `msg_iov(1)` stands behind its value.
msghdr* message_of(Arguments& arguments, const Expression& structure, const Endpoint* name) {
  auto* const message = reinterpret_cast<msghdr*>(arguments.memory(sizeof(msghdr)).data());
  *message = {};
  const Expression* iov = nullptr;
  std::int64_t count = -1;
  for (const Expression& field : structure.items) {
    if (field.kind != Kind::kField || field.text != "msg_iov") continue;
    iov = &field.items.front();
    if (field.items.size() == 2) count = arguments.integer(field.items[1]);
  }
  if (structure.kind != Kind::kStruct || iov == nullptr) {
    arguments.fail("Bad type; expected: {msg_name(...)=..., msg_iov(n)=[...], msg_flags=...}");
    return message;
  }
  const std::span<iovec> parts = arguments.vectors(*iov, count);
  message->msg_iov = parts.data();
  message->msg_iovlen = parts.size();
  const Expression* given = field_of(structure, "msg_name");
  if (name != nullptr && given != nullptr) {
    const auto address = arguments.address(*given, *name);
    message->msg_name = address.address;
    message->msg_namelen = address.size;
  }
  return message;
}

void start_sendmsg(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(3, 3);
  const int fd = arguments.descriptor(0);
  const Expression& structure = arguments.at(1);
  const int flags = arguments.whole(2);
  const Endpoint remote{context.options.remote(), context.options.connect_port};
  // A connected socket knows where; `msg_name(...)=...` stands for nothing then.
  msghdr peer{};
  sockaddr_storage room{};
  peer.msg_namelen = sizeof(room);
  const bool is_connected =
      context.calls.getpeername(fd, reinterpret_cast<sockaddr*>(&room), &peer.msg_namelen) == 0;
  msghdr* const message = message_of(arguments, structure, is_connected ? nullptr : &remote);
  const std::vector<Control> controls = controls_of(arguments, structure);
  if (!controls.empty()) {
    const std::size_t each = CMSG_SPACE(sizeof(int));
    message->msg_control = arguments.memory(controls.size() * each).data();
    message->msg_controllen = controls.size() * each;
    auto* at = static_cast<std::byte*>(message->msg_control);
    for (const Control& control : controls) {
      const auto value = static_cast<int>(arguments.integer(*control.data));
      const cmsghdr header{CMSG_LEN(sizeof(int)), control.level, control.type};
      std::memcpy(at, &header, sizeof(header));
      std::memcpy(at + CMSG_LEN(0), &value, sizeof(value));
      at += each;
    }
  }
  if (!arguments.error().empty()) return;
  started.operation = context.calls.sendmsg(fd, message, flags, context.now);
}

std::int64_t number_in(Bytes data) {
  std::int64_t number = 0;
  std::memcpy(&number, data.data(), std::min<std::size_t>(data.size(), sizeof(number)));
  return number;
}

Checked check_error(const Expression& expected, Bytes data, std::size_t index) {
  sock_extended_err actual{};
  if (data.size() < sizeof(actual)) return std::unexpected("cmsg too short for an extended error");
  std::memcpy(&actual, data.data(), sizeof(actual));
  const std::pair<std::string_view, std::uint32_t> fields[] = {
      {"ee_errno", actual.ee_errno}, {"ee_origin", actual.ee_origin}, {"ee_type", actual.ee_type},
      {"ee_code", actual.ee_code},   {"ee_info", actual.ee_info},     {"ee_data", actual.ee_data}};
  for (const auto& [name, value] : fields) {
    const Expression* wanted = field_of(expected, name);
    if (wanted == nullptr) continue;
    std::string error;
    const auto number = number_of(*wanted, error);
    if (!number) return std::unexpected(error);
    if (*number != value) {
      return std::unexpected(fmt::format("Bad {} in extended err {}: expected={} actual={}",
                                         name.substr(3), index, *number, value));
    }
  }
  return {};
}

Checked check_data(const Control& control, Bytes data, std::size_t index) {
  if (control.data->kind == Kind::kEllipsis) return {};
  if (control.data->kind == Kind::kStruct) return check_error(*control.data, data, index);
  std::string error;
  const auto wanted = number_of(*control.data, error);
  if (!wanted) return std::unexpected(error);
  if (*wanted == number_in(data)) return {};
  return std::unexpected(
      fmt::format("Bad data in cmsg {}: expected={} actual={}", index, *wanted, number_in(data)));
}

Checked check_controls(const std::vector<Control>& expected, const msghdr& message) {
  const auto* const begin = static_cast<const std::byte*>(message.msg_control);
  std::size_t at = 0;
  std::size_t index = 0;
  for (; at + sizeof(cmsghdr) <= message.msg_controllen; ++index) {
    cmsghdr header{};
    std::memcpy(&header, begin + at, sizeof(header));
    if (index >= expected.size()) {
      return std::unexpected(fmt::format("received more than {} cmsgs", expected.size()));
    }
    const Control& control = expected[index];
    if (header.cmsg_level != control.level || header.cmsg_type != control.type) {
      return std::unexpected(
          fmt::format("Bad level or type in cmsg {}: expected={},{} actual={},{}", index,
                      control.level, control.type, header.cmsg_level, header.cmsg_type));
    }
    const Bytes data(begin + at + CMSG_LEN(0), header.cmsg_len - CMSG_LEN(0));
    if (const Checked checked = check_data(control, data, index); !checked) return checked;
    at += CMSG_ALIGN(header.cmsg_len);
  }
  if (index == expected.size()) return {};
  return std::unexpected(fmt::format("received only {} cmsgs", index));
}

void start_recvmsg(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(3, 3);
  const int fd = arguments.descriptor(0);
  const Expression& structure = arguments.at(1);
  const int flags = arguments.whole(2);
  msghdr* const message = message_of(arguments, structure, nullptr);
  const Arguments::Address name = arguments.address_room();
  message->msg_name = name.address;
  message->msg_namelen = name.size;
  message->msg_control = arguments.memory(kControlBytesMax).data();
  message->msg_controllen = kControlBytesMax;
  const Expression& wanted = only(field_of(structure, "msg_flags"));
  const bool any_flags = wanted.kind == Kind::kEllipsis;
  const std::int64_t expected_flags = any_flags ? 0 : arguments.integer(wanted);
  const std::vector<Control> controls = controls_of(arguments, structure);
  const bool any_control = field_of(structure, "msg_control") == nullptr;
  if (!arguments.error().empty()) return;
  started.operation = context.calls.recvmsg(fd, message, flags, context.now);
  started.check = [=](posix::Answer answer) -> Checked {
    if (answer < 0) return {};
    if (!any_flags && expected_flags != message->msg_flags) {
      return std::unexpected(fmt::format("Expected msg_flags 0x{:08X} but got 0x{:08X}",
                                         expected_flags, message->msg_flags));
    }
    return any_control ? Checked{} : check_controls(controls, *message);
  };
}

constexpr CallRow kCalls[] = {{"sendmsg", start_sendmsg}, {"recvmsg", start_recvmsg}};

}  // namespace

std::span<const CallRow> message_calls() { return kCalls; }

}  // namespace strata::script
