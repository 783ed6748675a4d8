#include "pg/store/session_store.hpp"

#include <sys/socket.h>

#include "pg/keyring/keyring.hpp"
#include "pg/support/settings.hpp"

extern "C" {
#include <access/xact.h>
#include <utils/date.h>
#include <utils/inet.h>
}

namespace jwt_auth::pg {

namespace {

using session::kNever;
using session::kNoCutoff;
using session::Micros;

// An account is nearly always there: an UPDATE that finds it costs two thirds of the upsert, which is for the first time and
// for races.
Statement update_login = {
    "UPDATE jwt_auth.account SET last_login = $4 WHERE user_key = $1 AND issuer = $2 AND user_id = $3"
    " RETURNING not_before, max_sessions, ip_binding, fingerprint_binding",
    4,
    {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID},
    nullptr};

Statement touch_account_row = {
    "INSERT INTO jwt_auth.account AS a (user_key, issuer, user_id, last_login) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (user_key, issuer, user_id) DO UPDATE SET last_login = EXCLUDED.last_login"
    " RETURNING a.not_before, a.max_sessions, a.ip_binding, a.fingerprint_binding",
    4,
    {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID},
    nullptr};

Statement hold_account_row = {
    "INSERT INTO jwt_auth.account AS a (user_key, issuer, user_id) VALUES ($1, $2, $3)"
    " ON CONFLICT (user_key, issuer, user_id) DO UPDATE SET not_before = a.not_before",
    3,
    {INT4OID, TEXTOID, TEXTOID},
    nullptr};

Statement read_account_row = {
    "SELECT not_before, max_sessions, ip_binding, fingerprint_binding FROM jwt_auth.account"
    " WHERE user_key = $1 AND issuer = $2 AND user_id = $3",
    3,
    {INT4OID, TEXTOID, TEXTOID},
    nullptr};

Statement update_cutoff = {
    "UPDATE jwt_auth.account SET not_before = greatest(not_before, $4)"
    " WHERE user_key = $1 AND issuer = $2 AND user_id = $3 RETURNING not_before",
    4,
    {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID},
    nullptr};

Statement raise_account_cutoff = {
    "INSERT INTO jwt_auth.account AS a (user_key, issuer, user_id, not_before) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (user_key, issuer, user_id) DO UPDATE SET not_before = greatest(a.not_before, EXCLUDED.not_before)"
    " RETURNING a.not_before",
    4,
    {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID},
    nullptr};

#define SESSION_COLUMNS                                                                                                     \
  "created_at, ends_at, idle_ends_at, refreshed_at, generation, family_hash, current_hash, previous_hash, nonce, has_data," \
  " user_id, login_ip, login_fingerprint, ip, fingerprint"

Statement select_session = {"SELECT " SESSION_COLUMNS " FROM jwt_auth.refresh_session WHERE session_id = $1 AND user_key = $2",
                            2,
                            {UUIDOID, INT4OID},
                            nullptr};

Statement select_session_locked = {"SELECT " SESSION_COLUMNS
                                   " FROM jwt_auth.refresh_session WHERE session_id = $1 AND user_key = $2 FOR NO KEY UPDATE",
                                   2,
                                   {UUIDOID, INT4OID},
                                   nullptr};

#undef SESSION_COLUMNS

Statement select_live_sessions = {
    "SELECT session_id, created_at, refreshed_at, generation FROM jwt_auth.refresh_session"
    " WHERE user_key = $1 AND user_id = $2 AND created_at > $3 AND ends_at > $4 AND idle_ends_at > $4",
    4,
    {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID},
    nullptr};

Statement insert_session_row = {
    "INSERT INTO jwt_auth.refresh_session (session_id, user_key, user_id, created_at, refreshed_at, ends_at, idle_ends_at,"
    " purge_after, generation, has_data, family_hash, current_hash, login_ip, ip, login_fingerprint, fingerprint, user_agent)"
    " VALUES ($1, $2, $3, $4, $4, $5, $6, $7, 0, $8, $9, $10, $11, $11, $12, $12, $13)",
    13,
    {UUIDOID, INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, DATEOID, BOOLOID, BYTEAOID, BYTEAOID, INETOID,
     BYTEAOID, TEXTOID},
    nullptr};

Statement insert_data_row = {
    "INSERT INTO jwt_auth.session_data (session_id, user_key, claims, metadata) VALUES ($1, $2, $3, $4)",
    4,
    {UUIDOID, INT4OID, JSONBOID, JSONBOID},
    nullptr};

Statement update_session = {
    "UPDATE jwt_auth.refresh_session SET idle_ends_at = $4, refreshed_at = $5, generation = generation + 1,"
    " previous_hash = current_hash, current_hash = $6, nonce = $7, ip = coalesce($8, ip),"
    " fingerprint = coalesce($9, fingerprint), user_agent = coalesce($10, user_agent), purge_after = least(purge_after, $11)"
    " WHERE session_id = $1 AND user_key = $2 AND current_hash = $3",
    11,
    {UUIDOID, INT4OID, BYTEAOID, TIMESTAMPTZOID, TIMESTAMPTZOID, BYTEAOID, BYTEAOID, INETOID, BYTEAOID, TEXTOID, DATEOID},
    nullptr};

Statement delete_session_row = {
    "DELETE FROM jwt_auth.refresh_session WHERE session_id = $1 AND user_key = $2 AND ($3 IS NULL OR generation = $3)"
    " RETURNING has_data",
    3,
    {UUIDOID, INT4OID, INT4OID},
    nullptr};

Statement delete_data_row = {
    "DELETE FROM jwt_auth.session_data WHERE session_id = $1 AND user_key = $2", 2, {UUIDOID, INT4OID}, nullptr};

Statement delete_sessions_of_user = {
    "DELETE FROM jwt_auth.refresh_session WHERE user_key = $1 AND user_id = $2"
    " AND ($3 IS NULL OR session_id <> $3) RETURNING session_id, has_data, created_at, idle_ends_at, ends_at",
    3,
    {INT4OID, TEXTOID, UUIDOID},
    nullptr};

Statement select_claims = {
    "SELECT claims FROM jwt_auth.session_data WHERE session_id = $1 AND user_key = $2", 2, {UUIDOID, INT4OID}, nullptr};

Micros micros_column(std::uint64_t row, int number) {
  bool is_null;
  return micros_of(DatumGetTimestampTz(column(row, number, &is_null)));
}

// A bytea column of exactly the array's size; false for NULL.
template <std::size_t N>
bool bytes_column(std::uint64_t row, int number, std::array<unsigned char, N> &out) {
  bool is_null;
  const Datum value = column(row, number, &is_null);
  if (is_null) return false;
  const std::string_view bytes = view_of(PG_DETOAST_DATUM_PACKED(value));
  if (bytes.size() != N)
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("a hash in jwt_auth.refresh_session has the wrong length")));
  std::memcpy(out.data(), bytes.data(), N);
  return true;
}

