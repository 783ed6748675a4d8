#include "pg/identity/token_state.hpp"

#include "jose/crypto/openssl.hpp"
#include "pg/identity/token_check.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/api_key_store.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/row_reader.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

using jose::Micros;

// What judges a token of a session, in the order of the enum.
enum class StateColumn { kUserId, kCreatedAt, kEndsAt, kIdleEndsAt };
TableOf<StateColumn> session_state_table = {
    "refresh_session",
    {{"session_id", UUIDOID}, {"user_key", INT4OID}},
    {{"user_id", TEXTOID}, {"created_at", TIMESTAMPTZOID}, {"ends_at", TIMESTAMPTZOID}, {"idle_ends_at", TIMESTAMPTZOID}}};

constexpr Error kEnded{ErrorCode::kSessionEnded, nullptr};
constexpr Error kDenied{ErrorCode::kDenied, nullptr};

// A token of a session is judged by its session.
const Error *check_session(const TokenFacts &facts, session::UserKey user_key, const TokenId &token_id, Micros now) {
  pg_uuid_t id;
  if (!facts.sub.present || !ParseUuid(facts.sid.text, id)) return &kEnded;
  const UserRef user = {user_key, {}, facts.sub.text};
  RowOf<StateColumn> session = {session_state_table, {UUIDPGetDatum(&id), Int32GetDatum(user_key)}};
  RowOf<AccountColumn> account = account_row(user);
  RowOf<DeniedColumn> denied = denied_row(user_key, token_id);
  read_rows({&session, &account, &denied}, ReadMode::kLatest);
  if (!session.found || session.bytes(StateColumn::kUserId) != facts.sub.text) return &kEnded;
  const Micros not_before = std::max(account_in(account).not_before, unpadded_cutoff(user));
  const session::Cutoffs cutoffs = {not_before, global_cutoff()};
  // A revocation deletes its sessions; the cutoff is asked as well, for rows that came back from a copy.
  const bool is_over = !session::IsAfterCutoffs(session.time(StateColumn::kCreatedAt), cutoffs) ||
                       now >= session.time(StateColumn::kEndsAt) || now >= session.time(StateColumn::kIdleEndsAt);
  if (is_over) return &kEnded;
  return denied.found ? &kDenied : nullptr;
}

// A token that an API key was exchanged for is judged by the key's row: its own time of issue says nothing that the row does
// not.
const Error *check_key(const TokenFacts &facts, const pg_uuid_t &key_id, session::UserKey user_key, const TokenId &token_id,
                       Micros now) {
  static constexpr Error kKeyEnded{ErrorCode::kSessionEnded, "its API key was revoked or has expired"};
  ApiKeyRow row;
  const bool found = as_owner("api_key", [&](MemoryContext caller) { return read_api_key(key_id, user_key, caller, row); });
  if (!facts.sub.present || !found || row.user_id != facts.sub.text) return &kKeyEnded;
  const UserRef user = {user_key, {}, facts.sub.text};
  RowOf<AccountColumn> account = account_row(user);
  RowOf<DeniedColumn> denied = denied_row(user_key, token_id);
  read_rows({&account, &denied}, ReadMode::kLatest);
  const session::Cutoffs cutoffs = {std::max(account_in(account).not_before, unpadded_cutoff(user)), global_cutoff()};
  if (session::JudgeExchangedKey(row.state, cutoffs, now) != session::ApiKeyVerdict::kGood) return &kKeyEnded;
  return denied.found ? &kDenied : nullptr;
}

// A token of an issuer that names our users is also subject to what holds for that user here.
Micros user_cutoff(const TokenFacts &facts, const UserRef &user, const RowOf<AccountColumn> &account) {
  const Micros cutoff = std::max(account_in(account).not_before, unpadded_cutoff(user));
  if (facts.issuer.empty() || !facts.subject_is_ours) return cutoff;
  return std::max(cutoff, read_account(user_ref({}, facts.sub.text)).not_before);
}

// One without a session is judged by when it was issued, to the microsecond where the token says it (iat_us).
const Error *check_issued_at(const TokenFacts &facts, session::UserKey user_key, const TokenId &token_id) {
  static constexpr Error kBeforeCutoff{ErrorCode::kBeforeCutoff, nullptr};
  // Without iat (RFC 7519 section 4.1.6: it is optional) a token counts as issued before every cutoff.
  const Micros issued_at = facts.has_iat ? facts.iat : session::kNoCutoff;
  if (issued_at < global_cutoff()) return &kBeforeCutoff;
  const UserRef user = {user_key, facts.issuer, facts.sub.text};
  RowOf<AccountColumn> account = account_row(user);
  RowOf<DeniedColumn> denied = denied_row(user_key, token_id);
  if (facts.sub.present)
    read_rows({&account, &denied}, ReadMode::kLatest);
  else
    read_rows({&denied}, ReadMode::kLatest);
  if (facts.sub.present && issued_at < user_cutoff(facts, user, account)) return &kBeforeCutoff;
  return denied.found ? &kDenied : nullptr;
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
  return check_state(facts, has_key ? &key_id : nullptr, user_key, token_id, now);
}

}  // namespace jwt_auth::pg
