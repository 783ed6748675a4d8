// JSON: the short way and the full parser agree, what is accepted is well-formed, and it survives being written and read.
#include <set>

#include "fuzz.hpp"
#include "jose/json/json_plain.hpp"

using namespace jwt_auth;
using fuzz::Require;
using jose::JsonType;
using jose::JsonValue;

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// RFC 8259 section 6.
bool IsNumber(std::string_view text) {
  std::size_t i = 0;
  const auto at = [&](char c) { return i < text.size() && text[i] == c; };
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < text.size() && IsDigit(text[i])) ++i;
    return i - from;
  };
  if (at('-')) ++i;
  const bool zero = at('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (at('.')) {
    ++i;
    if (digits() == 0) return false;
  }
  if (at('e') || at('E')) {
    ++i;
    if (at('-') || at('+')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

// RFC 3629, without surrogates and NUL.
bool IsText(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t size = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first == 0 || (first >= 0x80 && first < 0xC2) || first > 0xF4 || i + size > text.size()) return false;
    std::uint32_t point = size == 1 ? first : first & (0x7FU >> size);
    for (std::size_t j = 1; j < size; ++j) {
      const auto c = static_cast<unsigned char>(text[i + j]);
      if ((c & 0xC0) != 0x80) return false;
      point = point << 6 | (c & 0x3FU);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[size] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return false;
    i += size;
  }
  return true;
}

void CheckValue(const JsonValue &value, std::uint32_t depth) {
  const std::uint32_t inside = depth + 1;
  if (value.is(JsonType::kString)) Require(IsText(value.text()), "strings are UTF-8 without NUL");
  if (value.is(JsonType::kNumber)) Require(IsNumber(value.text()), "numbers are numbers of JSON");
  if (!value.is(JsonType::kArray) && !value.is(JsonType::kObject)) return;
  Require(inside <= jose::kMaxJsonDepth, "depth is bounded");
  std::uint32_t size = 0;
  std::set<std::string_view> names;
  for (std::uint32_t i = value.begin(); i != value.end(); ++size) {
    Require(i < value.end(), "children lie inside their parent");
    if (value.is(JsonType::kObject)) {
      Require(value.at(i).is(JsonType::kString) && IsText(value.at(i).text()), "member names are strings");
      Require(names.insert(value.at(i).text()).second, "no name stands twice in an object");
      i = value.after(i);
    }
    CheckValue(value.at(i), inside);
    i = value.after(i);
  }
  Require(size == value.size(), "containers know their size");
}

bool Same(const JsonValue &a, const JsonValue &b) {
  if (a.type() != b.type() || a.size() != b.size() || a.end() - a.begin() != b.end() - b.begin()) return false;
  if (!a.is(JsonType::kArray) && !a.is(JsonType::kObject)) return a.text() == b.text();
  std::uint32_t j = b.begin();
  for (std::uint32_t i = a.begin(); i != a.end(); i = a.after(i), j = b.after(j)) {
    if (!Same(a.at(i), b.at(j))) return false;
  }
  return true;
}

}  // namespace

FUZZ_TARGET(input) {
  const std::string_view text = input.Rest();
  const auto document = jose::ParseJson(text);
  const auto plain = jose::PlainJson::Read(text);
  // An escape in front keeps a text from the short way.
  const auto full = jose::ParseJson(R"(["\u0041",)" + std::string(text) + "]");
  if (plain) {
    Require(document && full && full->root().size() == 2, "the short way reads only what the full parser reads");
    Require(Same(plain->root(), full->root().at(full->root().after(full->root().begin()))), "both read alike");
  }
  const auto object = jose::ParseJsonObject(text);
  Require(static_cast<bool>(object) == (document && document->root().is(JsonType::kObject)), "only an object is an object");
  if (!document) {
    Require(fuzz::IsOneOf(document, {ErrorCode::kMalformed, ErrorCode::kTooLarge}), "refusals are those documented");
    return;
  }
  CheckValue(document->root(), 0);
  std::string written;
  jose::AppendJson(document->root(), written);
  const auto again = jose::ParseJson(written);
  Require(again && Same(document->root(), again->root()), "what is written is read again");
  std::string rewritten;
  jose::AppendJson(again->root(), rewritten);
  Require(written == rewritten, "the written form is canonical");
}
