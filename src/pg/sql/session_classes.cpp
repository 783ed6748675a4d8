// Classes of sessions: set_session_class, drop_session_class.
#include "pg/keyring/session_classes.hpp"
#include "pg/keyring/keyring_change.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/suppressed.hpp"
#include "pg/support/boundary.hpp"

namespace jwt_auth::pg {

namespace {

using session::Micros;

constexpr int kMostSessions = 10000;  // as jwt_auth.max_sessions_per_user

Statement upsert_class = {
    "INSERT INTO jwt_auth.session_class (name, access_token_ttl, refresh_token_ttl, max_age, max_sessions, limit_policy, "
    "listed)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO UPDATE SET access_token_ttl = excluded.access_token_ttl,"
    " refresh_token_ttl = excluded.refresh_token_ttl, max_age = excluded.max_age, max_sessions = excluded.max_sessions,"
    " limit_policy = excluded.limit_policy, listed = excluded.listed",
    {TEXTOID, INTERVALOID, INTERVALOID, INTERVALOID, INT4OID, TEXTOID, BOOLOID}};
Statement select_class = {"SELECT FROM jwt_auth.session_class WHERE name = $1", {TEXTOID}};
Statement delete_class = {"DELETE FROM jwt_auth.session_class WHERE name = $1", {TEXTOID}};

enum class Argument { kName, kAccessTokenTtl, kRefreshTokenTtl, kMaxAge, kMaxSessions, kLimitPolicy, kListed };

std::string_view name_argument(FunctionCallInfo fcinfo) {
  const std::string_view name = required_bytes(fcinfo, static_cast<int>(Argument::kName), "name");
  check_class_name(name, "name");
  return name;
}

void add_lifetime(FunctionCallInfo fcinfo, Parameters &parameters, JsonBuilder &detail, Argument argument, const char *name,
                  Micros least) {
  const int index = static_cast<int>(argument);
  const bool is_null = PG_ARGISNULL(index);
  add_nullable(parameters, is_null ? 0 : PG_GETARG_DATUM(index), is_null);
  if (is_null) return;
  const Micros lifetime = lifetime_of(*PG_GETARG_INTERVAL_P(index), name, least);
  detail.add_number(name, lifetime / session::kMicrosPerSecond);
}

void add_max_sessions(FunctionCallInfo fcinfo, Parameters &parameters, JsonBuilder &detail) {
  const int index = static_cast<int>(Argument::kMaxSessions);
  const bool is_null = PG_ARGISNULL(index);
  const int limit = is_null ? 0 : PG_GETARG_INT32(index);
  if (limit < 0 || limit > kMostSessions)
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("max_sessions must be from 0 (unlimited) to %d", kMostSessions)));
  add_nullable(parameters, Int32GetDatum(limit), is_null);
  if (!is_null) detail.add_number("max_sessions", limit);
}

void add_limit_policy(FunctionCallInfo fcinfo, Parameters &parameters, JsonBuilder &detail) {
  const OptionalText policy = optional_text(fcinfo, static_cast<int>(Argument::kLimitPolicy));
  if (policy.present && !session::LimitPolicyNamed(policy.text))
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("limit_policy must be evict_oldest, evict_idle or reject")));
  add_optional(parameters, policy);
  detail.add_optional("limit_policy", policy);
}

void record_change(JsonBuilder &detail) {
  AuthEvent event{};
  event.event = session::Event::kClassChanged;
  event.detail = detail.finish();
  write_event(EventSource{}, event, GetCurrentTimestamp());
}

Datum set_session_class(FunctionCallInfo fcinfo) {
  const std::string_view name = name_argument(fcinfo);
  JsonBuilder detail;
  detail.add_text("class", name);
  Parameters parameters{};
  add_text(parameters, name);
  add_lifetime(fcinfo, parameters, detail, Argument::kAccessTokenTtl, "access_token_ttl", session::kMicrosPerSecond);
  add_lifetime(fcinfo, parameters, detail, Argument::kRefreshTokenTtl, "refresh_token_ttl", session::kMicrosPerSecond);
  add_lifetime(fcinfo, parameters, detail, Argument::kMaxAge, "max_age", 0);
  add_max_sessions(fcinfo, parameters, detail);
  add_limit_policy(fcinfo, parameters, detail);
  const int listed = static_cast<int>(Argument::kListed);
  if (PG_ARGISNULL(listed)) raise_null_argument("listed");
  add(parameters, PG_GETARG_DATUM(listed));
  detail.add_bool("listed", PG_GETARG_BOOL(listed));
  change_keyring([&](MemoryContext) {
    if (execute(upsert_class, parameters) == 0) raise_suppressed("session_class");
    record_change(detail);
  });
  PG_RETURN_VOID();
}

bool delete_named(std::string_view name) {
  Parameters parameters{};
  add_text(parameters, name);
  if (execute(delete_class, parameters) > 0) return true;
  if (execute_latest(select_class, parameters) > 0)
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("could not serialize access: the class was made after this transaction began")));
  return false;
}

Datum drop_session_class(FunctionCallInfo fcinfo) {
  const std::string_view name = name_argument(fcinfo);
  JsonBuilder detail;
  detail.add_text("class", name);
  detail.add_bool("dropped", true);
  return BoolGetDatum(change_keyring([&](MemoryContext) {
    const bool dropped = delete_named(name);
    if (dropped) record_change(detail);
    return dropped;
  }));
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_set_session_class) { return jwt_auth::pg::set_session_class(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_drop_session_class) { return jwt_auth::pg::drop_session_class(fcinfo); }
