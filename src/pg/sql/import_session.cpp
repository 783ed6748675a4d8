// import_session: a session that another system began goes on here, with the refresh token that the client has.
#include "jose/crypto/openssl.hpp"
#include "pg/identity/tombstone.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/session_classes.hpp"
#include "pg/session/access_token.hpp"
#include "pg/session/claims_function.hpp"
#include "pg/session/client_argument.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/uuid.hpp"
#include "session/api_key.hpp"
#include "session/import.hpp"

namespace jwt_auth::pg {

namespace {

using session::ImportVerdict;
using session::Micros;

// A session's id, and the hashes of the token that the other system's stands for: plain data.
struct FirstToken {
  session::SessionId id;
  session::Hash family, current;
};

// The id is of now: ids say when a row was written, not when a user logged in.
Result<FirstToken> MakeFirstToken(Micros now, session::UserKey user_key, std::string_view foreign_token) {
  const jose::SecretBytes random = jose::RandomBytes(4);
  const session::SessionId id = session::MakeSessionId(now, user_key, {random[0], random[1], random[2], random[3]});
  const auto token = session::RefreshToken::Imported(id, foreign_token);
  return FirstToken{id, token.FamilyHash(), token.SecretHash()};
}

// 22004, 22023 or JW040 for what can be no other system's refresh token.
std::string_view foreign_token_argument(FunctionCallInfo fcinfo, int index) {
  if (PG_ARGISNULL(index)) raise_null_argument("refresh_token");
  const std::string_view text = required_token(fcinfo, index);
  if (text.empty()) ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("refresh_token must not be empty")));
  if (text.substr(0, session::kRefreshTokenPrefix.size()) == session::kRefreshTokenPrefix || session::LooksLikeApiKey(text))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("refresh_token has the form of a token of this extension"),
                    errhint("Import what another system gave out.")));
  return text;
}

Micros time_argument(FunctionCallInfo fcinfo, int index, const char *name) {
  if (PG_ARGISNULL(index)) raise_null_argument(name);
  return micros_of(PG_GETARG_TIMESTAMPTZ(index));
}

void raise_unless_good(ImportVerdict verdict) {
  switch (verdict) {
    case ImportVerdict::kGood:
      return;
    case ImportVerdict::kEndless:
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("created_at must be finite")));
    case ImportVerdict::kAhead:
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("created_at must not lie ahead")));
    case ImportVerdict::kExpired:
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("expires_at must lie ahead"),
                      errdetail("The refresh token has expired.")));
    case ImportVerdict::kTooOld:
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the session is older than it may become"),
                      errhint("Raise jwt_auth.session_max_age, or import it into a class with a longer max_age.")));
    case ImportVerdict::kLocked:
      raise_error(Error{ErrorCode::kBeforeCutoff, "user is locked"});
    case ImportVerdict::kBeforeCutoff:
      raise_error(Error{ErrorCode::kBeforeCutoff, nullptr});
  }
}

// One call. Plain data.
struct Import {
  NewSession session;
  session::ImportedTimes times;
  Micros now;
};

// The account's row is written, as at a log-in: a lock or a revocation of the user comes before this, or after it and ends it.
void decide(Import &import) {
  NewSession &session = import.session;
  hold_account(session.user);
  // A cutoff for everybody, or a change of the class, may have come while the account was waited for.
  refresh_keyring();
  require_session_class(session.session_class);
  const Account account = read_account_since_forgotten(session.user);
  import.now = now_micros();
  const session::Cutoffs cutoffs = {account.not_before, global_cutoff(), account.locked_until};
  const session::ImportDecision decision =
      session::DecideImport(import.times, LifetimesOfClass(session.session_class), cutoffs, import.now);
  raise_unless_good(decision.verdict);
  session.created_at = import.times.created_at;
  session.ends_at = decision.absolute_end;
  session.idle_ends_at = decision.idle_end;
  const FirstToken first =
      value_or_raise([&] { return MakeFirstToken(import.now, session.user.user_key, session.imported_token.text); });
  session.id = UuidOf(first.id);
  session.family = first.family;
  session.current = first.current;
  if (!session.has_claims || has_claims_function()) return;
  const Bytes members = claim_members(DatumGetJsonbP(session.claims));
  AccessTokenRequest request = {session.user.user_id, first.id,       import.now,     session.created_at,
                                session.idle_ends_at, members.view(), session.client, account.binding};
  if (session.session_class.present) request.lifetime = LifetimesOfClass(session.session_class).access_token_ttl;
  check_room_for_claims([&] { return MintAccessToken(largest_of(request)); });
}

void record(const Import &import, const ClientArgument &client) {
  JsonBuilder detail;
  detail.add_text("created_at", timestamptz_to_str(timestamp_of(import.times.created_at)));
  detail.add_optional("class", import.session.session_class);
  AuthEvent event{};
  event.event = session::Event::kImported;
  event.session_id = &import.session.id;
  event.detail = detail.finish();
  write_event(event_source(import.session.user.user_id, client), event, timestamp_of(import.now));
}

Datum import_session(FunctionCallInfo fcinfo) {
  refuse_restricted_operation();
  Import import{};
  NewSession &session = import.session;
  session.user = user_argument(fcinfo, 0);
  session.imported_token = {true, foreign_token_argument(fcinfo, 1)};
  import.times = {time_argument(fcinfo, 2, "created_at"), time_argument(fcinfo, 3, "expires_at")};
  const ClientArgument client = client_argument(fcinfo, 4, 5, PG_NARGS());
  session.ip = client.ip;
  session.has_ip = client.has_ip;
  session.client = client.client;
  session.user_agent = client.user_agent;
  session.has_claims = !PG_ARGISNULL(6);
  if (session.has_claims) {
    check_kept_claims(PG_GETARG_JSONB_P(6));
    session.claims = PG_GETARG_DATUM(6);
  }
  session.has_metadata = !PG_ARGISNULL(7);
  if (session.has_metadata) {
    check_object(PG_GETARG_JSONB_P(7), "metadata");
    session.metadata = PG_GETARG_DATUM(7);
  }
  refresh_keyring();
  session.session_class = class_argument(fcinfo, 8);
  as_owner("account", [&](MemoryContext) {
    decide(import);
    insert_session(session);
    record(import, client);
  });
  auto *id = static_cast<pg_uuid_t *>(palloc(sizeof(pg_uuid_t)));
  *id = session.id;
  PG_RETURN_UUID_P(id);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_import_session) { return jwt_auth::pg::import_session(fcinfo); }
