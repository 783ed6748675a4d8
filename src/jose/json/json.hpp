// JSON, strict and exact, as flat plain data that can cross into Postgres without being parsed again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

class JsonValue;

// A parsed text. Its memory is cleansed when freed, so private JWKs may pass through it.
class JsonDocument {
 public:
  JsonValue root() const;
  const std::vector<JsonNode> &nodes() const { return nodes_; }
  std::string_view text() const { return AsText(text_); }

 private:
  friend class JsonHandler;
  friend class PlainJson;
  std::vector<JsonNode> nodes_;
  SecretBytes text_;
};

// A place in a document; valid while the document lives.
class JsonValue {
 public:
  JsonValue(const JsonDocument *document, std::uint32_t index) : document_(document), index_(index) {}

  JsonType type() const { return node().type; }
  bool is(JsonType type) const { return node().type == type; }
  // The contents of a string, or the literal of a number exactly as it was written (integers that fit 64 bits: normalised).
  std::string_view text() const { return document_->text().substr(node().offset, node().size); }
  std::uint32_t size() const { return node().size; }

  // The member of that name; none if this is no object or has no such member.
  std::optional<JsonValue> Find(std::string_view name) const;

  // for (std::uint32_t i = v.begin(); i != v.end(); i = v.after(i)) walks the children of a container: names and values in
  // turn.
  std::uint32_t begin() const { return index_ + 1; }
  std::uint32_t end() const { return node().next; }
  std::uint32_t after(std::uint32_t child) const { return document_->nodes()[child].next; }
  JsonValue at(std::uint32_t child) const { return {document_, child}; }

 private:
  const JsonNode &node() const { return document_->nodes()[index_]; }
  const JsonDocument *document_;
  std::uint32_t index_;
};

inline JsonValue JsonDocument::root() const { return {this, 0}; }

constexpr std::uint32_t kMaxJsonDepth = 100;

// Parses one JSON text (RFC 8259) and nothing beside it but white space. Refused as kMalformed: invalid UTF-8, a byte order
// mark, a member name twice in one object (at any level), \u0000, a lone surrogate, a number that PostgreSQL's numeric can't
// hold (more than 131072 digits before the point or 16383 behind it). Refused as kTooLarge: nesting deeper than kMaxJsonDepth.
// Numbers keep every digit. Time is O(n log n) in the size of the text whatever it holds.
Result<JsonDocument> ParseJson(std::string_view text);

// The same, and it must be an object.
Result<JsonDocument> ParseJsonObject(std::string_view text);

// Appends `contents` as a JSON string with its quotes.
void AppendJsonString(std::string_view contents, std::string &out);
void AppendJsonString(std::string_view contents, SecretBytes &out);
// Appends a value in compact form, numbers as they were written.
void AppendJson(const JsonValue &value, std::string &out);
void AppendJson(const JsonValue &value, SecretBytes &out);

}  // namespace jwt_auth::jose
