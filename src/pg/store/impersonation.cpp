#include "pg/store/impersonation.hpp"

#include "pg/store/suppressed.hpp"

namespace jwt_auth::pg {

namespace {

Statement insert_row = {
    "INSERT INTO jwt_auth.refresh_session (session_id, user_key, user_id, created_at, refreshed_at, ends_at, idle_ends_at,"
    " purge_after, generation, has_data, family_hash, current_hash, actor)"
    " VALUES ($1, $2, $3, $4, $4, $5, $5, $6, 0, false, $7, $7, $8)",
    {UUIDOID, INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, DATEOID, BYTEAOID, TEXTOID}};

}  // namespace

void insert_impersonation(const Impersonation &impersonation) {
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&impersonation.id));
  add(parameters, Int32GetDatum(impersonation.user.user_key));
  add_text(parameters, impersonation.user.user_id);
  add_time(parameters, impersonation.created_at);
  add_time(parameters, impersonation.ends_at);
  add(parameters, DateADTGetDatum(date_of(impersonation.ends_at)));
  add_bytes(parameters, impersonation.unguessable.data(), impersonation.unguessable.size());
  add_text(parameters, impersonation.actor);
  if (execute(insert_row, parameters) == 0) raise_suppressed("refresh_session");
}

}  // namespace jwt_auth::pg
