// Writing JSON in a Postgres phase. C++ phases have jose/json/json_writer.hpp, whose texts a longjmp would lose.
#pragma once

#include "pg/support/arguments.hpp"
#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// Builds a JSON object member by member, in the current memory context. Names are literals that need no escape.
class JsonBuilder {
 public:
  JsonBuilder();
  void add_text(const char *name, std::string_view value);
  void add_optional(const char *name, const OptionalText &value);
  void add_texts(const char *name, const TextArray &values);
  void add_number(const char *name, std::int64_t value);
  void add_bool(const char *name, bool value);
  // JSON text as it is.
  void add_json(const char *name, const char *value);
  // The finished text; null for an object without members.
  const char *finish();

 private:
  void add_name(const char *name);
  void append_string(std::string_view value);
  StringInfoData text_;
};

}  // namespace jwt_auth::pg
