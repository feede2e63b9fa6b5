// SPDX-License-Identifier: Apache-2.0
// DNS messages (RFC 1035 4.1): header, question, records, and a writer. Data: dns_record.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "strata/wire/dns_name.h"
#include "strata/wire/field.h"

namespace strata::wire {

// RFC 1035 4.1.1, RFC 4035 3.2:
//   0               16              32
//   +---------------+---------------+
//   |      id       |QR|op|flags|rc |
//   |   questions   |    answers    |
//   |  authorities  |  additionals  |
//   +---------------+---------------+
struct DnsLayout {
  using Id = Field<std::uint16_t, 0>;
  using Flags = Field<std::uint16_t, Id::kEnd>;
  using IsResponse = Bits<Flags, 15, 1>;
  using Opcode = Bits<Flags, 11, 4>;
  using IsAuthoritative = Bits<Flags, 10, 1>;
  using IsTruncated = Bits<Flags, 9, 1>;
  using RecursionDesired = Bits<Flags, 8, 1>;
  using RecursionAvailable = Bits<Flags, 7, 1>;
  using AuthenticData = Bits<Flags, 5, 1>;
  using CheckingDisabled = Bits<Flags, 4, 1>;
  using ResponseCode = Bits<Flags, 0, 4>;
  using QuestionCount = Field<std::uint16_t, Flags::kEnd>;
  using AnswerCount = Field<std::uint16_t, QuestionCount::kEnd>;
  using AuthorityCount = Field<std::uint16_t, AnswerCount::kEnd>;
  using AdditionalCount = Field<std::uint16_t, AuthorityCount::kEnd>;
  static constexpr std::size_t kSize = AdditionalCount::kEnd;
  static_assert(kSize == 12);
};

enum class DnsOpcode : std::uint8_t { kQuery = 0, kStatus = 2, kNotify = 4, kUpdate = 5 };

// RFC 1035 4.1.1; with EDNS eight more bits stand in front (RFC 6891 6.1.3).
enum class DnsResponseCode : std::uint16_t {
  kNoError = 0,
  kFormatError = 1,
  kServerFailure = 2,
  kNameError = 3,  // NXDOMAIN
  kNotImplemented = 4,
  kRefused = 5,
  kBadVersion = 16,
};

enum class DnsType : std::uint16_t {
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kSrv = 33,
  kOpt = 41,
};

enum class DnsClass : std::uint16_t { kInternet = 1 };

enum class DnsSection : std::uint8_t { kAnswer, kAuthority, kAdditional };

struct DnsHeader {
  std::uint16_t id = 0;
  bool is_response = false;
  DnsOpcode opcode = DnsOpcode::kQuery;
  bool is_authoritative = false;
  bool is_truncated = false;
  bool recursion_desired = false;
  bool recursion_available = false;
  bool authentic_data = false;
  bool checking_disabled = false;
  std::uint8_t response_code = 0;  // the lower four bits
  std::uint16_t question_count = 0;
  std::uint16_t answer_count = 0;
  std::uint16_t authority_count = 0;
  std::uint16_t additional_count = 0;

  friend constexpr bool operator==(const DnsHeader&, const DnsHeader&) = default;
};

constexpr void write(const DnsHeader& header, std::span<std::byte, DnsLayout::kSize> out) {
  DnsLayout::Id::set(out, header.id);
  DnsLayout::Flags::set(out, 0);
  DnsLayout::IsResponse::set(out, header.is_response ? 1 : 0);
  DnsLayout::Opcode::set(out, static_cast<std::uint16_t>(header.opcode));
  DnsLayout::IsAuthoritative::set(out, header.is_authoritative ? 1 : 0);
  DnsLayout::IsTruncated::set(out, header.is_truncated ? 1 : 0);
  DnsLayout::RecursionDesired::set(out, header.recursion_desired ? 1 : 0);
  DnsLayout::RecursionAvailable::set(out, header.recursion_available ? 1 : 0);
  DnsLayout::AuthenticData::set(out, header.authentic_data ? 1 : 0);
  DnsLayout::CheckingDisabled::set(out, header.checking_disabled ? 1 : 0);
  DnsLayout::ResponseCode::set(out, header.response_code);
  DnsLayout::QuestionCount::set(out, header.question_count);
  DnsLayout::AnswerCount::set(out, header.answer_count);
  DnsLayout::AuthorityCount::set(out, header.authority_count);
  DnsLayout::AdditionalCount::set(out, header.additional_count);
}

// RFC 1035 4.1.2: behind the name.
struct DnsQuestionLayout {
  using Type = Field<std::uint16_t, 0>;
  using Class = Field<std::uint16_t, Type::kEnd>;
  static constexpr std::size_t kSize = Class::kEnd;
};

struct DnsQuestion {
  DnsName name{};
  DnsType type = DnsType::kA;
  DnsClass klass = DnsClass::kInternet;

