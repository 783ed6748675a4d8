#include "pg/identity/token_state.hpp"

#include "jose/crypto/openssl.hpp"
#include "pg/identity/token_check.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/api_key_store.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

using jose::Micros;

// A session, its user's cutoff and whether the token is denied, in one look.
enum class StateColumn { kCreatedAt, kEndsAt, kIdleEndsAt, kIsDenied, kNotBefore };
Query<StateColumn> select_session_state = {
    "SELECT s.created_at, s.ends_at, s.idle_ends_at,"
    " EXISTS (SELECT FROM jwt_auth.denied_token d WHERE d.user_key = $2 AND d.token_id = $4),"
    " (SELECT a.not_before FROM jwt_auth.account a WHERE a.user_key = $2 AND a.issuer = '' AND a.user_id = $3)"
    " FROM jwt_auth.refresh_session s WHERE s.session_id = $1 AND s.user_key = $2 AND s.user_id = $3",
    {UUIDOID, INT4OID, TEXTOID, BYTEAOID}};

Statement select_denied = {"SELECT FROM jwt_auth.denied_token WHERE user_key = $1 AND token_id = $2", {INT4OID, BYTEAOID}};

constexpr Error kEnded{ErrorCode::kSessionEnded, nullptr};
constexpr Error kDenied{ErrorCode::kDenied, nullptr};

// A token of a session is judged by its session.
const Error *check_session(const TokenFacts &facts, session::UserKey user_key, const TokenId &token_id, Micros now) {
  pg_uuid_t id;
  if (!facts.sub.present || !ParseUuid(facts.sid.text, id)) return &kEnded;
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&id));
  add(parameters, Int32GetDatum(user_key));
  add_text(parameters, facts.sub.text);
  add_bytes(parameters, token_id.data(), token_id.size());
  const Rows<StateColumn> rows = execute_latest(select_session_state, parameters);
  if (rows.empty()) return &kEnded;
  const Row<StateColumn> row = rows[0];
  const Micros created_at = row.time(StateColumn::kCreatedAt);
  const Micros not_before = row.time_or(StateColumn::kNotBefore, session::kNoCutoff);
  const session::Cutoffs cutoffs = {std::max(not_before, unpadded_cutoff({user_key, {}, facts.sub.text})), global_cutoff()};
  // A revocation deletes its sessions; the cutoff is asked as well, for rows that came back from a copy.
  const bool is_over = !session::IsAfterCutoffs(created_at, cutoffs) || now >= row.time(StateColumn::kEndsAt) ||
                       now >= row.time(StateColumn::kIdleEndsAt);
  if (is_over) return &kEnded;
  return row.boolean(StateColumn::kIsDenied) ? &kDenied : nullptr;
}

bool is_denied(session::UserKey user_key, const TokenId &token_id) {
  Parameters parameters{};
  add(parameters, Int32GetDatum(user_key));
  add_bytes(parameters, token_id.data(), token_id.size());
  return execute_latest(select_denied, parameters) > 0;
}

// A token that an API key was exchanged for is judged by the key's row: its own time of issue says nothing that the row does
// not.
const Error *check_key(const TokenFacts &facts, const pg_uuid_t &key_id, session::UserKey user_key, const TokenId &token_id,
                       Micros now) {
  static constexpr Error kKeyEnded{ErrorCode::kSessionEnded, "its API key was revoked or has expired"};
  ApiKeyRow row;
  if (!facts.sub.present || !read_api_key(key_id, user_key, CurrentMemoryContext, row) || row.user_id != facts.sub.text)
    return &kKeyEnded;
  const session::Cutoffs cutoffs = {read_account({user_key, {}, facts.sub.text}).not_before, global_cutoff()};
  if (session::JudgeExchangedKey(row.state, cutoffs, now) != session::ApiKeyVerdict::kGood) return &kKeyEnded;
  return is_denied(user_key, token_id) ? &kDenied : nullptr;
}

// A token of an issuer that names our users is also subject to what holds for that user here.
Micros user_cutoff(const TokenFacts &facts, session::UserKey user_key) {
  const Micros cutoff = read_account({user_key, facts.issuer, facts.sub.text}).not_before;
  if (facts.issuer.empty() || !facts.subject_is_ours) return cutoff;
  return std::max(cutoff, read_account(user_ref({}, facts.sub.text)).not_before);
}

// One without a session is judged by when it was issued, to the microsecond where the token says it (iat_us).
const Error *check_issued_at(const TokenFacts &facts, session::UserKey user_key, const TokenId &token_id) {
  static constexpr Error kBeforeCutoff{ErrorCode::kBeforeCutoff, nullptr};
  // Without iat (RFC 7519 section 4.1.6: it is optional) a token counts as issued before every cutoff.
  const Micros issued_at = facts.has_iat ? facts.iat : session::kNoCutoff;
  if (issued_at < global_cutoff()) return &kBeforeCutoff;
  if (facts.sub.present && issued_at < user_cutoff(facts, user_key)) return &kBeforeCutoff;
  return is_denied(user_key, token_id) ? &kDenied : nullptr;
}

const Error *check_state(const TokenFacts &facts, const pg_uuid_t *key_id, session::UserKey user_key, const TokenId &token_id,
                         Micros now) {
  const bool has_session = facts.sid.present && facts.issuer.empty();
  if (key_id != nullptr) {
    const Error *refusal = check_key(facts, *key_id, user_key, token_id, now);
    if (refusal != nullptr || !has_session) return refusal;
  }
  return has_session ? check_session(facts, user_key, token_id, now) : check_issued_at(facts, user_key, token_id);
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
  const jose::JsonNode *claim = FindClaim(facts.claims, "key_id");
  return claim != nullptr && claim->type == jose::JsonType::kString && ParseUuid(TextOf(facts.claims, *claim), key_id) &&
         api_keys_exist();
}

const Error *token_state_refusal(const TokenFacts &facts, Micros now) {
  const TokenId token_id = token_id_of(facts);
  const session::UserKey user_key = token_user_key(facts);
  pg_uuid_t key_id;
  const bool has_key = key_id_of(facts, key_id);
  return as_owner("refresh_session",
                  [&](MemoryContext) { return check_state(facts, has_key ? &key_id : nullptr, user_key, token_id, now); });
}

}  // namespace jwt_auth::pg
