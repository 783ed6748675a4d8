#include "pg/store/session_change.hpp"

#include "pg/keyring/keyring.hpp"
#include "pg/store/suppressed.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

// No column of an index changes, so each is a HOT update.
Statement update_version = {
    "UPDATE jwt_auth.refresh_session SET version = $3, has_data = true WHERE session_id = $1 AND user_key = $2",
    {UUIDOID, INT4OID, INT8OID}};

Statement update_has_data = {"UPDATE jwt_auth.refresh_session SET has_data = true WHERE session_id = $1 AND user_key = $2",
                             {UUIDOID, INT4OID}};

Statement upsert_claims = {
    "INSERT INTO jwt_auth.session_data (session_id, user_key, claims) VALUES ($1, $2, $3)"
    " ON CONFLICT (session_id, user_key) DO UPDATE SET claims = EXCLUDED.claims",
    {UUIDOID, INT4OID, JSONBOID}};

Statement upsert_metadata = {
    "INSERT INTO jwt_auth.session_data (session_id, user_key, metadata) VALUES ($1, $2, $3)"
    " ON CONFLICT (session_id, user_key) DO UPDATE SET metadata = EXCLUDED.metadata",
    {UUIDOID, INT4OID, JSONBOID}};

Statement update_authentication = {
    "UPDATE jwt_auth.refresh_session SET auth_time = $3, auth_context = $4 WHERE session_id = $1 AND user_key = $2",
    {UUIDOID, INT4OID, TIMESTAMPTZOID, TEXTOID}};

Parameters parameters_for(const LockedSession &session) {
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&session.row.id));
  add(parameters, Int32GetDatum(session.row.user_key));
  return parameters;
}

void execute_or_raise(Statement &statement, const Parameters &parameters, const char *table) {
  if (execute(statement, parameters) == 0) raise_suppressed(table);
}

}  // namespace

LockedSession lock_session(const pg_uuid_t &id, MemoryContext context) {
  LockedSession session{};
  const session::UserKey user_key = session::UserKeyIn(SessionIdOf(id));
  session.found = read_session(id, user_key, ReadMode::kLocked, context, session.row);
  if (!session.found) {
    raise_if_unseen(id, user_key);
    return session;
  }
  // A cutoff may have come while the row was waited for.
  refresh_keyring();
  session.account = read_account({user_key, {}, session.row.user_id});
  session.now = now_micros();
  const session::SessionState &state = session.row.state;
  session.ending = session::EndOf(state.created_at, state.idle_end, state.absolute_end,
                                  {session.account.not_before, global_cutoff()}, session.now);
  return session;
}

std::int64_t write_claims(const LockedSession &session, Datum claims) {
  const std::int64_t version = session::NextVersion(session.row.version, session.now);
  Parameters parameters = parameters_for(session);
  add(parameters, Int64GetDatum(version));
  execute_or_raise(update_version, parameters, "refresh_session");
  Parameters data = parameters_for(session);
  add(data, claims);
  execute_or_raise(upsert_claims, data, "session_data");
  return version;
}

void write_metadata(const LockedSession &session, Datum metadata) {
  if (!session.row.has_data) execute_or_raise(update_has_data, parameters_for(session), "refresh_session");
  Parameters data = parameters_for(session);
  add(data, metadata);
  execute_or_raise(upsert_metadata, data, "session_data");
}

void write_authentication(const LockedSession &session, const OptionalText &context) {
  Parameters parameters = parameters_for(session);
  add_time(parameters, session.now);
  add_optional(parameters, context);
  execute_or_raise(update_authentication, parameters, "refresh_session");
}

}  // namespace jwt_auth::pg