  friend constexpr bool operator==(const DnsQuestion&, const DnsQuestion&) = default;
};

struct DnsQuestionView {
  DnsNameView name;
  DnsType type;
  DnsClass klass;

  [[nodiscard]] constexpr DnsQuestion values() const { return {DnsName(name), type, klass}; }
};

// RFC 1035 4.1.3: behind the name.
struct DnsRecordLayout {
  using Type = Field<std::uint16_t, 0>;
  using Class = Field<std::uint16_t, Type::kEnd>;
  using TimeToLive = Field<std::uint32_t, Class::kEnd>;
  using DataLength = Field<std::uint16_t, TimeToLive::kEnd>;
  static constexpr std::size_t kSize = DataLength::kEnd;
  static_assert(kSize == 10);
};

struct DnsRecordView {
  DnsSection section;
  DnsNameView name;
  DnsType type;
  DnsClass klass;
  std::uint32_t time_to_live_s;
  Bytes message;  // names inside the data may point into all of it
  std::size_t data_offset;
  std::size_t data_length;

  [[nodiscard]] constexpr Bytes data() const { return message.subspan(data_offset, data_length); }
  // A name at `offset` of the data, which must not reach beyond the data.
  [[nodiscard]] constexpr Parsed<DnsNameView> name_at(std::size_t offset) const {
    const Bytes bounded = message.first(data_offset + data_length);
    auto parsed = DnsNameView::parse(bounded, data_offset + offset);
    return parsed;
  }
};

// Records one by one, in the order of the message. Ends at the first malformed one, and says so.
class DnsRecordReader {
 public:
  constexpr DnsRecordReader(Bytes message, std::size_t offset)
      : message_(message),
        at_(offset),
        left_{DnsLayout::AnswerCount::get(message), DnsLayout::AuthorityCount::get(message),
              DnsLayout::AdditionalCount::get(message)} {}

  [[nodiscard]] constexpr std::optional<DnsRecordView> next() {
    while (section_ < left_.size() && left_[section_] == 0) ++section_;
    if (section_ == left_.size() || is_malformed_) return std::nullopt;
    is_malformed_ = true;  // until the record has proved otherwise
    const auto name = DnsNameView::parse(message_, at_);
    if (!name) return std::nullopt;
    const std::size_t fixed = at_ + name->size_in_message();
    if (message_.size() - fixed < DnsRecordLayout::kSize) return std::nullopt;
    const Bytes record = message_.subspan(fixed);
    const std::size_t length = DnsRecordLayout::DataLength::get(record);
    const std::size_t data = fixed + DnsRecordLayout::kSize;
    if (length > message_.size() - data) return std::nullopt;
    is_malformed_ = false;
    at_ = data + length;
    --left_[section_];
    return DnsRecordView{.section = static_cast<DnsSection>(section_),
                         .name = *name,
                         .type = static_cast<DnsType>(DnsRecordLayout::Type::get(record)),
                         .klass = static_cast<DnsClass>(DnsRecordLayout::Class::get(record)),
                         .time_to_live_s = DnsRecordLayout::TimeToLive::get(record),
                         .message = message_,
                         .data_offset = data,
                         .data_length = length};
  }
  [[nodiscard]] constexpr bool is_malformed() const { return is_malformed_; }

 private:
  Bytes message_;
  std::size_t at_;
  std::array<std::uint16_t, 3> left_;
  std::size_t section_ = 0;
  bool is_malformed_ = false;
};

class DnsView {
 public:
  // Header and questions are proved; records are read lazily, since those of a truncated message
  // may end anywhere.
  [[nodiscard]] static constexpr Parsed<DnsView> parse(Bytes message) {
    if (message.size() < DnsLayout::kSize) return std::unexpected(ParseError::kTooShort);
    std::size_t at = DnsLayout::kSize;
    for (std::size_t left = DnsLayout::QuestionCount::get(message); left > 0; --left) {
      const auto name = DnsNameView::parse(message, at);
      if (!name) return std::unexpected(name.error());
      at += name->size_in_message();
      if (message.size() - at < DnsQuestionLayout::kSize) {
        return std::unexpected(ParseError::kTooShort);
      }
      at += DnsQuestionLayout::kSize;
    }
    return DnsView(message, at);
  }

