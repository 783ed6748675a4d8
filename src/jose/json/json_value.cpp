// Reading and writing parsed JSON.
#include <array>

#include "jose/json/json.hpp"
#include "jose/json/json_writer.hpp"

namespace jwt_auth::jose {
namespace {

void AppendTo(std::string &out, std::string_view text) { out.append(text); }
void AppendTo(SecretBytes &out, std::string_view text) { Append(out, text); }

template <class Bytes>
void AppendQuoted(std::string_view contents, Bytes &out) {
  constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
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
  out.push_back('"');
}

// No comma in front, whatever the text holds: that is for the JsonWriter. Recursion is bounded: no document is deeper than
// kMaxJsonDepth.
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
    case JsonType::kArray: {
      AppendTo(out, "[");
      JsonWriter writer(out);
      for (const JsonValue element : value.elements()) writer.Value(element);
      return writer.EndArray();
    }
    case JsonType::kObject: {
      AppendTo(out, "{");
      JsonWriter writer(out);
      for (const auto &[name, member] : value.members()) writer.Add(name, member);
      return writer.EndObject();
    }
  }
}

}  // namespace

std::optional<JsonValue> JsonValue::Find(std::string_view name) const noexcept {
  for (const auto &[known, value] : members()) {
    if (known == name) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> JsonValue::FindText(std::string_view name) const noexcept {
  const auto value = Find(name);
  if (!value || !value->is(JsonType::kString)) return std::nullopt;
  return value->text();
}

bool IsArrayOfStrings(const JsonValue &value) noexcept {
  for (const JsonValue element : value.elements()) {
    if (!element.is(JsonType::kString)) return false;
  }
  return value.is(JsonType::kArray);
}

void AppendJsonString(std::string_view contents, std::string &out) { AppendQuoted(contents, out); }
void AppendJsonString(std::string_view contents, SecretBytes &out) { AppendQuoted(contents, out); }
void AppendJson(const JsonValue &value, std::string &out) { AppendValue(value, out); }
void AppendJson(const JsonValue &value, SecretBytes &out) { AppendValue(value, out); }

}  // namespace jwt_auth::jose
