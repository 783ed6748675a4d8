// revoke_all_tokens: a cutoff for everybody. One small write, however many sessions there are.
#include <algorithm>
#include <tuple>

#include "pg/session/key_ending.hpp"
#include "pg/store/api_key_store.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/session_store.hpp"
#include "pg/store/suppressed.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/uuid.hpp"
#include "session/session_id.hpp"

namespace jwt_auth::pg {

namespace {

enum class CutoffColumn { kNotBefore };
Query<CutoffColumn> upsert_cutoff = {
    "INSERT INTO jwt_auth.cutoff AS c (not_before) VALUES ($1)"
    " ON CONFLICT (only_row) DO UPDATE SET not_before = greatest(c.not_before, EXCLUDED.not_before) RETURNING c.not_before",
    {TIMESTAMPTZOID}};

// For a row that a trigger kept from being written.
Query<CutoffColumn> lock_cutoff = {"SELECT not_before FROM jwt_auth.cutoff FOR NO KEY UPDATE", {}};

// Sessions that lie ahead of the clock, because it was set back, are not before the cutoff: they are deleted. A cutoff as far
// ahead would refuse tokens without a session until the clock got there.
enum class AheadColumn { kUserKey, kUserId };
Query<AheadColumn> select_ahead = {
    "SELECT DISTINCT user_key, user_id FROM jwt_auth.refresh_session WHERE session_id >= $1 AND created_at > $2",
    {UUIDOID, TIMESTAMPTZOID}};

enum class DeletedColumn { kSessionId, kHasData };
Query<DeletedColumn> delete_ahead = {
    "DELETE FROM jwt_auth.refresh_session WHERE user_key = $1 AND user_id = $2 AND created_at > $3"
    " RETURNING session_id, has_data",
    {INT4OID, TEXTOID, TIMESTAMPTZOID}};

Statement select_left_ahead = {
    "SELECT FROM jwt_auth.refresh_session WHERE user_key = $1 AND user_id = $2 AND created_at > $3 LIMIT 1",
    {INT4OID, TEXTOID, TIMESTAMPTZOID}};

// What can be in the way of another revocation is done in its order: the account, which is held, then its sessions.
void end_sessions_of(const UserRef &user, session::Micros cutoff, const char *detail) {
  Parameters parameters{};
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.user_id);
  add_time(parameters, cutoff);
  const Rows<DeletedColumn> ended = execute(delete_ahead, parameters);
  for (std::uint64_t i = 0; i < ended.count(); i++) {
    const pg_uuid_t id = ended[i].uuid(DeletedColumn::kSessionId);
    if (ended[i].boolean(DeletedColumn::kHasData)) delete_session_data(id, user.user_key);
    AuthEvent event{};
    event.event = session::Event::kAllRevoked;
    event.session_id = &id;
    event.detail = detail;
    event.is_part = true;
    write_event(event_source(user.user_id), event, timestamp_of(cutoff));
  }
  if (execute(select_left_ahead, parameters) > 0) raise_suppressed("refresh_session");
  if (IsolationUsesXactSnapshot() && execute_latest(select_left_ahead, parameters) > 0)
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("could not serialize access: a session is newer than this transaction")));
}

enum class KeyOwnerColumn { kUserKey, kUserId };
Query<KeyOwnerColumn> select_keys_ahead = {
    "SELECT DISTINCT user_key, user_id FROM jwt_auth.api_key WHERE key_id >= $1 AND created_at > $2",
    {UUIDOID, TIMESTAMPTZOID}};

// Users in memory that outlives the statements. Plain data.
struct Users {
  UserRef *users;
  std::uint64_t count;
};
template <class Column>
void append_users(Users &users, const Rows<Column> &rows) {
  auto *all = static_cast<UserRef *>(palloc(sizeof(UserRef) * (users.count + rows.count() + 1)));
  std::copy_n(users.users, users.count, all);
  for (std::uint64_t i = 0; i < rows.count(); i++)
    all[users.count + i] = {rows[i].int4(Column::kUserKey), {}, rows[i].text(Column::kUserId, CurrentMemoryContext).text};
  users = {all, users.count + rows.count()};
}

// Sessions and API keys of a clock that ran ahead. Also those from after this transaction's snapshot: sessions of these can't
// be deleted with it, so it ends with 40001. One user after the other, in the order in which impersonate() holds accounts.
void end_what_lies_ahead(session::Micros cutoff, const char *detail) {
  const pg_uuid_t first = UuidOf(session::FirstIdAfter(cutoff));
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&first));
  add_time(parameters, cutoff);
  Users users{};
  append_users(users, execute_latest(select_ahead, parameters));
  if (api_keys_exist()) append_users(users, execute_latest(select_keys_ahead, parameters));
  const auto place = [](const UserRef &user) { return std::tuple(user.user_key, user.user_id); };
  std::sort(users.users, users.users + users.count, [&](const UserRef &a, const UserRef &b) { return place(a) < place(b); });
  const auto is_again = [&](std::uint64_t i) { return i > 0 && place(users.users[i]) == place(users.users[i - 1]); };
  // All accounts before the first session: forget_user() holds an account and then ends sessions in which its user acts for
  // others.
  for (std::uint64_t i = 0; i < users.count; i++)
    if (!is_again(i)) hold_account(users.users[i]);
  for (std::uint64_t i = 0; i < users.count; i++) {
    if (is_again(i)) continue;
    end_sessions_of(users.users[i], cutoff, detail);
    end_keys_after(users.users[i], cutoff);
  }
}

// Moves the cutoff for everybody to `not_before` unless it is later already; answers the cutoff that now holds.
session::Micros raise_cutoff_for_all(session::Micros not_before) {
  Parameters parameters{};
  add_time(parameters, not_before);
  Rows<CutoffColumn> rows = execute(upsert_cutoff, parameters);
  if (!rows.empty()) return rows[0].time(CutoffColumn::kNotBefore);
  // A trigger may suppress an UPDATE that changes nothing, since the cutoff is later already.
  rows = execute(lock_cutoff, Parameters{});
  const session::Micros holds = rows.empty() ? session::kNoCutoff : rows[0].time(CutoffColumn::kNotBefore);
  if (holds < not_before) raise_suppressed("cutoff");
  return holds;
}

Datum revoke_all_tokens(FunctionCallInfo fcinfo) {
  JsonBuilder reason;
  reason.add_optional("reason", optional_text(fcinfo, 0));
  AuthEvent event{};
  event.event = session::Event::kAllRevoked;
  event.detail = reason.finish();

  as_owner("cutoff", [&](MemoryContext) {
    const session::Micros asked = now_micros();
    session::Micros cutoff = raise_cutoff_for_all(asked);
    // Whoever held the row may have been waited for, and tokens been handed out since.
    if (has_waited(asked)) cutoff = raise_cutoff_for_all(now_micros());
    end_what_lies_ahead(cutoff, event.detail);
    write_event(EventSource{}, event, timestamp_of(cutoff));
  });
  PG_RETURN_VOID();
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_revoke_all_tokens) { return jwt_auth::pg::revoke_all_tokens(fcinfo); }
