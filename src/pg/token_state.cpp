#include "pg/token_state.hpp"

#include "jose/openssl.hpp"
#include "pg/key_read.hpp"
#include "pg/owner.hpp"
#include "pg/session_store.hpp"
#include "pg/user_argument.hpp"

namespace jwt_auth::pg {

namespace {

using jose::Micros;

// A session, its user's cutoff and whether the token is denied, in one look.
Statement select_session_state = {
    "SELECT s.created_at, s.ends_at, s.idle_ends_at,"
    " EXISTS (SELECT FROM jwt_auth.denied_token d WHERE d.user_key = $2 AND d.token_id = $4),"
    " (SELECT a.not_before FROM jwt_auth.account a WHERE a.user_key = $2 AND a.issuer = '' AND a.user_id = $3)"
    " FROM jwt_auth.refresh_session s WHERE s.session_id = $1 AND s.user_key = $2 AND s.user_id = $3",
    4,
    {UUIDOID, INT4OID, TEXTOID, BYTEAOID},
    nullptr};

Statement select_denied = {
    "SELECT FROM jwt_auth.denied_token WHERE user_key = $1 AND token_id = $2", 2, {INT4OID, BYTEAOID}, nullptr};

constexpr Error kEnded{ErrorCode::kSessionEnded, nullptr};
constexpr Error kDenied{ErrorCode::kDenied, nullptr};

bool read_uuid(std::string_view text, pg_uuid_t &uuid) {
  session::SessionId id;
  if (!session::ParseSessionId(text, id)) return false;
  std::memcpy(uuid.data, id.data(), UUID_LEN);
  return true;
}

// What the tables say of a token with a session.
struct SessionFacts {
  bool found;  // the session
  Micros created_at, ends_at, idle_ends_at;
  Micros not_before;  // its user's cutoff
  bool denied;
};

// Whose token of which session it is.
struct SessionToken {
  pg_uuid_t session_id;
  session::UserKey user_key;
  std::string_view user_id;
  const TokenId &id;
};

SessionFacts ask_statement(const SessionToken &token) {
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&token.session_id));
  add(parameters, Int32GetDatum(token.user_key));
  add_text(parameters, token.user_id);
  add_bytes(parameters, token.id.data(), token.id.size());
  SessionFacts facts{};
  const OwnerScope scope = enter_owner("refresh_session");
  SPI_connect();
  facts.found = execute_latest(select_session_state, parameters) > 0;
  if (facts.found) {
    bool is_null;
    facts.created_at = micros_or_never(DatumGetTimestampTz(column(0, 1, &is_null)));
    facts.ends_at = micros_or_never(DatumGetTimestampTz(column(0, 2, &is_null)));
    facts.idle_ends_at = micros_or_never(DatumGetTimestampTz(column(0, 3, &is_null)));
    facts.denied = DatumGetBool(column(0, 4, &is_null));
    const Datum not_before = column(0, 5, &is_null);
    facts.not_before = is_null ? session::kNoCutoff : micros_or_never(DatumGetTimestampTz(not_before));
  }
  SPI_finish();
  leave_owner(scope);
  return facts;
}

// The columns that ask_keys() reads.
constexpr AttrNumber kAccountNotBefore = 4;
constexpr AttrNumber kSessionCreatedAt = 4, kSessionEndsAt = 5, kSessionIdleEndsAt = 6, kSessionUserId = 19;
constexpr ReadColumn kAccountColumns[] = {{"not_before", kAccountNotBefore, TIMESTAMPTZOID}};
constexpr ReadColumn kSessionColumns[] = {{"created_at", kSessionCreatedAt, TIMESTAMPTZOID},
                                          {"ends_at", kSessionEndsAt, TIMESTAMPTZOID},
                                          {"idle_ends_at", kSessionIdleEndsAt, TIMESTAMPTZOID},
                                          {"user_id", kSessionUserId, TEXTOID}};

Micros time_in(HeapTuple row, AttrNumber number, const KeyedTable &table, Micros if_null) {
  bool is_null;
  const Datum value = heap_getattr(row, number, RelationGetDescr(table.table), &is_null);
  return is_null ? if_null : micros_or_never(DatumGetTimestampTz(value));
}

// The tables and keys of one token.
struct TokenLook {
  KeyColumn session[2], account[3], denied[2];
  KeyedTable sessions, accounts, denials;
};

bool open_tables(TokenLook &look) {
  if (!open_by_key(look.sessions, "refresh_session", look.session, lengthof(look.session), kSessionColumns,
                   lengthof(kSessionColumns)))
    return false;
  if (open_by_key(look.accounts, "account", look.account, lengthof(look.account), kAccountColumns, lengthof(kAccountColumns))) {
    if (open_by_key(look.denials, "denied_token", look.denied, lengthof(look.denied), nullptr, 0)) return true;
    close_by_key(look.accounts);
  }
  close_by_key(look.sessions);
  return false;
}

