// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <optional>

#include "service/decode/layers.h"
#include "service/decode/value_names.h"
#include "service/names/record_text.h"
#include "strata/wire/dns.h"
#include "strata/wire/dns_record.h"

namespace strata::service::decoding {
namespace {

using Layout = wire::DnsLayout;

std::string_view opcode_name(std::uint64_t opcode) {
  switch (static_cast<wire::DnsOpcode>(opcode)) {
    case wire::DnsOpcode::kQuery: return "query";
    case wire::DnsOpcode::kStatus: return "status";
    case wire::DnsOpcode::kNotify: return "notify";
    case wire::DnsOpcode::kUpdate: return "update";
    default: return {};
  }
}

std::string_view section_name(wire::DnsSection section) {
  switch (section) {
    case wire::DnsSection::kAnswer: return "Answer";
    case wire::DnsSection::kAuthority: return "Authority";
    default: return "Additional";
  }
}

void put_flags(LayerWriter& writer) {
  const bool is_response = writer.decimal<Layout::IsResponse>("Response") != 0;
  writer.note(is_response ? "an answer" : "a question");
  writer.note(std::string(opcode_name(writer.decimal<Layout::Opcode>("Opcode"))));
  writer.flag<Layout::IsAuthoritative>("Authoritative", "set");
  writer.flag<Layout::IsTruncated>("Truncated", "the rest is to be had over TCP");
  writer.flag<Layout::RecursionDesired>("Recursion desired", "set");
  writer.flag<Layout::RecursionAvailable>("Recursion available", "set");
  writer.flag<Layout::AuthenticData>("Authentic data", "set");
  writer.flag<Layout::CheckingDisabled>("Checking disabled", "set");
  const std::uint64_t code = writer.decimal<Layout::ResponseCode>("Response code");
  if (is_response) writer.note(std::string(dns_response_name(code)));
}

// Where the records begin; nothing where a question cannot be read.
std::optional<std::size_t> put_questions(LayerWriter& writer, std::uint64_t count) {
  using Question = wire::DnsQuestionLayout;
  const Bytes message = writer.bytes();
  std::size_t at = Layout::kSize;
  for (; count > 0; --count) {
    const auto name = wire::DnsNameView::parse(message, at);
    const std::size_t size = name ? name->size_in_message() + Question::kSize : 0;
    if (!name || message.size() - at < size) {
      writer.stop(at, "a question that cannot be read");
      return std::nullopt;
    }
    const Bytes fixed = message.subspan(at + name->size_in_message());
    const auto type = static_cast<wire::DnsType>(Question::Type::get(fixed));
    writer.add("Question", fmt::format("{} {}", to_text(*name), to_text(type)), at, size);
    at += size;
  }
  return at;
}

void put_records(LayerWriter& writer, std::size_t at) {
  wire::DnsRecordReader records(writer.bytes(), at);
  while (const auto record = records.next()) {
    const std::size_t end = record->data_offset + record->data_length;
    if (record->type == wire::DnsType::kOpt) {
      // RFC 6891 6.1.2: the class is a size.
      writer.add(section_name(record->section), "EDNS options", at, end - at,
                 fmt::format("takes {} bytes", static_cast<unsigned>(record->klass)));
    } else {
      writer.add(
          section_name(record->section),
          fmt::format("{} {} {}", to_text(record->name), to_text(record->type), data_text(*record)),
          at, end - at, fmt::format("for {} s", record->time_to_live_s));
    }
    at = end;
  }
  if (records.is_malformed()) writer.stop(at, "a record that cannot be read");
}

}  // namespace

void decode_dns(Decoding& decoding, Bytes message) {
  LayerWriter writer(decoding, "DNS", message, Layout::kSize);
  writer.hexadecimal<Layout::Id>("Id");
  put_flags(writer);
  const std::uint64_t questions = writer.decimal<Layout::QuestionCount>("Questions");
  writer.decimal<Layout::AnswerCount>("Answers");
  writer.decimal<Layout::AuthorityCount>("Authorities");
  writer.decimal<Layout::AdditionalCount>("Additionals");
  writer.set_size(message.size());
  if (writer.has_stopped()) return;
  if (const auto at = put_questions(writer, questions)) put_records(writer, *at);
}

}  // namespace strata::service::decoding
