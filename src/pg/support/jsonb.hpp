// jsonb in and out without a second parse: documents from the core become jsonb, claims become compact JSON text.
#pragma once

#include "pg/support/boundary.hpp"

namespace jwt_auth::pg {

// Builds the jsonb. Never fails on what the core's parser accepts.
Datum jsonb_from(const FlatJson &document);

// Compact JSON text of a jsonb (no blanks), in the current memory context.
Bytes json_text_of(Jsonb *value);

// The same for claims to be signed: they must be an object whose registered claims have their types (22023).
Bytes claims_text_of(Jsonb *claims);

// The member of that name at the top level of an object; null if it has none.
JsonbValue *find_member(Jsonb *object, std::string_view name);
inline bool has_member(Jsonb *object, std::string_view name) { return find_member(object, name) != nullptr; }

// Appends a JSON string or a scalar, compactly.
void append_json_scalar(StringInfo out, const JsonbValue *value);

}  // namespace jwt_auth::pg
