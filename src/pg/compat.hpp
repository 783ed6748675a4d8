// Differences between PostgreSQL majors, all of them.
#pragma once

extern "C" {
#include <utils/jsonb.h>
}

namespace jwt_auth::pg {

// 19 took the parse state and the result of building a jsonb together.
#if PG_VERSION_NUM >= 190000
struct JsonbBuilder {
  JsonbInState state;
};
inline void push_jsonb(JsonbBuilder &builder, JsonbIteratorToken token, JsonbValue *value) {
  pushJsonbValue(&builder.state, token, value);
}
inline JsonbValue *built_jsonb(JsonbBuilder &builder) { return builder.state.result; }
#else
struct JsonbBuilder {
  JsonbParseState *state;
  JsonbValue *result;
};
inline void push_jsonb(JsonbBuilder &builder, JsonbIteratorToken token, JsonbValue *value) {
  builder.result = pushJsonbValue(&builder.state, token, value);
}
inline JsonbValue *built_jsonb(JsonbBuilder &builder) { return builder.result; }
#endif

}  // namespace jwt_auth::pg
