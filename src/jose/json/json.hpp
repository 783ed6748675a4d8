// JSON, strict and exact, as flat plain data that can cross into Postgres without being parsed again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "jose/crypto/secret.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

enum class JsonType : std::uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

// One value, in document order. An object's children alternate: a kString node for the name, then the value's subtree.
// Plain data: the Postgres shell copies nodes and text out as they are and builds jsonb from them.
struct JsonNode {
  JsonType type;
  std::uint32_t offset;  // into the text: a string's contents (unescaped UTF-8) or a number's literal; else 0
  std::uint32_t size;    // bytes of that text; for arrays the number of elements, for objects the number of members
  std::uint32_t next;    // index of the first node behind this value's subtree
};

struct JsonMember;
template <class Item>
class JsonRange;

// A place in a document, or in a copy of its nodes and text; valid while those live. Plain data, and nothing of it fails, so
// both phases of the Postgres shell may use it.
class JsonValue {
 public:
  JsonValue(const JsonNode *nodes, const char *text, std::uint32_t index = 0) noexcept
      : nodes_(nodes), text_(text), index_(index) {}

  JsonType type() const noexcept { return node().type; }
  bool is(JsonType type) const noexcept { return node().type == type; }
  // The contents of a string, or the literal of a number exactly as it was written (integers that fit 64 bits: normalised).
  // Empty for any other value.
  std::string_view text() const noexcept {
    const bool has_text = is(JsonType::kString) || is(JsonType::kNumber);
    return has_text ? std::string_view(text_ + node().offset, node().size) : std::string_view();
  }
  // Of an array the number of elements, of an object that of members.
  std::uint32_t size() const noexcept { return node().size; }

  // The member of that name; none if this is no object or has no such member.
  std::optional<JsonValue> Find(std::string_view name) const noexcept;
  // The text of the member of that name; none if there is no such member, or if it is no string.
  std::optional<std::string_view> FindText(std::string_view name) const noexcept;

  // In document order: `for (const auto &[name, value] : object.members())`. Nothing for what is no object.
  JsonRange<JsonMember> members() const noexcept;
  // In document order: `for (const JsonValue element : array.elements())`. Nothing for what is no array.
  JsonRange<JsonValue> elements() const noexcept;

 private:
  template <class Item>
  friend class JsonRange;
  const JsonNode &node() const noexcept { return nodes_[index_]; }
  const JsonNode *nodes_;
  const char *text_;
  std::uint32_t index_;
};

struct JsonMember {
  std::string_view name;
  JsonValue value;
};

// The members of an object or the elements of an array, for a range-based `for`.
template <class Item>
class JsonRange {
 public:
  class Iterator {
   public:
    explicit Iterator(const JsonValue &at) noexcept : at_(at) {}
    Item operator*() const noexcept {
      if constexpr (std::is_same_v<Item, JsonMember>)
        return {{at_.text_ + at_.node().offset, at_.node().size}, value()};
      else
        return at_;
    }
    Iterator &operator++() noexcept {
      at_.index_ = value().node().next;
      return *this;
    }
    bool operator!=(const Iterator &other) const noexcept { return at_.index_ != other.at_.index_; }

   private:
    // In front of each member's value stands its name.
    JsonValue value() const noexcept {
      return {at_.nodes_, at_.text_, at_.index_ + (std::is_same_v<Item, JsonMember> ? 1 : 0)};
    }
    JsonValue at_;
  };

  Iterator begin() const noexcept { return Iterator(JsonValue(of_.nodes_, of_.text_, of_.index_ + 1)); }
  Iterator end() const noexcept {
    return Iterator(JsonValue(of_.nodes_, of_.text_, is_empty_ ? of_.index_ + 1 : of_.node().next));
  }

 private:
  friend class JsonValue;
  JsonRange(const JsonValue &of, bool is_empty) noexcept : of_(of), is_empty_(is_empty) {}
  JsonValue of_;
  bool is_empty_;
};

inline JsonRange<JsonMember> JsonValue::members() const noexcept { return {*this, !is(JsonType::kObject)}; }
inline JsonRange<JsonValue> JsonValue::elements() const noexcept { return {*this, !is(JsonType::kArray)}; }

// Whether it is an array that holds nothing but strings.
bool IsArrayOfStrings(const JsonValue &value) noexcept;

// A parsed text. Its memory is cleansed when freed, so private JWKs may pass through it. Values in it outlive its being moved.
class JsonDocument {
 public:
  JsonValue root() const noexcept { return {nodes_.data(), AsText(text_).data()}; }
  const std::vector<JsonNode> &nodes() const { return nodes_; }
  std::string_view text() const { return AsText(text_); }

 private:
  friend class JsonHandler;
  friend class PlainJson;
  std::vector<JsonNode> nodes_;
  SecretBytes text_;
};

constexpr std::uint32_t kMaxJsonDepth = 100;

// Parses one JSON text (RFC 8259) and nothing beside it but white space. Refused as kMalformed: invalid UTF-8, a byte order
// mark, a member name twice in one object (at any level), \u0000, a lone surrogate, a number that PostgreSQL's numeric can't
// hold (more than 131072 digits before the point or 16383 behind it). Refused as kTooLarge: nesting deeper than kMaxJsonDepth.
// Numbers keep every digit. Time is O(n log n) in the size of the text whatever it holds.
Result<JsonDocument> ParseJson(std::string_view text);

// The same, and it must be an object.
Result<JsonDocument> ParseJsonObject(std::string_view text);

// Objects and arrays are written by the JsonWriter (json_writer.hpp), which is made of these.
// Appends `contents` as a JSON string with its quotes.
void AppendJsonString(std::string_view contents, std::string &out);
void AppendJsonString(std::string_view contents, SecretBytes &out);
// Appends a value in compact form, numbers as they were written.
void AppendJson(const JsonValue &value, std::string &out);
void AppendJson(const JsonValue &value, SecretBytes &out);

}  // namespace jwt_auth::jose
