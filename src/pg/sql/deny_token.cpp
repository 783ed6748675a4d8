// Single access tokens: deny_token refuses one until it would have expired, consume_token accepts one once.
#include "jose/json/base64url.hpp"
#include "pg/identity/purpose.hpp"
#include "pg/identity/token_check.hpp"
#include "pg/identity/token_state.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/own_users.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/revocation.hpp"
#include "pg/store/suppressed.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

// Who comes second waits for the first and then finds the row, or, with an older snapshot, gets a serialization failure.
Statement insert_denial = {
    "INSERT INTO jwt_auth.denied_token (user_key, token_id, issuer, denied_at, expires_at, reason)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_key, token_id) DO NOTHING",
    {INT4OID, BYTEAOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID}};

Statement select_denial = {"SELECT FROM jwt_auth.denied_token WHERE user_key = $1 AND token_id = $2", {INT4OID, BYTEAOID}};

// A longer jti names its token no better for somebody who reads the audit.
constexpr std::size_t kLongestShown = 512;

OptionalText shown(const OptionalText &text) noexcept { return {text.present && text.text.size() <= kLongestShown, text.text}; }

// SHA-256 in hex, for a `sub` that no user of ours can have: stored whole it might not fit an index on the column.
const char *hex_digest(std::string_view text) {
  const auto hash = value_or_raise([&]() -> Result<session::Hash> { return session::HashOf(text); });
  auto *hex = static_cast<char *>(palloc0(2 * hash.size() + 1));
  hex_encode(reinterpret_cast<const char *>(hash.data()), hash.size(), hex);
  return hex;
}

void record(session::Event name, const TokenFacts &facts, const OptionalText &reason, TimestampTz now) {
  AuthEvent event{};
  event.event = name;
  pg_uuid_t session;
  if (facts.issuer.empty() && facts.sid.present && ParseUuid(facts.sid.text, session)) event.session_id = &session;
  const bool names_nobody = facts.sub.present && facts.sub.text.size() > kMaxUserId;
  JsonBuilder detail;
  if (!facts.issuer.empty()) detail.add_text("issuer", facts.issuer);
  if (names_nobody) detail.add_text("sub_sha256", hex_digest(facts.sub.text));
  detail.add_optional("jti", shown(facts.jti));
  detail.add_optional("reason", reason);
  event.detail = detail.finish();
  const OptionalText user_id = names_nobody ? OptionalText{false, {}} : facts.sub;
  write_event({user_id, 0, false, {false, {}}}, event, now);
}

// The row is there already, or a trigger kept it from being inserted.
void check_that_it_is_denied(session::UserKey user_key, const TokenId &token_id) {
  Parameters parameters{};
  add(parameters, Int32GetDatum(user_key));
  add_bytes(parameters, token_id.data(), token_id.size());
  if (execute_latest(select_denial, parameters) == 0) raise_suppressed("denied_token");
}

// Names the token for verifiers: by its jti where it is ours and has one of reasonable length, else by the hash that names it
// here.
Bytes name_for_verifiers(const TokenFacts &facts, const TokenId &token_id) {
  return value_or_raise([&]() -> Result<Bytes> {
    if (facts.issuer.empty() && shown(facts.jti).present) return CopyOut(facts.jti.text);
    return CopyOut("sha256:" + jose::EncodeBase64Url({reinterpret_cast<const char *>(token_id.data()), token_id.size()}));
  });
}

void tell_verifiers(const TokenFacts &facts, const TokenId &token_id) {
  Revocation revocation{RevocationKind::kToken};
  revocation.user_id = facts.sub;
  revocation.token_id = {true, name_for_verifiers(facts, token_id).view()};
  revocation.until = facts.exp;
  write_revocation(revocation);
}

// False if the token was denied already.
bool deny(const TokenFacts &facts, session::Event event, const OptionalText &reason) {
  const TokenId token_id = token_id_of(facts);
  const session::UserKey user_key = token_user_key(facts);
  // Here nothing would notice it. A token that names no user of ours is denied where that is said.
  if (facts.issuer.empty() && facts.sub.present) require_own_user_key(user_key);
  return as_owner("denied_token", [&](MemoryContext) {
    const TimestampTz now = GetCurrentTimestamp();
    Parameters parameters{};
    add(parameters, Int32GetDatum(user_key));
    add_bytes(parameters, token_id.data(), token_id.size());
    add_text(parameters, facts.issuer);
    add(parameters, TimestampTzGetDatum(now));
    add_time(parameters, facts.exp);
    add_optional(parameters, reason);
    const bool denied = execute(insert_denial, parameters) == 1;
    if (!denied) {
      check_that_it_is_denied(user_key, token_id);
      return false;
    }
    record(event, facts, reason, now);
    tell_verifiers(facts, token_id);
    return true;
  });
}

Datum deny_token(FunctionCallInfo fcinfo) {
  const std::string_view token = required_token(fcinfo, 0);
  const OptionalText reason = optional_text(fcinfo, 1);
  refresh_keyring();
  const jose::Micros now = now_micros();
  const auto outcome = Guard([&] { return VerifyWithRing(token, {}, now, Purpose::kDeny); });
  // Nothing accepts it any more.
  if (!outcome.ok && outcome.error.code == ErrorCode::kExpired) return BoolGetDatum(false);
  if (!outcome.ok) raise_error(outcome.error);
  return BoolGetDatum(deny(outcome.value, session::Event::kTokenDenied, reason));
}

Datum consume(std::string_view token, const jose::ExpectedType &type) {
  const auto outcome = check_token(token, type);
  if (!outcome.ok) raise_error(outcome.error);
  // A token of a session or of an API key is for many requests, whatever its type says.
  pg_uuid_t key_id;
  if (type.rule == jose::ExpectedType::Rule::kUntyped && (outcome.value.sid.present || key_id_of(outcome.value, key_id)))
    raise_error({ErrorCode::kOtherTokenType, "an access token of a session or an API key is not for one use"});
  const jose::Micros asked = now_micros();
  if (!deny(outcome.value, session::Event::kTokenConsumed, {false, {}})) raise_error({ErrorCode::kDenied, nullptr});
  // Whoever else was about to consume it may have been waited for, and the token have run out or been revoked meanwhile. That
  // it is denied now is our own doing, and the last thing that is asked.
  if (has_waited(asked)) {
    const auto again = look_at_token(token, type);
    if (!again.ok && again.error.code != ErrorCode::kDenied) raise_error(again.error);
  }
  return jsonb_from(outcome.value.claims);
}

Datum consume_token(FunctionCallInfo fcinfo) {
  const std::string_view token = required_token(fcinfo, 0);
  if (PG_NARGS() == 1) return consume(token, {jose::ExpectedType::Rule::kUntyped, {}, true});
  return consume(token, purpose_argument(fcinfo, 1));
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_deny_token) { return jwt_auth::pg::deny_token(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_consume_token) { return jwt_auth::pg::consume_token(fcinfo); }
