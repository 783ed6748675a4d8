// Writing JSON: the one place that knows where quotes, colons and commas belong.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "jose/crypto/secret.hpp"
#include "jose/json/base64url.hpp"
#include "jose/json/json.hpp"

namespace jwt_auth::jose {

// Writes objects and arrays in compact form at the end of a text: a std::string, or SecretBytes for what holds a secret.
//
//   JsonWriter writer(text);
//   writer.BeginObject();
//   writer.Add("kty", "oct");
//   writer.AddBytes("k", secret);
//   writer.EndObject();
//
// It has no state but the text, and allocates nothing else. So one function may write some members and another one the rest, or
// members without braces into an empty text. A comma is written unless the text is empty or ends in `{`, `[` or `:`; no value
// ends like that. The text must hold nothing but JSON.
template <class Text>
class JsonWriter {
 public:
  explicit JsonWriter(Text &text) : text_(text) {}

  void BeginObject() {
    Separate();
    text_.push_back('{');
  }
  void EndObject() { text_.push_back('}'); }
  void BeginArray() {
    Separate();
    text_.push_back('[');
  }
  void EndArray() { text_.push_back(']'); }

  // The name of the member whose value is written next. A literal of our own sources is written as it is and must need no
  // escape; every other name is escaped.
  template <std::size_t size>
  void Name(const char (&name)[size]) {
    std::array<char, size + 3> member{',', '"'};  // behind the name, in the place of its NUL: the quote and the colon
    std::memcpy(member.data() + 2, name, size - 1);
    member[size + 1] = '"';
    member[size + 2] = ':';
    const std::size_t from = NeedsComma() ? 0 : 1;
    Put({member.data() + from, member.size() - from});
  }
  void Name(std::string_view name) {
    Separate();
    AppendJsonString(name, text_);
    text_.push_back(':');
  }

  // A value: an element of an array, or behind Name() that of a member.
  void Value(std::string_view contents) {
    Separate();
    AppendJsonString(contents, text_);
  }
  void Value(std::int64_t number) {
    Separate();
    PutNumber(number);
  }
  void Value(const JsonValue &value) {
    Separate();
    AppendJson(value, text_);
  }
  // A string: the base64url of `bytes`.
  void Bytes(std::string_view bytes) {
    Separate();
    PutBytes(bytes);
  }

  // A member. `name` as for Name().
  template <class MemberName>
  void Add(const MemberName &name, std::string_view contents) {
    Name(name);
    AppendJsonString(contents, text_);
  }
  template <class MemberName>
  void Add(const MemberName &name, std::int64_t number) {
    Name(name);
    PutNumber(number);
  }
  template <class MemberName>
  void Add(const MemberName &name, const JsonValue &value) {
    Name(name);
    AppendJson(value, text_);
  }
  template <class MemberName>
  void AddBytes(const MemberName &name, std::string_view bytes) {
    Name(name);
    PutBytes(bytes);
  }

  // JSON text as it is: values with commas between them, or members without the braces around them. Nothing if it is empty.
  void AddJson(std::string_view json) {
    if (json.empty()) return;
    Separate();
    Put(json);
  }

 private:
  bool NeedsComma() const {
    if (text_.empty()) return false;
    const auto last = static_cast<char>(text_.back());
    return last != '{' && last != '[' && last != ':';
  }
  void Separate() {
    if (NeedsComma()) text_.push_back(',');
  }
  void Put(std::string_view text) {
    if constexpr (std::is_same_v<Text, std::string>)
      text_.append(text);
    else
      Append(text_, text);
  }
  void PutNumber(std::int64_t number) {
    std::array<char, 20> digits;  // those of the smallest number, with its sign
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    Put({digits.data(), static_cast<std::size_t>(written.ptr - digits.data())});
  }
  void PutBytes(std::string_view bytes) {
    text_.push_back('"');
    AppendBase64Url(bytes, text_);
    text_.push_back('"');
  }

  Text &text_;
};

}  // namespace jwt_auth::jose
