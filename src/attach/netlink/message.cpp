// SPDX-License-Identifier: Apache-2.0
#include "attach/netlink/message.h"

#include <algorithm>

namespace strata::attach {
namespace {

// glibc, musl and Go read into a page.
constexpr std::size_t kDatagramMax = 4096;

}  // namespace

void MessageWriter::begin(int type, int flags) {
  nlmsghdr header{};
  header.nlmsg_type = static_cast<std::uint16_t>(type);
  header.nlmsg_flags = static_cast<std::uint16_t>(flags);
  header.nlmsg_seq = sequence_;
  header.nlmsg_pid = port_;
  message_.clear();
  append(std::as_bytes(std::span(&header, 1)));
}

void MessageWriter::append(Bytes bytes) {
  message_.insert(message_.end(), bytes.begin(), bytes.end());
  message_.resize(NLMSG_ALIGN(message_.size()));
}

void MessageWriter::attribute(int type, Bytes value) {
  rtattr header{};
  header.rta_len = static_cast<std::uint16_t>(sizeof(header) + value.size());
  header.rta_type = static_cast<std::uint16_t>(type);
  append(std::as_bytes(std::span(&header, 1)));
  append(value);
}

void MessageWriter::text(int type, std::string_view value) {
  std::vector<std::byte> terminated(value.size() + 1);
  std::ranges::copy(std::as_bytes(std::span(value)), terminated.begin());
  attribute(type, terminated);
}

void MessageWriter::end() {
  const auto size = static_cast<std::uint32_t>(message_.size());
  std::memcpy(message_.data() + offsetof(nlmsghdr, nlmsg_len), &size, sizeof(size));
  if (datagrams_.empty() || datagrams_.back().size() + message_.size() > kDatagramMax) {
    datagrams_.emplace_back();
  }
  datagrams_.back().insert(datagrams_.back().end(), message_.begin(), message_.end());
}

std::optional<Bytes> NetlinkRequest::attribute(std::size_t after, int type) const {
  Bytes left = body.subspan(std::min<std::size_t>(NLMSG_ALIGN(after), body.size()));
  while (left.size() >= sizeof(rtattr)) {
    rtattr head{};
    std::memcpy(&head, left.data(), sizeof(head));
    if (head.rta_len < sizeof(head) || head.rta_len > left.size()) break;
    if ((head.rta_type & NLA_TYPE_MASK) == type) {
      return left.first(head.rta_len).subspan(sizeof(head));
    }
    left = left.subspan(std::min<std::size_t>(RTA_ALIGN(head.rta_len), left.size()));
  }
  return std::nullopt;
}

std::optional<NetlinkRequest> next_request(Bytes& datagram) {
  NetlinkRequest request;
  if (datagram.size() < sizeof(request.header)) return std::nullopt;
  std::memcpy(&request.header, datagram.data(), sizeof(request.header));
  const std::size_t size = request.header.nlmsg_len;
  if (size < sizeof(request.header) || size > datagram.size()) return std::nullopt;
  request.body = datagram.first(size).subspan(sizeof(request.header));
  datagram = datagram.subspan(std::min<std::size_t>(NLMSG_ALIGN(size), datagram.size()));
  return request;
}

}  // namespace strata::attach
