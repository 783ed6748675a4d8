// session_history: who was logged in then, from where, until when, ended by whom and why.
#include "pg/keyring/keyring.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/result_set.hpp"
#include "pg/store/session_store.hpp"

namespace jwt_auth::pg {

namespace {

enum class HistoryColumn {
  kSessionId,
  kBeganAt,
  kIp,
  kUserAgent,
  kClass,
  kActor,
  kLastSeen,
  kIsAlive,
  kEndedAt,
  kEnded,
  kReason,
  kEndedBy,
  kEndedByRole,
};

// A session is known by its row, by the event of its beginning, or by both. Its end is an event, or of a session whose row is
// still there what its row and the cutoffs ($4 of the user, $5 of everybody) say at $3, the present: the first of them.
Query<HistoryColumn> select_history = {
    "SELECT * FROM (SELECT coalesce(s.session_id, b.session_id), coalesce(b.at, s.created_at) AS began_at,"
    " CASE WHEN b.session_id IS NULL THEN s.login_ip ELSE b.ip END, coalesce(b.user_agent, s.user_agent),"
    " coalesce(s.class, b.detail ->> 'class'), coalesce(s.actor, b.impersonator), s.refreshed_at, s.session_id IS NOT NULL AND "
    "over.event IS NULL,"
    " coalesce(over.at, e.at) AS ended_at, coalesce(over.event, e.event), coalesce(over.reason, e.reason), e.actor, e.db_role"
    " FROM (SELECT * FROM jwt_auth.refresh_session WHERE user_key = $1 AND user_id = $2) s"
    " FULL JOIN (SELECT session_id, at, ip, user_agent, detail,"
    "  CASE event WHEN 'impersonated' THEN actor END AS impersonator FROM jwt_auth.auth_event WHERE user_key = $1 AND user_id "
    "= $2"
    "  AND event IN ('login', 'imported', 'impersonated') AND session_id IS NOT NULL) b ON b.session_id = s.session_id"
    " LEFT JOIN LATERAL (SELECT v.at, v.event, v.reason"
    "  FROM (VALUES (1, $4, 'user_revoked', NULL), (2, $5, 'all_revoked', NULL), (3, s.ends_at, 'expired', 'expired'),"
    "               (4, s.idle_ends_at, 'expired', 'idle_expired')) v (place, at, event, reason)"
    "  WHERE CASE WHEN v.reason IS NULL THEN s.created_at <= v.at ELSE v.at <= $3 END"
    "  ORDER BY v.at, v.place LIMIT 1) over ON true"
    " LEFT JOIN LATERAL (SELECT coalesce((x.detail ->> 'ended_at')::timestamptz, x.at) AS at, x.event::text AS event,"
    "  coalesce(x.detail ->> 'reason', x.detail ->> 'status', x.detail ->> 'policy') AS reason, x.actor, x.db_role::text AS "
    "db_role"
    "  FROM jwt_auth.auth_event x WHERE x.session_id = b.session_id AND s.session_id IS NULL AND x.event IN (" SESSION_ENDINGS
    ")"
    "  AND (x.detail -> 'enforced') IS DISTINCT FROM 'false'::jsonb ORDER BY x.at DESC, x.id DESC LIMIT 1) e ON true) h"
    " WHERE ($7 IS NULL OR h.began_at < $7) AND ($6 IS NULL OR h.ended_at IS NULL OR h.ended_at >= $6)"
    " ORDER BY h.began_at DESC, 1",
    {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID}};

void put_history(FunctionCallInfo fcinfo, const UserRef &user, ReturnSetInfo &set) {
  Parameters parameters{};
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.user_id);
  add_time(parameters, now_micros());
  add_time(parameters, read_account(user).not_before);
  add_time(parameters, global_cutoff());
  for (const int bound : {1, 2})
    add_nullable(parameters, PG_ARGISNULL(bound) ? 0 : PG_GETARG_DATUM(bound), PG_ARGISNULL(bound));
  put_rows(set, execute_latest(select_history, parameters));
}

Datum session_history(FunctionCallInfo fcinfo) {
  const Spellings spellings = spellings_argument(fcinfo, 0);
  refresh_keyring();
  ReturnSetInfo &set = result_set(fcinfo);
  as_owner("refresh_session", [&](MemoryContext) {
    put_history(fcinfo, spellings.user, set);
    if (spellings.has_padded) put_history(fcinfo, spellings.padded, set);
  });
  return static_cast<Datum>(0);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_session_history) { return jwt_auth::pg::session_history(fcinfo); }
