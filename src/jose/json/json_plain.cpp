#include "jose/json/json_plain.hpp"

#include <array>
#include <cstring>

namespace jwt_auth::jose {
namespace {

constexpr int kMaxDepth = 8;
constexpr std::uint32_t kMaxMembers = 16;
constexpr std::ptrdiff_t kMaxDigits = 18;
constexpr std::size_t kMaxSize = 1U << 20;

// What may stand in a string as it is.
constexpr std::array<bool, 256> kInString = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < 0x80; ++c) table[c] = c != '"' && c != '\\';
  return table;
}();

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<JsonDocument> PlainJson::Read(std::string_view text) {
  if (text.size() > kMaxSize) return std::nullopt;
  PlainJson reader(text);
  if (!reader.ReadValue(0)) return std::nullopt;
  reader.SkipBlanks();
  if (reader.at_ != reader.end_) return std::nullopt;
  return std::move(reader.document_);
}

// The document keeps the text as a whole, and the nodes point into it.
PlainJson::PlainJson(std::string_view text) {
  Append(document_.text_, text);
  document_.nodes_.reserve(text.size() / 10 + 8);
  begin_ = AsText(document_.text_).data();
  at_ = begin_;
  end_ = begin_ + text.size();
}

bool PlainJson::ReadValue(int depth) {
  SkipBlanks();
  if (at_ == end_) return false;
  switch (*at_) {
    case '"':
      return ReadString();
    case '{':
      return ReadObject(depth);
    case '[':
      return ReadArray(depth);
    case 't':
      return ReadLiteral("true", JsonType::kTrue);
    case 'f':
      return ReadLiteral("false", JsonType::kFalse);
    case 'n':
      return ReadLiteral("null", JsonType::kNull);
    default:
      return ReadInteger();
  }
}

bool PlainJson::ReadObject(int depth) {
  if (depth == kMaxDepth) return false;
  ++at_;
  const std::uint32_t object = Add(JsonType::kObject, begin_, begin_);
  std::uint32_t members = 0;
  if (!Skip('}')) {
    do {
      if (++members > kMaxMembers) return false;
      SkipBlanks();
      if (!ReadString() || !Skip(':') || !ReadValue(depth + 1)) return false;
    } while (Skip(','));
    if (!Skip('}')) return false;
  }
  Close(object, members);
  return !HasDuplicates(object);
}

bool PlainJson::ReadArray(int depth) {
  if (depth == kMaxDepth) return false;
  ++at_;
  const std::uint32_t array = Add(JsonType::kArray, begin_, begin_);
  std::uint32_t elements = 0;
  if (!Skip(']')) {
    do {
      ++elements;
      if (!ReadValue(depth + 1)) return false;
    } while (Skip(','));
    if (!Skip(']')) return false;
  }
  Close(array, elements);
  return true;
}

bool PlainJson::ReadString() {
  if (at_ == end_ || *at_ != '"') return false;
  const char *from = ++at_;
  while (at_ != end_ && kInString[static_cast<unsigned char>(*at_)]) ++at_;
  if (at_ == end_ || *at_ != '"') return false;
  Add(JsonType::kString, from, at_);
  ++at_;
  return true;
}

bool PlainJson::ReadInteger() {
  const char *from = at_;
  const bool negative = *at_ == '-';
  if (negative) ++at_;
  const char *digits = at_;
  while (at_ != end_ && IsDigit(*at_)) ++at_;
  if (at_ == digits || at_ - digits > kMaxDigits) return false;
  if (*digits == '0' && (negative || at_ - digits > 1)) return false;
  // A fraction or an exponent ends the plain way: nothing that follows an integer begins like one.
  Add(JsonType::kNumber, from, at_);
  return true;
}

bool PlainJson::ReadLiteral(std::string_view literal, JsonType type) {
  if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, literal.size()) != literal) return false;
  at_ += literal.size();
  Add(type, begin_, begin_);
  return true;
}

void PlainJson::SkipBlanks() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

bool PlainJson::Skip(char c) {
  SkipBlanks();
  if (at_ == end_ || *at_ != c) return false;
  ++at_;
  return true;
}

std::uint32_t PlainJson::Add(JsonType type, const char *from, const char *to) {
  const std::uint32_t index = Count();
  document_.nodes_.push_back(
      {type, static_cast<std::uint32_t>(from - begin_), static_cast<std::uint32_t>(to - from), index + 1});
  return index;
}

void PlainJson::Close(std::uint32_t node, std::uint32_t size) {
  document_.nodes_[node].size = size;
  document_.nodes_[node].next = Count();
}

bool PlainJson::HasDuplicates(std::uint32_t object) const {
  const auto &nodes = document_.nodes_;
  const auto after_value = [&nodes](std::uint32_t name) { return nodes[name + 1].next; };
  for (std::uint32_t a = object + 1; a != nodes[object].next; a = after_value(a)) {
    for (std::uint32_t b = object + 1; b != a; b = after_value(b)) {
      if (nodes[a].size == nodes[b].size &&
          std::memcmp(begin_ + nodes[a].offset, begin_ + nodes[b].offset, nodes[a].size) == 0) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace jwt_auth::jose