  [[nodiscard]] constexpr std::uint16_t id() const { return DnsLayout::Id::get(bytes_); }
  [[nodiscard]] constexpr DnsHeader header() const {
    return {
        .id = id(),
        .is_response = DnsLayout::IsResponse::get(bytes_) != 0,
        .opcode = static_cast<DnsOpcode>(DnsLayout::Opcode::get(bytes_)),
        .is_authoritative = DnsLayout::IsAuthoritative::get(bytes_) != 0,
        .is_truncated = DnsLayout::IsTruncated::get(bytes_) != 0,
        .recursion_desired = DnsLayout::RecursionDesired::get(bytes_) != 0,
        .recursion_available = DnsLayout::RecursionAvailable::get(bytes_) != 0,
        .authentic_data = DnsLayout::AuthenticData::get(bytes_) != 0,
        .checking_disabled = DnsLayout::CheckingDisabled::get(bytes_) != 0,
        .response_code = static_cast<std::uint8_t>(DnsLayout::ResponseCode::get(bytes_)),
        .question_count = DnsLayout::QuestionCount::get(bytes_),
        .answer_count = DnsLayout::AnswerCount::get(bytes_),
        .authority_count = DnsLayout::AuthorityCount::get(bytes_),
        .additional_count = DnsLayout::AdditionalCount::get(bytes_),
    };
  }
  // The first question, which in practice is the only one (RFC 9619).
  [[nodiscard]] constexpr std::optional<DnsQuestionView> question() const {
    if (DnsLayout::QuestionCount::get(bytes_) == 0) return std::nullopt;
    const auto name = *DnsNameView::parse(bytes_, DnsLayout::kSize);
    const Bytes fixed = bytes_.subspan(DnsLayout::kSize + name.size_in_message());
    return DnsQuestionView{name, static_cast<DnsType>(DnsQuestionLayout::Type::get(fixed)),
                           static_cast<DnsClass>(DnsQuestionLayout::Class::get(fixed))};
  }
  [[nodiscard]] constexpr DnsRecordReader records() const {
    return DnsRecordReader(bytes_, records_offset_);
  }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }

 private:
  constexpr DnsView(Bytes bytes, std::size_t records_offset)
      : bytes_(bytes), records_offset_(records_offset) {}
  Bytes bytes_;
  std::size_t records_offset_;
};

struct DnsRecord {
  DnsSection section = DnsSection::kAnswer;
  DnsName name{};
  DnsType type = DnsType::kA;
  DnsClass klass = DnsClass::kInternet;
  std::uint32_t time_to_live_s = 0;
};

// Puts a message together, names written out. What does not fit is refused and leaves the message
// as it was. Sections come in their order; the counts are kept here.
class DnsWriter {
 public:
  // `out` holds a header at least.
  constexpr DnsWriter(DnsHeader header, MutableBytes out) : out_(out), header_(header) {
    header_.question_count = header_.answer_count = 0;
    header_.authority_count = header_.additional_count = 0;
    write(header_, out_.first<DnsLayout::kSize>());
  }

  constexpr bool add(const DnsQuestion& question) {
    const std::size_t name = question.name.size();
    if (out_.size() - size_ < name + DnsQuestionLayout::kSize) return false;
    copy_bytes(question.name.bytes(), out_.subspan(size_, name));
    const MutableBytes fixed = out_.subspan(size_ + name);
    DnsQuestionLayout::Type::set(fixed, static_cast<std::uint16_t>(question.type));
    DnsQuestionLayout::Class::set(fixed, static_cast<std::uint16_t>(question.klass));
    size_ += name + DnsQuestionLayout::kSize;
    ++header_.question_count;
    write(header_, out_.first<DnsLayout::kSize>());
    return true;
  }
  constexpr bool add(const DnsRecord& record, Bytes data) {
    const std::size_t name = record.name.size();
    if (data.size() > 0xffff) return false;
    if (out_.size() - size_ < name + DnsRecordLayout::kSize + data.size()) return false;
    copy_bytes(record.name.bytes(), out_.subspan(size_, name));
    const MutableBytes fixed = out_.subspan(size_ + name);
    DnsRecordLayout::Type::set(fixed, static_cast<std::uint16_t>(record.type));
    DnsRecordLayout::Class::set(fixed, static_cast<std::uint16_t>(record.klass));
    DnsRecordLayout::TimeToLive::set(fixed, record.time_to_live_s);
    DnsRecordLayout::DataLength::set(fixed, static_cast<std::uint16_t>(data.size()));
    copy_bytes(data, fixed.subspan(DnsRecordLayout::kSize, data.size()));
    size_ += name + DnsRecordLayout::kSize + data.size();
    ++count_of(record.section);
    write(header_, out_.first<DnsLayout::kSize>());
    return true;
  }
  [[nodiscard]] constexpr Bytes bytes() const { return Bytes(out_).first(size_); }

 private:
  [[nodiscard]] constexpr std::uint16_t& count_of(DnsSection section) {
    switch (section) {
      case DnsSection::kAnswer: return header_.answer_count;
      case DnsSection::kAuthority: return header_.authority_count;
      default: return header_.additional_count;
    }
  }

  MutableBytes out_;
  std::size_t size_ = DnsLayout::kSize;
  DnsHeader header_;
};

}  // namespace strata::wire
