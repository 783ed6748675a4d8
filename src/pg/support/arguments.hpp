// SQL arguments as the core wants them.
#pragma once

#include <optional>

#include "jose/jwt/claims.hpp"
#include "jose/keys/key_cache.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/time.hpp"

namespace jwt_auth::pg {

// An optional text argument; plain data.
struct OptionalText {
  bool present;
  std::string_view text;
};
inline std::optional<std::string_view> AsOptional(const OptionalText &value) {
  return value.present ? std::optional<std::string_view>(value.text) : std::nullopt;
}

// A text or bytea argument that must be there; 22004 with its name otherwise.
std::string_view required_bytes(FunctionCallInfo fcinfo, int index, const char *name);
OptionalText optional_text(FunctionCallInfo fcinfo, int index);
// The name of something, where NULL stands for a default: 22023 if it is empty.
OptionalText optional_name(FunctionCallInfo fcinfo, int index, const char *name);
// A uuid argument that must be there; 22004 with its name otherwise.
pg_uuid_t required_uuid(FunctionCallInfo fcinfo, int index, const char *name);
Jsonb *required_jsonb(FunctionCallInfo fcinfo, int index, const char *name);
// 22023 unless the jsonb is an object.
void check_object(Jsonb *value, const char *name);
// Compact text of an optional jsonb argument that must be an object (22023).
OptionalText optional_object_text(FunctionCallInfo fcinfo, int index, const char *name);
// For C++ phases: what a `header` argument holds, parsed into `document`; null where there is none.
Result<const jose::JsonDocument *> HeaderOf(const OptionalText &header, jose::JsonDocument &document);
// Whether a token is longer than jwt_auth.max_token_size; 22004 for NULL. Nothing is decompressed to find out.
bool token_is_too_large(FunctionCallInfo fcinfo, int index);
constexpr Error kTokenTooLarge{ErrorCode::kTooLarge, "longer than jwt_auth.max_token_size"};
// A token: required, and JW040 if it is too large.
std::string_view required_token(FunctionCallInfo fcinfo, int index);

// A name that the caller gave, for a message: terminated, of at most 64 bytes, in the current memory context.
const char *shown_name(std::string_view name);
// The same for one of a few names. What has not the form of one, is not shown: it may be a secret that was given in the wrong
// place.
const char *shown_choice(std::string_view name);
// The `algorithms` argument: all where it is NULL; 22023 for an unknown name or an empty list, 22004 for a NULL in it.
jose::AlgorithmSet algorithms_argument(FunctionCallInfo fcinfo, int index);
// The elements of a text[] argument, in the current memory context.
struct TextArray {
  std::string_view *elements;
  int count;
};
TextArray text_array(FunctionCallInfo fcinfo, int index, const char *name);

// A non-negative interval in microseconds (a month counts 30 days); 0 for NULL; 22023 otherwise.
jose::Micros micros_argument(FunctionCallInfo fcinfo, int index, const char *name);

// How an overload takes its key: as text (JWK, JWKS, PEM or secret), as a secret of arbitrary bytes (bytea), or as a JWK or
// JWKS (jsonb).
enum class KeyForm { kText, kSecret, kJsonb };

// A `key` argument. 22004 for NULL; 22023 for a jsonb that is no object.
struct KeyArgument {
  jose::KeyCache::Kind kind;
  std::string_view bytes;
};
KeyArgument key_argument(FunctionCallInfo fcinfo, int index, KeyForm form, const char *name = "key",
                         jose::KeyPurpose purpose = jose::KeyPurpose::kSignature);
// For C++ phases: its parsed keys, from the backend's cache; valid until the next call.
Result<const jose::KeySet *> KeysOf(const KeyArgument &argument);

}  // namespace jwt_auth::pg
