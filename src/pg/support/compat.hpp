// Differences between PostgreSQL majors, all of them but those of the executor (compat_executor.hpp), whose headers are large.
#pragma once

#include <cstdlib>

extern "C" {
#include <access/tupdesc.h>
#include <miscadmin.h>
#include <utils/acl.h>
#include <utils/guc.h>
#include <utils/jsonb.h>
#include <utils/relcache.h>
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

// Memory that a check hook hands over as a setting's parsed form. 16 gave settings a memory context. Null if there is none
// left.
#if PG_VERSION_NUM >= 160000
inline void *AllocateForSetting(std::size_t size) noexcept { return guc_malloc(LOG, size); }
inline void FreeForSetting(void *memory) noexcept { guc_free(memory); }
#else
inline void *AllocateForSetting(std::size_t size) noexcept { return std::malloc(size); }
inline void FreeForSetting(void *memory) noexcept { std::free(memory); }
#endif

// To be called once all columns of a descriptor are entered: 19 works out then where they lie, and without it reads past the
// row.
#if PG_VERSION_NUM >= 190000
inline void finish_descriptor(TupleDesc columns) { TupleDescFinalize(columns); }
#else
inline void finish_descriptor(TupleDesc) {}
#endif

// Whether `member` may SET ROLE to `role`. 16 made that a right of its own.
#if PG_VERSION_NUM >= 160000
inline bool may_set_role(Oid member, Oid role) { return member_can_set_role(member, role); }
#else
inline bool may_set_role(Oid member, Oid role) { return is_member_of_role(member, role); }
#endif

// 17 gave transactions a timeout.
#if PG_VERSION_NUM >= 170000
inline bool HasTransactionTimedOut() noexcept { return TransactionTimeoutPending != 0; }
#else
inline bool HasTransactionTimedOut() noexcept { return false; }
#endif

// A table's primary key that is valid and checked at once; invalid if there is none. 18 has deferred ones upon request.
#if PG_VERSION_NUM >= 180000
inline Oid primary_key_of(Relation table) { return RelationGetPrimaryKeyIndex(table, false); }
#else
inline Oid primary_key_of(Relation table) { return RelationGetPrimaryKeyIndex(table); }
#endif

}  // namespace jwt_auth::pg
