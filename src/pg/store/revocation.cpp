#include "pg/store/revocation.hpp"

#include "pg/store/owner.hpp"
#include "pg/support/settings.hpp"

extern "C" {
#include <commands/async.h>
}

namespace jwt_auth::pg {

namespace {

// The end of the longest-lived token comes from the keys: each knows the lifetimes that it signed for, or will once the rows of
// token_lifetime are added to it.
Statement insert_revocation = {
    "INSERT INTO jwt_auth.revocation (xact, kind, session_id, user_id, not_before, version, token_id, until)"
    " SELECT pg_current_xact_id(), $1, $2, $3, $4, $5, $6, coalesce($7, greatest($8,"
    " $9 + max(token_ttl) * interval '1 second', max(tokens_until), max(verify_until)))"
    " FROM (SELECT token_ttl, tokens_until, verify_until FROM jwt_auth.signing_key WHERE state <> 'retired'"
    " UNION ALL SELECT token_ttl, tokens_until, NULL FROM jwt_auth.token_lifetime) signed",
    {TEXTOID, UUIDOID, TEXTOID, TIMESTAMPTZOID, INT8OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID}};

Statement delete_old = {
    "DELETE FROM jwt_auth.revocation WHERE (xact, id) IN (SELECT xact, id FROM jwt_auth.revocation WHERE until <= $1"
    " ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED)",
    {TIMESTAMPTZOID, INT8OID}};

const char *name_of(RevocationKind kind) {
  switch (kind) {
    case RevocationKind::kSession:
      return "session";
    case RevocationKind::kUser:
      return "user";
    case RevocationKind::kEverybody:
      return "everybody";
    case RevocationKind::kToken:
      return "token";
    case RevocationKind::kKey:
      return "key";
    case RevocationKind::kRefreshRequired:
      break;
  }
  return "refresh_required";
}

void add_time_if(Parameters &parameters, session::Micros time) {
  add_nullable(parameters, TimestampTzGetDatum(timestamp_of(time)), time == session::kNoCutoff);
}

}  // namespace

void write_revocation(const Revocation &revocation) {
  if (!has_table("revocation")) return;
  const session::Micros now = now_micros();
  Parameters parameters{};
  add(parameters, CStringGetTextDatum(name_of(revocation.kind)));
  add_nullable(parameters, UUIDPGetDatum(revocation.session_id), revocation.session_id == nullptr);
  add_optional(parameters, revocation.user_id);
  add_time_if(parameters, revocation.not_before);
  add_nullable(parameters, Int64GetDatum(revocation.version), revocation.version == 0);
  add_optional(parameters, revocation.token_id);
  add_time_if(parameters, revocation.until);
  add_time(parameters, now + settings::access_token_ttl * session::kMicrosPerSecond);
  add_time(parameters, now);
  execute(insert_revocation, parameters);
  if (*settings::revocation_channel != '\0') Async_Notify(settings::revocation_channel, "");
}

std::uint64_t delete_revocations(session::Micros before, std::int64_t size) {
  if (!has_table("revocation")) return 0;
  Parameters parameters{};
  add_time(parameters, before);
  add(parameters, Int64GetDatum(size));
  return execute(delete_old, parameters);
}

}  // namespace jwt_auth::pg