void read_session_row(const TokenLook &look, Snapshot snapshot, std::string_view user_id, SessionFacts &facts) {
  SysScanDesc scan = begin_by_key(look.sessions, look.session, lengthof(look.session), snapshot);
  if (HeapTuple row = row_by_key(scan)) {
    bool is_null;
    const Datum owner = heap_getattr(row, kSessionUserId, RelationGetDescr(look.sessions.table), &is_null);
    facts.found = view_of(PG_DETOAST_DATUM_PACKED(owner)) == user_id;
    facts.created_at = time_in(row, kSessionCreatedAt, look.sessions, session::kNoCutoff);
    facts.ends_at = time_in(row, kSessionEndsAt, look.sessions, session::kNoCutoff);
    facts.idle_ends_at = time_in(row, kSessionIdleEndsAt, look.sessions, session::kNoCutoff);
  }
  end_by_key(scan);
}

// The same answers from the keys' indexes. False where only a statement can tell.
bool ask_keys(const SessionToken &token, SessionFacts &facts) {
  Parameters values{};
  add_text(values, {});
  add_text(values, token.user_id);
  add_bytes(values, token.id.data(), token.id.size());
  const Datum user_key = Int32GetDatum(token.user_key);
  TokenLook look{
      {{"session_id", 1, UUIDOID, UUIDPGetDatum(&token.session_id)}, {"user_key", 2, INT4OID, user_key}},
      {{"user_key", 1, INT4OID, user_key}, {"issuer", 5, TEXTOID, values.values[0]}, {"user_id", 6, TEXTOID, values.values[1]}},
      {{"user_key", 1, INT4OID, user_key}, {"token_id", 4, BYTEAOID, values.values[2]}},
      {},
      {},
      {}};
  if (!open_tables(look)) return false;

  facts = SessionFacts{};
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  read_session_row(look, snapshot, token.user_id, facts);
  if (facts.found) {
    SysScanDesc scan = begin_by_key(look.accounts, look.account, lengthof(look.account), snapshot);
    HeapTuple account = row_by_key(scan);
    facts.not_before =
        account == nullptr ? session::kNoCutoff : time_in(account, kAccountNotBefore, look.accounts, session::kNoCutoff);
    end_by_key(scan);
    scan = begin_by_key(look.denials, look.denied, lengthof(look.denied), snapshot);
    facts.denied = row_by_key(scan) != nullptr;
    end_by_key(scan);
  }
  UnregisterSnapshot(snapshot);
  close_by_key(look.denials);
  close_by_key(look.accounts);
  close_by_key(look.sessions);
  return true;
}

// A token of a session is judged by its session.
const Error *check_session(const TokenFacts &token, session::UserKey user_key, const TokenId &token_id, Micros now) {
  pg_uuid_t id;
  if (!token.sub.present || !read_uuid(token.sid.text, id)) return &kEnded;
  const SessionToken asked{id, user_key, token.sub.text, token_id};
  SessionFacts facts;
  if (!ask_keys(asked, facts)) facts = ask_statement(asked);
  if (!facts.found) return &kEnded;
  // A revocation deletes its sessions; the cutoff is asked as well, for rows that came back from a copy.
  const session::Cutoffs cutoffs = {facts.not_before, global_cutoff()};
  if (!session::IsAfterCutoffs(facts.created_at, cutoffs) || now >= facts.ends_at || now >= facts.idle_ends_at) return &kEnded;
  return facts.denied ? &kDenied : nullptr;
}

// One without a session is judged by when it was issued, in whole seconds: a token from before the cutoff never passes.
const Error *check_issued_at(const TokenFacts &facts, session::UserKey user_key, const TokenId &token_id) {
  static constexpr Error kNoIat{ErrorCode::kMalformed, "no iat"};
  static constexpr Error kBeforeCutoff{ErrorCode::kBeforeCutoff, nullptr};
  if (!facts.has_iat) return &kNoIat;
  if (facts.iat < global_cutoff()) return &kBeforeCutoff;
  Parameters parameters{};
  add(parameters, Int32GetDatum(user_key));
  add_bytes(parameters, token_id.data(), token_id.size());
  const OwnerScope scope = enter_owner("account");
  SPI_connect();
  const Error *refusal = nullptr;
  if (facts.sub.present && facts.iat < read_account({user_key, facts.issuer, facts.sub.text}).not_before)
    refusal = &kBeforeCutoff;
  else if (execute_latest(select_denied, parameters) > 0)
    refusal = &kDenied;
  SPI_finish();
  leave_owner(scope);
  return refusal;
}

}  // namespace

TokenId token_id_of(const TokenFacts &facts) {
  return value_or_raise([&]() -> Result<TokenId> {
    std::string named(facts.issuer);
    named.push_back('\0');
    named += facts.jti.present ? "jti" : "input";
    named.push_back('\0');
    named += facts.jti.present ? facts.jti.text : facts.signing_input;
    return session::HashOf(named);
  });
}

session::UserKey token_user_key(const TokenFacts &facts) { return user_ref(facts.issuer, facts.sub.text).user_key; }

const Error *token_state_refusal(const TokenFacts &facts, Micros now) {
  const TokenId token_id = token_id_of(facts);
  const session::UserKey user_key = token_user_key(facts);
  return facts.sid.present && facts.issuer.empty() ? check_session(facts, user_key, token_id, now)
                                                   : check_issued_at(facts, user_key, token_id);
}

}  // namespace jwt_auth::pg
