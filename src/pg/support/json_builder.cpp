#include "pg/support/json_builder.hpp"

namespace jwt_auth::pg {

JsonBuilder::JsonBuilder() { initStringInfo(&text_); }

void JsonBuilder::add_name(const char *name) { appendStringInfo(&text_, "%s\"%s\": ", text_.len == 0 ? "{" : ", ", name); }

void JsonBuilder::append_string(std::string_view value) { escape_json(&text_, pnstrdup(value.data(), value.size())); }

void JsonBuilder::add_text(const char *name, std::string_view value) {
  add_name(name);
  append_string(value);
}

void JsonBuilder::add_optional(const char *name, const OptionalText &value) {
  if (value.present) add_text(name, value.text);
}

void JsonBuilder::add_texts(const char *name, const TextArray &values) {
  add_name(name);
  for (int i = 0; i < values.count; i++) {
    appendStringInfoString(&text_, i == 0 ? "[" : ", ");
    append_string(values.elements[i]);
  }
  appendStringInfoString(&text_, values.count == 0 ? "[]" : "]");
}

void JsonBuilder::add_number(const char *name, std::int64_t value) {
  add_name(name);
  appendStringInfo(&text_, INT64_FORMAT, value);
}

void JsonBuilder::add_bool(const char *name, bool value) {
  add_name(name);
  appendStringInfoString(&text_, value ? "true" : "false");
}

void JsonBuilder::add_json(const char *name, const char *value) {
  add_name(name);
  appendStringInfoString(&text_, value);
}

const char *JsonBuilder::finish() {
  if (text_.len == 0) return nullptr;
  appendStringInfoChar(&text_, '}');
  return text_.data;
}

}  // namespace jwt_auth::pg
