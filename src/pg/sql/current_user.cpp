// The user of the transaction's identity as a number or a uuid, and who acts for that user.
#include "pg/identity/identity.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/memory.hpp"
#include "pg/support/uuid.hpp"
#include "session/user_number.hpp"

extern "C" {
#include <mb/pg_wchar.h>
}

namespace jwt_auth::pg {

namespace {

// Not present where nobody is authenticated, and for a token without a user.
OptionalText current_user_text() {
  const Identity *identity = shown_identity();
  if (identity == nullptr || identity->user_offset == 0) return {};
  return {true, view_of(identity->user())};
}

[[noreturn]] void raise_other_form(std::string_view user_id, const char *type) {
  const int shown = pg_mbcliplen(user_id.data(), static_cast<int>(user_id.size()), 64);
  ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                  errmsg("user id \"%s\" is not a %s", pnstrdup(user_id.data(), shown), type)));
  pg_unreachable();
}

Datum current_user_uuid(FunctionCallInfo fcinfo) {
  const OptionalText user = current_user_text();
  if (!user.present) PG_RETURN_NULL();
  auto *id = static_cast<pg_uuid_t *>(palloc(sizeof(pg_uuid_t)));
  // Two spellings of one uuid are two user ids, so only the one that uuid prints is read.
  if (!ParseUuid(user.text, *id)) raise_other_form(user.text, "uuid");
  PG_RETURN_UUID_P(id);
}

Datum current_user_bigint(FunctionCallInfo fcinfo) {
  const OptionalText user = current_user_text();
  if (!user.present) PG_RETURN_NULL();
  const auto number = session::NumberOfUser(user.text);
  if (!number) raise_other_form(user.text, "bigint");
  PG_RETURN_INT64(*number);
}

Datum current_actor(FunctionCallInfo fcinfo) {
  const Identity *identity = shown_identity();
  const OptionalText actor = identity == nullptr ? OptionalText{false, {}} : actor_of(*identity);
  if (!actor.present) PG_RETURN_NULL();
  return text_datum(actor.text);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_current_user_uuid) { return jwt_auth::pg::current_user_uuid(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_current_user_bigint) { return jwt_auth::pg::current_user_bigint(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_current_actor) { return jwt_auth::pg::current_actor(fcinfo); }
