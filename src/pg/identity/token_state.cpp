#include "pg/identity/token_state.hpp"

#include "jose/crypto/openssl.hpp"
#include "pg/identity/token_cache.hpp"
#include "pg/identity/token_check.hpp"
#include "pg/identity/tombstone.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/api_key_store.hpp"
#include "pg/store/own_users.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/row_reader.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/uuid.hpp"
#include "session/forgetting.hpp"
#include "session/standby.hpp"
#include "session/token_verdict.hpp"

extern "C" {
#include <access/xlog.h>
#include <access/xlogrecovery.h>
}

namespace jwt_auth::pg {

namespace {

using jose::Micros;

// What judges a token of a session, in the order of the enum.
enum class StateColumn { kUserId, kCreatedAt, kEndsAt, kIdleEndsAt, kVersion };
TableOf<StateColumn> session_state_table = {"refresh_session",
                                            {{"session_id", UUIDOID}, {"user_key", INT4OID}},
                                            {{"user_id", TEXTOID},
                                             {"created_at", TIMESTAMPTZOID},
                                             {"ends_at", TIMESTAMPTZOID},
                                             {"idle_ends_at", TIMESTAMPTZOID},
                                             {"version", INT8OID, true}}};

std::int64_t version_in(const TokenFacts &facts, std::string_view name) {
  const auto claim = facts.claims.root().Find(name);
  return claim && claim->is(jose::JsonType::kNumber) ? session::ReadVersion(claim->text()) : 0;
}

session::Versions versions_of(const TokenFacts &facts) { return {version_in(facts, "uv"), version_in(facts, "sv")}; }

// Who uses the token for its user: act.sub. None if nobody does.
std::optional<std::string_view> actor_of(const TokenFacts &facts) {
  const auto act = facts.claims.root().Find("act");
  return act ? act->FindText("sub") : std::nullopt;
}

// One more look, for such tokens only.
const Error *check_actor(const TokenFacts &facts, Micros began, Micros now) {
  const auto actor = actor_of(facts);
  return actor ? session::RefusalOf(actor_state(*actor, began, now).verdict) : nullptr;
}

// The cutoffs that hold for a user whose account was read.
session::Cutoffs cutoffs_of(const UserRef &user, const Account &account) {
  return {std::max(account.not_before, unpadded_cutoff(user)), global_cutoff(), account.locked_until};
}

// How far this server has come with the changes of its primary. Asked before the rows are read: what is replayed in between may
// be what they lack.
session::Replay replay_state() {
  if (!RecoveryInProgress()) return {false, false, 0, 0};
  const TimestampTz last_commit = GetLatestXTime();
  return {true, last_commit != 0, micros_of(last_commit), settings::standby_margin * jose::kMicrosPerSecond};
}

// What a verdict on the session or the API key of a token is on this server.
session::TokenVerdict verdict_here(session::TokenVerdict verdict, const TokenFacts &facts, const pg_uuid_t &id,
                                   const session::Replay &replay) {
  const session::TokenTimes times = {session::TimeIn(SessionIdOf(id)), facts.has_iat ? facts.iat : session::kNoCutoff};
  return session::JudgeOnStandby(verdict, times, replay);
}

// The refusal that a verdict on a session means.
const Error *session_refusal(session::TokenVerdict verdict, const TokenFacts &facts, const pg_uuid_t &id,
                             const session::Replay &replay) {
  if (verdict == session::TokenVerdict::kGood) return nullptr;
  return session::RefusalOf(verdict_here(verdict, facts, id, replay));
}

// A token of a session is judged by its session, and where that is gone the account says whether its user is locked.
const Error *check_session(const TokenFacts &facts, session::UserKey user_key, const TokenId &token_id, Micros now) {
  using session::TokenVerdict;
  pg_uuid_t id;
  if (!facts.sub.present || !ParseUuid(facts.sid.text, id)) return session::RefusalOf(TokenVerdict::kEnded);
  const UserRef user = {user_key, {}, facts.sub.text};
  RowOf<StateColumn> row = {session_state_table, {UUIDPGetDatum(&id), Int32GetDatum(user_key)}};
  RowOf<AccountColumn> account_found = account_row(user);
  RowOf<DeniedColumn> denied = denied_row(user_key, token_id);
  const session::Replay replay = replay_state();
  read_rows({&row, &account_found, &denied}, ReadMode::kLatest);
  const Account account = account_in(account_found);
  const session::Cutoffs cutoffs = cutoffs_of(user, account);
  if (!row.found || row.bytes(StateColumn::kUserId) != facts.sub.text) {
    const TokenVerdict missing = row.found ? TokenVerdict::kEnded : TokenVerdict::kAbsent;
    return session_refusal(session::IsLocked(cutoffs, now) ? TokenVerdict::kLocked : missing, facts, id, replay);
  }
  const session::SessionTokenState state = {row.time(StateColumn::kCreatedAt),
                                            row.time(StateColumn::kEndsAt),
                                            row.time(StateColumn::kIdleEndsAt),
                                            denied.found,
                                            versions_of(facts),
                                            {account.version, row.int8_or(StateColumn::kVersion, 0)}};
  const Error *refusal = session_refusal(session::JudgeSessionToken(state, cutoffs, now), facts, id, replay);
  return refusal != nullptr ? refusal : check_actor(facts, state.created_at, now);
}

// A token that an API key was exchanged for is judged by the key's row: its own time of issue says nothing that the row does
// not.
const Error *check_key(const TokenFacts &facts, const pg_uuid_t &key_id, session::UserKey user_key, const TokenId &token_id,
                       Micros now) {
  using session::TokenVerdict;
  static constexpr Error kKeyEnded{ErrorCode::kSessionEnded, "its API key was revoked or has expired"};
  ApiKeyRow row;
  const session::Replay replay = replay_state();
  const bool found = as_owner("api_key", [&](MemoryContext caller) { return read_api_key(key_id, user_key, caller, row); });
  if (!found && verdict_here(TokenVerdict::kAbsent, facts, key_id, replay) == TokenVerdict::kNotKnownYet)
    return session::RefusalOf(TokenVerdict::kNotKnownYet);
  if (!facts.sub.present || !found || row.user_id != facts.sub.text) return &kKeyEnded;
  const UserRef user = {user_key, {}, facts.sub.text};
  RowOf<AccountColumn> account = account_row(user);
  RowOf<DeniedColumn> denied = denied_row(user_key, token_id);
  read_rows({&account, &denied}, ReadMode::kLatest);
  switch (session::JudgeExchangedKey(row.state, cutoffs_of(user, account_in(account)), now)) {
    case session::ApiKeyVerdict::kGood:
      return session::RefusalOf(denied.found ? TokenVerdict::kDenied : TokenVerdict::kGood);
    case session::ApiKeyVerdict::kLocked:
      return session::RefusalOf(TokenVerdict::kLocked);
    default:
      return &kKeyEnded;
  }
}

// What holds for the user of a token without a session. Plain data.
struct UserState {
  session::Cutoffs cutoffs;
  std::int64_t version;
};

// Of a token of our own; reads `denied` as well.
UserState own_user_state(const UserRef &user, RowOf<DeniedColumn> &denied) {
  const Account account = read_account_since_forgotten(user, &denied);
  return {{account.not_before, global_cutoff(), account.locked_until}, 0};
}

// Of a token of another issuer; reads `denied` as well. One that names our users is also subject to what holds for that user
// here.
UserState foreign_user_state(const TokenFacts &facts, const UserRef &user, RowOf<DeniedColumn> &denied) {
  RowOf<AccountColumn> account = account_row(user);
  read_rows({&account, &denied}, ReadMode::kLatest);
  const session::Cutoffs own = cutoffs_of(user, account_in(account));
  if (!facts.subject_is_ours) return {own, 0};
  const Account ours = read_account_since_forgotten(user_ref({}, facts.sub.text));
  return {{std::max(own.user, ours.not_before), own.global, ours.locked_until}, ours.version};
}

// One without a session is judged by when it was issued, to the microsecond where the token says it (iat_us).
const Error *check_issued_at(const TokenFacts &facts, session::UserKey user_key, const TokenId &token_id, Micros now) {
  const UserRef user = {user_key, facts.issuer, facts.sub.text};
  RowOf<DeniedColumn> denied = denied_row(user_key, token_id);
  UserState state = {{session::kNoCutoff, global_cutoff()}, 0};
  if (!facts.sub.present)
    read_rows({&denied}, ReadMode::kLatest);
  else
    state = facts.issuer.empty() ? own_user_state(user, denied) : foreign_user_state(facts, user, denied);
  // Without iat (RFC 7519 section 4.1.6: it is optional) a token counts as issued before every cutoff.
  const Micros issued_at = facts.has_iat ? facts.iat : session::kNoCutoff;
  session::TokenVerdict verdict = session::JudgeIssuedToken(issued_at, state.cutoffs, state.version, now);
  if (verdict == session::TokenVerdict::kGood && denied.found) verdict = session::TokenVerdict::kDenied;
  return session::RefusalOf(verdict);
}

const Error *check_state(const TokenFacts &facts, const pg_uuid_t *key_id, session::UserKey user_key, const TokenId &token_id,
                         Micros now) {
  const bool has_session = facts.sid.present && facts.issuer.empty();
  if ((has_session || key_id != nullptr) && !is_own_user_key(user_key)) return &kOtherServer;
  if (key_id != nullptr) {
    const Error *refusal = check_key(facts, *key_id, user_key, token_id, now);
    if (refusal != nullptr || !has_session) return refusal;
  }
  return has_session ? check_session(facts, user_key, token_id, now) : check_issued_at(facts, user_key, token_id, now);
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

bool key_id_of(const TokenFacts &facts, pg_uuid_t &key_id) {
  if (!facts.issuer.empty()) return false;
  const auto claim = facts.claims.root().FindText("key_id");
  return claim && ParseUuid(*claim, key_id) && api_keys_exist();
}

ActorState actor_state(std::string_view actor, Micros began, Micros now) {
  const UserRef user = user_ref({}, actor);
  // Whoever acts for users of this server has an account here, if only for that. Where it is missing, one of the two was handed
  // over to another server since, and nothing here knows whether the actor was revoked.
  if (!is_own_user_key(user.user_key) && !has_account(user)) return {session::TokenVerdict::kEnded, session::kNoCutoff};
  const Account account = read_account_since_forgotten(user);
  return {session::JudgeActor(began, {account.not_before, session::kNoCutoff, account.locked_until}, now), account.not_before};
}

const Error *token_state_refusal(const TokenFacts &facts, Micros now) {
  const TokenId token_id = facts.known != nullptr ? facts.known->id : token_id_of(facts);
  const session::UserKey user_key = facts.known != nullptr ? facts.known->user_key : token_user_key(facts);
  pg_uuid_t key_id;
  const bool has_key = key_id_of(facts, key_id);
  return check_state(facts, has_key ? &key_id : nullptr, user_key, token_id, now);
}

}  // namespace jwt_auth::pg
