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

// The nodes as the Postgres shell copies them.
void CheckNode(const jose::JsonDocument &document, std::uint32_t index, std::uint32_t depth) {
  const std::uint32_t inside = depth + 1;
  const jose::JsonNode &node = document.nodes()[index];
  const std::string_view text = JsonValue(document.nodes().data(), document.text().data(), index).text();
  if (node.type == JsonType::kString) Require(IsText(text), "strings are UTF-8 without NUL");
  if (node.type == JsonType::kNumber) Require(IsNumber(text), "numbers are numbers of JSON");
  if (node.type != JsonType::kArray && node.type != JsonType::kObject) return;
  Require(inside <= jose::kMaxJsonDepth, "depth is bounded");
  std::uint32_t size = 0;
  for (std::uint32_t i = index + 1; i != node.next; ++size) {
    Require(i < node.next, "children lie inside their parent");
    if (node.type == JsonType::kObject) {
      Require(document.nodes()[i].type == JsonType::kString, "member names are strings");
      CheckNode(document, i, inside);
      i = document.nodes()[i].next;
    }
    CheckNode(document, i, inside);
    i = document.nodes()[i].next;
  }
  Require(size == node.size, "containers know their size");
}

void CheckValue(const JsonValue &value) {
  std::set<std::string_view> names;
  std::uint32_t size = 0;
  for (const auto &[name, member] : value.members()) {
    Require(names.insert(name).second, "no name stands twice in an object");
    const auto found = value.Find(name);
    Require(found && found->type() == member.type() && found->text() == member.text(), "a member is found by its name");
    CheckValue(member);
    ++size;
  }
  for (const JsonValue element : value.elements()) {
    CheckValue(element);
    ++size;
  }
  const bool is_container = value.is(JsonType::kArray) || value.is(JsonType::kObject);
  Require(size == (is_container ? value.size() : 0), "all members and elements are walked over");
}

bool Same(const JsonValue &a, const JsonValue &b) {
  if (a.type() != b.type() || a.size() != b.size() || a.text() != b.text()) return false;
  auto member = b.members().begin();
  for (const auto &[name, value] : a.members()) {
    if ((*member).name != name || !Same((*member).value, value)) return false;
    ++member;
  }
  auto element = b.elements().begin();
  for (const JsonValue value : a.elements()) {
    if (!Same(*element, value)) return false;
    ++element;
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
    auto in_full = full->root().elements().begin();
    Require(Same(plain->root(), *++in_full), "both read alike");
  }
  const auto object = jose::ParseJsonObject(text);
  Require(static_cast<bool>(object) == (document && document->root().is(JsonType::kObject)), "only an object is an object");
  if (!document) {
    Require(fuzz::IsOneOf(document, {ErrorCode::kMalformed, ErrorCode::kTooLarge}), "refusals are those documented");
    return;
  }
  CheckNode(*document, 0, 0);
  CheckValue(document->root());
  std::string written;
  jose::AppendJson(document->root(), written);
  const auto again = jose::ParseJson(written);
  Require(again && Same(document->root(), again->root()), "what is written is read again");
  std::string rewritten;
  jose::AppendJson(again->root(), rewritten);
  Require(written == rewritten, "the written form is canonical");
}
