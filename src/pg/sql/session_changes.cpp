// Changes that take effect now, with nobody logged out: require_refresh, set_session_claims, set_session_metadata.
#include "pg/keyring/session_classes.hpp"
#include "pg/session/session_token.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/session/user_change.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/revocation.hpp"
#include "pg/store/session_change.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/settings.hpp"

namespace jwt_auth::pg {

namespace {

Datum require_refresh(FunctionCallInfo fcinfo) {
  require_refresh_of(spellings_argument(fcinfo, 0), optional_text(fcinfo, 1));
  PG_RETURN_VOID();
}

bool change_claims(const pg_uuid_t &id, Datum claims, MemoryContext context) {
  const LockedSession session = lock_session(id, context);
  // What acts for the user has no refresh token, so it could not get them.
  if (!session.is_alive() || session.row.actor.present) return false;
  const Bytes members = claim_members(DatumGetJsonbP(claims));
  const AccessTokenRequest request =
      session_token_request(session.row, session.account, LifetimesOfClass(session.row.session_class), session.now,
                            session.row.state.idle_end, members.view());
  if (!has_claims_function()) check_room_for_claims([&] { return MintAccessToken(largest_of(request)); });
  const std::int64_t version = write_claims(session, claims);

  AuthEvent event{};
  event.event = session::Event::kClaimsChanged;
  event.session_id = &id;
  write_event(event_source(session.row.user_id), event, timestamp_of(session.now));

  Revocation revocation{RevocationKind::kRefreshRequired};
  revocation.session_id = &id;
  revocation.user_id = {true, session.row.user_id};
  revocation.version = version;
  write_revocation(revocation);
  return true;
}

Datum set_session_claims(FunctionCallInfo fcinfo) {
  const pg_uuid_t id = required_uuid(fcinfo, 0, "session_id");
  Jsonb *claims = required_jsonb(fcinfo, 1, "claims");
  check_kept_claims(claims);
  return BoolGetDatum(
      as_owner("refresh_session", [&](MemoryContext context) { return change_claims(id, JsonbPGetDatum(claims), context); }));
}

Datum set_session_metadata(FunctionCallInfo fcinfo) {
  const pg_uuid_t id = required_uuid(fcinfo, 0, "session_id");
  Jsonb *metadata = required_jsonb(fcinfo, 1, "metadata");
  check_object(metadata, "metadata");
  return BoolGetDatum(as_owner("refresh_session", [&](MemoryContext context) {
    const LockedSession session = lock_session(id, context);
    if (session.is_alive()) write_metadata(session, JsonbPGetDatum(metadata));
    return session.is_alive();
  }));
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_require_refresh) { return jwt_auth::pg::require_refresh(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_set_session_claims) { return jwt_auth::pg::set_session_claims(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_set_session_metadata) { return jwt_auth::pg::set_session_metadata(fcinfo); }