// What a client was, from an inet and a bytea column.
session::Client client_columns(std::uint64_t row, int ip, int fingerprint) {
  session::Client client = session::kUnknownClient;
  bool is_null;
  const Datum address = column(row, ip, &is_null);
  if (!is_null) client.address = address_of(address);
  client.has_fingerprint = bytes_column(row, fingerprint, client.fingerprint);
  return client;
}

void add_fingerprint(Parameters &parameters, const session::Client &client) {
  if (client.has_fingerprint)
    add_bytes(parameters, client.fingerprint.data(), client.fingerprint.size());
  else
    add_nullable(parameters, 0, true);
}

void add_user(Parameters &parameters, const UserRef &user) {
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.issuer);
  add_text(parameters, user.user_id);
}

void add_session(Parameters &parameters, const pg_uuid_t &id, session::UserKey user_key) {
  add(parameters, UUIDPGetDatum(&id));
  add(parameters, Int32GetDatum(user_key));
}

Account default_account() {
  Account account{};
  account.not_before = kNoCutoff;
  account.max_sessions = settings::max_sessions_per_user;
  account.binding = {static_cast<session::IpBinding>(settings::ip_binding), settings::ip_binding_prefix_v4,
                     settings::ip_binding_prefix_v6, static_cast<session::FingerprintBinding>(settings::fingerprint_binding)};
  return account;
}

