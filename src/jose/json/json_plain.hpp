// The short way through a JSON text that holds nothing difficult, which is what tokens hold. Inside the library only.
#pragma once

#include <optional>
#include <string_view>

#include "jose/json/json.hpp"

namespace jwt_auth::jose {

// Reads a text whose strings are ASCII without escapes, whose numbers are integers of at most 18 digits, whose objects have
// at most 16 members and which is nested at most 8 deep. It only ever answers what the full parser would: whatever it does
// not know to be well-formed, refusals included, is left to that one. Hence it can be read in a minute.
class PlainJson {
 public:
  // None: not plain, ask the full parser.
  static std::optional<JsonDocument> Read(std::string_view text);

 private:
  explicit PlainJson(std::string_view text);
  bool ReadValue(int depth);
  bool ReadObject(int depth);
  bool ReadArray(int depth);
  bool ReadString();
  bool ReadInteger();
  bool ReadLiteral(std::string_view literal, JsonType type);

  bool Skip(char c);  // white space, then c
  void SkipBlanks();
  std::uint32_t Add(JsonType type, const char *from, const char *to);
  std::uint32_t Count() const { return static_cast<std::uint32_t>(document_.nodes_.size()); }
  void Close(std::uint32_t node, std::uint32_t size);
  bool HasDuplicates(std::uint32_t object) const;

  JsonDocument document_;
  const char *begin_;
  const char *at_;
  const char *end_;
};

}  // namespace jwt_auth::jose
