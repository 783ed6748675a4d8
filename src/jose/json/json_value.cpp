// Reading and writing parsed JSON.
#include <array>

#include "jose/json/json.hpp"

namespace jwt_auth::jose {
namespace {

void AppendTo(std::string &out, std::string_view text) { out.append(text); }
void AppendTo(SecretBytes &out, std::string_view text) { Append(out, text); }

template <class Bytes>
void AppendQuoted(std::string_view contents, Bytes &out) {
  constexpr char kHex[] = "0123456789abcdef";
  AppendTo(out, "\"");
  std::size_t start = 0;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    const auto c = static_cast<unsigned char>(contents[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    AppendTo(out, contents.substr(start, i - start));
    start = i + 1;
    switch (c) {
      case '"':
        AppendTo(out, "\\\"");
        break;
      case '\\':
        AppendTo(out, "\\\\");
        break;
      case '\b':
        AppendTo(out, "\\b");
        break;
      case '\f':
        AppendTo(out, "\\f");
        break;
      case '\n':
        AppendTo(out, "\\n");
        break;
      case '\r':
        AppendTo(out, "\\r");
        break;
      case '\t':
        AppendTo(out, "\\t");
        break;
      default: {
        const std::array<char, 6> escape{'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
        AppendTo(out, {escape.data(), escape.size()});
      }
    }
  }
  AppendTo(out, contents.substr(start));
  AppendTo(out, "\"");
}

// Recursion is bounded: no document is deeper than kMaxJsonDepth.
template <class Bytes>
void AppendValue(const JsonValue &value, Bytes &out) {
  switch (value.type()) {
    case JsonType::kNull:
      return AppendTo(out, "null");
    case JsonType::kFalse:
      return AppendTo(out, "false");
    case JsonType::kTrue:
      return AppendTo(out, "true");
    case JsonType::kNumber:
      return AppendTo(out, value.text());
    case JsonType::kString:
      return AppendQuoted(value.text(), out);
    case JsonType::kArray:
      AppendTo(out, "[");
      for (std::uint32_t i = value.begin(); i != value.end(); i = value.after(i)) {
        if (i != value.begin()) AppendTo(out, ",");
        AppendValue(value.at(i), out);
      }
      return AppendTo(out, "]");
    case JsonType::kObject:
      AppendTo(out, "{");
      for (std::uint32_t name = value.begin(); name != value.end();) {
        if (name != value.begin()) AppendTo(out, ",");
        const std::uint32_t member = value.after(name);
        AppendQuoted(value.at(name).text(), out);
        AppendTo(out, ":");
        AppendValue(value.at(member), out);
        name = value.after(member);
      }
      return AppendTo(out, "}");
  }
}

}  // namespace

std::optional<JsonValue> JsonValue::Find(std::string_view name) const {
  if (!is(JsonType::kObject)) return std::nullopt;
  for (std::uint32_t i = begin(); i != end();) {
    const std::uint32_t member = after(i);
    if (at(i).text() == name) return at(member);
    i = after(member);
  }
  return std::nullopt;
}

void AppendJsonString(std::string_view contents, std::string &out) { AppendQuoted(contents, out); }
void AppendJsonString(std::string_view contents, SecretBytes &out) { AppendQuoted(contents, out); }
void AppendJson(const JsonValue &value, std::string &out) { AppendValue(value, out); }
void AppendJson(const JsonValue &value, SecretBytes &out) { AppendValue(value, out); }

}  // namespace jwt_auth::jose