Account account_row() {
  Account account = default_account();
  bool is_null;
  const Datum not_before = column(0, 1, &is_null);
  if (!is_null) account.not_before = micros_of(DatumGetTimestampTz(not_before));
  const Datum max_sessions = column(0, 2, &is_null);
  if (!is_null) account.max_sessions = DatumGetInt32(max_sessions);
  // The table's constraints admit only names that are known; an unknown one would be the strictest.
  const Datum ip = column(0, 3, &is_null);
  if (!is_null)
    account.binding.ip = session::IpBindingNamed(view_of(PG_DETOAST_DATUM_PACKED(ip))).value_or(session::IpBinding::kExact);
  const Datum fingerprint = column(0, 4, &is_null);
  if (!is_null)
    account.binding.fingerprint = session::FingerprintBindingNamed(view_of(PG_DETOAST_DATUM_PACKED(fingerprint)))
                                      .value_or(session::FingerprintBinding::kExact);
  return account;
}

pg_uuid_t uuid_column(std::uint64_t row, int number) {
  bool is_null;
  return *DatumGetUUIDP(column(row, number, &is_null));
}

// The day on which the session may end at the earliest.
DateADT day_of(Micros end) {
  if (end == kNever) return DATEVAL_NOEND;
  return session::DayOf(end) - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE);
}

}  // namespace

session::Address address_of(Datum inet_value) {
  const inet *address = DatumGetInetPP(inet_value);
  const bool is_v4 = ip_family(address) == PGSQL_AF_INET;
  return session::MakeAddress(is_v4 ? session::Address::Family::kV4 : session::Address::Family::kV6, ip_addr(address));
}

Account touch_account(const UserRef &user, TimestampTz now) {
  Parameters parameters{};
  add_user(parameters, user);
  add(parameters, TimestampTzGetDatum(now));
  if (execute(update_login, parameters) == 0) execute(touch_account_row, parameters);
  return account_row();
}

void hold_account(const UserRef &user) {
  Parameters parameters{};
  add_user(parameters, user);
  execute(hold_account_row, parameters);
}

Account read_account(const UserRef &user) {
  Parameters parameters{};
  add_user(parameters, user);
  Account account = execute_latest(read_account_row, parameters) == 0 ? default_account() : account_row();
  account.not_before = std::max(account.not_before, unpadded_cutoff(user));
  return account;
}

bool has_account(const UserRef &user) {
  Parameters parameters{};
  add_user(parameters, user);
  return execute_latest(read_account_row, parameters) > 0;
}

Micros unpadded_cutoff(const UserRef &user) {
  const std::string_view user_id = session::WithoutPadding(user.user_id);
  if (user_id.size() == user.user_id.size() || user_id.empty() || !user.issuer.empty()) return kNoCutoff;
  const session::UserKey key = value_or_raise([&]() -> Result<session::UserKey> { return session::UserKeyOf({}, user_id); });
  return read_account({key, {}, user_id}).not_before;
}

Micros raise_cutoff(const UserRef &user, Micros not_before) {
  Parameters parameters{};
  add_user(parameters, user);
  add(parameters, TimestampTzGetDatum(timestamp_of(not_before)));
  if (execute(update_cutoff, parameters) == 0) execute(raise_account_cutoff, parameters);
  return micros_column(0, 1);
}

bool read_session(const pg_uuid_t &id, session::UserKey user_key, ReadMode mode, MemoryContext context, SessionRow &row) {
  Parameters parameters{};
  add_session(parameters, id, user_key);
  const std::uint64_t found = mode == ReadMode::kLocked   ? execute(select_session_locked, parameters)
                              : mode == ReadMode::kLatest ? execute_latest(select_session, parameters)
                                                          : execute(select_session, parameters);
  if (found == 0) return false;
  bool is_null;
  row.id = id;
  row.user_key = user_key;
  row.state = session::SessionState{};
  row.state.created_at = micros_column(0, 1);
  row.state.absolute_end = micros_column(0, 2);
  row.state.idle_end = micros_column(0, 3);
  row.state.refreshed_at = micros_column(0, 4);
  row.state.generation = static_cast<std::uint32_t>(DatumGetInt32(column(0, 5, &is_null)));
  bytes_column(0, 6, row.state.family_hash);
  bytes_column(0, 7, row.state.current_hash);
  row.state.has_previous = bytes_column(0, 8, row.state.previous_hash);
  bytes_column(0, 9, row.nonce);
  row.has_data = DatumGetBool(column(0, 10, &is_null));
  row.state.bound = client_columns(0, 12, 13);
  row.state.latest = client_columns(0, 14, 15);
  const std::string_view user_id = view_of(PG_DETOAST_DATUM_PACKED(column(0, 11, &is_null)));
  auto *copy = static_cast<char *>(MemoryContextAlloc(context, user_id.size() + 1));
  std::memcpy(copy, user_id.data(), user_id.size());
  row.user_id = {copy, user_id.size()};
  return true;
}

LiveSessions read_live_sessions(const UserRef &user, Micros cutoff, Micros now, MemoryContext context) {
  Parameters parameters{};
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.user_id);
  add(parameters, TimestampTzGetDatum(timestamp_of(cutoff)));
  add(parameters, TimestampTzGetDatum(timestamp_of(now)));
  LiveSessions live{};
  live.count = execute(select_live_sessions, parameters);
  live.sessions =
      static_cast<session::LiveSession *>(MemoryContextAlloc(context, sizeof(session::LiveSession) * (live.count + 1)));
  for (std::uint64_t i = 0; i < live.count; i++) {
    bool is_null;
    session::LiveSession &one = live.sessions[i];
    const pg_uuid_t id = uuid_column(i, 1);
    std::memcpy(one.id.data(), id.data, one.id.size());
    one.created_at = micros_column(i, 2);
    one.refreshed_at = micros_column(i, 3);
    one.generation = static_cast<std::uint32_t>(DatumGetInt32(column(i, 4, &is_null)));
  }
  return live;
}

void insert_session(const NewSession &session) {
  Parameters parameters{};
  const bool has_data = session.has_claims || session.has_metadata;
  add_session(parameters, session.id, session.user.user_key);
  add_text(parameters, session.user.user_id);
  add(parameters, TimestampTzGetDatum(timestamp_of(session.created_at)));
  add(parameters, TimestampTzGetDatum(timestamp_of(session.ends_at)));
  add(parameters, TimestampTzGetDatum(timestamp_of(session.idle_ends_at)));
  add(parameters, DateADTGetDatum(day_of(session.idle_ends_at)));
  add(parameters, BoolGetDatum(has_data));
  add_bytes(parameters, session.family.data(), session.family.size());
  add_bytes(parameters, session.current.data(), session.current.size());
  add_nullable(parameters, session.ip, !session.has_ip);
  add_fingerprint(parameters, session.client);
  add_optional(parameters, session.user_agent);
  execute(insert_session_row, parameters);
  if (!has_data) return;

  Parameters data{};
  add_session(data, session.id, session.user.user_key);
  add_nullable(data, session.claims, !session.has_claims);
  add_nullable(data, session.metadata, !session.has_metadata);
  execute(insert_data_row, data);
}

bool rotate_session(const Rotation &rotation) {
  Parameters parameters{};
  add_session(parameters, rotation.id, rotation.user_key);
  add_bytes(parameters, rotation.presented.data(), rotation.presented.size());
  add(parameters, TimestampTzGetDatum(timestamp_of(rotation.idle_ends_at)));
  add(parameters, TimestampTzGetDatum(timestamp_of(rotation.now)));
  add_bytes(parameters, rotation.successor.data(), rotation.successor.size());
  add_bytes(parameters, rotation.nonce.data(), rotation.nonce.size());
  add_nullable(parameters, rotation.ip, !rotation.has_ip);
  add_fingerprint(parameters, rotation.client);
  add_optional(parameters, rotation.user_agent);
  add(parameters, DateADTGetDatum(day_of(rotation.idle_ends_at)));
  return execute(update_session, parameters) == 1;
}

void raise_if_unseen(const pg_uuid_t &id, session::UserKey user_key) {
  SessionRow unseen;
  if (IsolationUsesXactSnapshot() && read_session(id, user_key, ReadMode::kLatest, CurrentMemoryContext, unseen))
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("could not serialize access: the session is newer than this transaction")));
}

void delete_session_data(const pg_uuid_t &id, session::UserKey user_key) {
  Parameters data{};
  add_session(data, id, user_key);
  execute(delete_data_row, data);
}

bool delete_session(const pg_uuid_t &id, session::UserKey user_key, const std::uint32_t *generation) {
  Parameters parameters{};
  add_session(parameters, id, user_key);
  add_nullable(parameters, generation != nullptr ? Int32GetDatum(static_cast<std::int32_t>(*generation)) : 0,
               generation == nullptr);
  const bool deleted = execute(delete_session_row, parameters) > 0;
  bool is_null;
  const bool has_data = deleted && DatumGetBool(column(0, 1, &is_null));
  SPI_freetuptable(SPI_tuptable);
  if (has_data) delete_session_data(id, user_key);
  return deleted;
}

EndedSessions delete_user_sessions(const UserRef &user, const pg_uuid_t *keep, MemoryContext context) {
  // Cutoffs of the user's are what this is about.
  const session::Cutoffs cutoffs = {kNoCutoff, global_cutoff()};
  Parameters parameters{};
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.user_id);
  add_nullable(parameters, UUIDPGetDatum(keep), keep == nullptr);
  EndedSessions ended{};
  ended.count = execute(delete_sessions_of_user, parameters);
  ended.sessions = static_cast<EndedSession *>(MemoryContextAlloc(context, sizeof(EndedSession) * (ended.count + 1)));
  const Micros now = now_micros();
  auto *has_data = static_cast<bool *>(palloc(ended.count + 1));
  for (std::uint64_t i = 0; i < ended.count; i++) {
    bool is_null;
    ended.sessions[i].id = uuid_column(i, 1);
    ended.sessions[i].before = session::EndOf(micros_column(i, 3), micros_column(i, 4), micros_column(i, 5), cutoffs, now);
    if (!ended.sessions[i].before) ended.live++;
    has_data[i] = DatumGetBool(column(i, 2, &is_null));
  }
  for (std::uint64_t i = 0; i < ended.count; i++) {
    if (has_data[i]) delete_session_data(ended.sessions[i].id, user.user_key);
  }
  return ended;
}

Datum read_claims(const pg_uuid_t &id, session::UserKey user_key, MemoryContext context, bool *is_null) {
  Parameters parameters{};
  add_session(parameters, id, user_key);
  *is_null = true;
  if (execute_latest(select_claims, parameters) == 0) return 0;
  const Datum value = column(0, 1, is_null);
  if (*is_null) return 0;
  MemoryContext old = MemoryContextSwitchTo(context);
  const Datum copy = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
  MemoryContextSwitchTo(old);
  return copy;
}

}  // namespace jwt_auth::pg
