#include "pg/keyring.hpp"

#include <limits>

#include "jose/base64url.hpp"
#include "pg/owner.hpp"
#include "pg/plans.hpp"
#include "pg/settings.hpp"

namespace jwt_auth::pg {

namespace {

constexpr jose::Micros kNoCutoff = std::numeric_limits<jose::Micros>::min();

struct TrustedIssuer {
  std::string name;
  std::optional<std::string> audience;
  jose::KeySet keys;
};

// One consistent parsed copy; replaced whole.
struct Ring {
  jose::KeySet verifying;                // active and verify-only keys
  jose::KeySet signing;                  // the active key, or empty
  std::optional<Error> signing_refusal;  // why there is an active key that can't sign
  std::vector<TrustedIssuer> issuers;
};

// The backend's copy and whether it still holds. Invalidations only count and clear; they may arrive at any time.
struct RingCache {
  Ring *ring;
  bool valid;
  std::uint64_t invalidations;
  Oid tables[3];
  jose::Micros cutoff;
};
RingCache cache;

void on_relcache_invalidation(Datum, Oid relation) {
  const bool ours = relation == cache.tables[0] || relation == cache.tables[1] || relation == cache.tables[2];
  if (OidIsValid(relation) && !ours) return;
  cache.valid = false;
  cache.invalidations++;
}

// Rows as the Postgres phase hands them over.
struct KeyRow {
  bool active;
  OptionalText public_jwk;
  OptionalText private_jwk;
};
struct IssuerRow {
  std::string_view issuer;
  std::string_view jwks;
  OptionalText audience;
};
struct RingRows {
  KeyRow *keys;
  std::uint64_t key_count;
  IssuerRow *issuers;
  std::uint64_t issuer_count;
};

Statement select_keys = {
    "SELECT state = 'active', public_jwk::text, private_jwk FROM jwt_auth.signing_key"
    " WHERE state IN ('active', 'verify_only') ORDER BY state, created_at DESC, kid",
    0,
    {},
    nullptr};
Statement select_issuers = {"SELECT issuer, jwks::text, audience FROM jwt_auth.trusted_issuer", 0, {}, nullptr};
Statement select_cutoff = {"SELECT not_before FROM jwt_auth.cutoff", 0, {}, nullptr};

// A text column copied out of SPI's memory into `context`.
OptionalText text_column(std::uint64_t row, int number, MemoryContext context) {
  bool is_null;
  const Datum value = column(row, number, &is_null);
  if (is_null) return {false, {}};
  MemoryContext old = MemoryContextSwitchTo(context);
  const OptionalText copy{true, view_of(reinterpret_cast<struct varlena *>(PG_DETOAST_DATUM_COPY(value)))};
  MemoryContextSwitchTo(old);
  return copy;
}

RingRows read_rows(MemoryContext context) {
  RingRows rows{};
  const Parameters none{};
  bool is_null;

  rows.key_count = execute_latest(select_keys, none);
  rows.keys = static_cast<KeyRow *>(MemoryContextAlloc(context, sizeof(KeyRow) * (rows.key_count + 1)));
  for (std::uint64_t i = 0; i < rows.key_count; i++)
    rows.keys[i] = {DatumGetBool(column(i, 1, &is_null)), text_column(i, 2, context), text_column(i, 3, context)};

  rows.issuer_count = execute_latest(select_issuers, none);
  rows.issuers = static_cast<IssuerRow *>(MemoryContextAlloc(context, sizeof(IssuerRow) * (rows.issuer_count + 1)));
  for (std::uint64_t i = 0; i < rows.issuer_count; i++)
    rows.issuers[i] = {text_column(i, 1, context).text, text_column(i, 2, context).text, text_column(i, 3, context)};

  const bool has_cutoff = execute_latest(select_cutoff, none) > 0;
  cache.cutoff = has_cutoff ? micros_of(DatumGetTimestampTz(column(0, 1, &is_null))) : kNoCutoff;
  return rows;
}

Result<jose::Key> ParseKeyText(std::string_view text) {
  auto document = jose::ParseJsonObject(text);
  if (!document) return Error{ErrorCode::kUnusableKey, "a JWK in the keyring is not valid JSON"};
  return jose::ParseJwk(document->root());
}

void AddKey(Ring &ring, const KeyRow &row) {
  // An HMAC key has only its private form, which then verifies as well.
  const OptionalText &verifier = row.public_jwk.present ? row.public_jwk : row.private_jwk;
  if (auto key = ParseKeyText(verifier.text)) ring.verifying.keys.push_back(std::move(*key));
  if (!row.active) return;
  auto key = ParseKeyText(row.private_jwk.text);
  if (key)
    ring.signing.keys.push_back(std::move(*key));
  else
    ring.signing_refusal = key.error();
}

void Rebuild(const RingRows &rows) {
  auto ring = std::make_unique<Ring>();
  ring->verifying.is_jwks = true;
  for (std::uint64_t i = 0; i < rows.key_count; i++) AddKey(*ring, rows.keys[i]);
  for (std::uint64_t i = 0; i < rows.issuer_count; i++) {
    const IssuerRow &row = rows.issuers[i];
    auto keys = jose::ParseKeys(row.jwks);
    if (!keys) continue;
    std::optional<std::string> audience;
    if (row.audience.present) audience.emplace(row.audience.text);
    ring->issuers.push_back({std::string(row.issuer), std::move(audience), std::move(*keys)});
  }
  delete cache.ring;
  cache.ring = ring.release();
}

void reload() {
  const std::uint64_t seen = cache.invalidations;
  cache.tables[0] = table_oid("signing_key");
  cache.tables[1] = table_oid("trusted_issuer");
  cache.tables[2] = table_oid("cutoff");

  MemoryContext caller = CurrentMemoryContext;
  MemoryContext context = AllocSetContextCreate(caller, "jwt_auth keyring load", ALLOCSET_SMALL_SIZES);
  const OwnerScope scope = enter_owner("signing_key");
  SPI_connect();
  const RingRows rows = read_rows(context);
  SPI_finish();
  leave_owner(scope);

  const auto outcome = Guard([&]() -> Result<void> {
    Rebuild(rows);
    return {};
  });
  for (std::uint64_t i = 0; i < rows.key_count; i++) {
    const std::string_view secret = rows.keys[i].private_jwk.text;
    cleanse({const_cast<char *>(secret.data()), secret.size()});
  }
  MemoryContextDelete(context);
  if (!outcome.ok) raise_error(outcome.error);
  cache.valid = cache.invalidations == seen;
}

}  // namespace

void init_keyring() { CacheRegisterRelcacheCallback(on_relcache_invalidation, static_cast<Datum>(0)); }

void refresh_keyring() {
  // Without this an open transaction that does nothing but call us would never hear of a change.
  AcceptInvalidationMessages();
  if (!cache.valid) reload();
}

jose::Micros global_cutoff() { return cache.cutoff; }

Result<std::string> SignWithRing(std::string_view payload) {
  const Ring &ring = *cache.ring;
  if (ring.signing.keys.empty()) return ring.signing_refusal.value_or(Error{ErrorCode::kNoActiveKey, nullptr});
  jose::SignOptions options;
  options.typ = "JWT";
  return jose::SignJws(payload, ring.signing, options);
}

namespace {

// The trusted issuer that a token claims to be from, by its unverified payload; null for our own tokens.
Result<const TrustedIssuer *> ClaimedIssuer(const jose::UnverifiedJws &token) {
  const auto &issuers = cache.ring->issuers;
  if (issuers.empty()) return static_cast<const TrustedIssuer *>(nullptr);
  auto bytes = jose::DecodeBase64Url(token.encoded_payload());
  if (!bytes) return bytes.error();
  auto payload = jose::ParseJsonObject(*bytes);
  if (!payload) return payload.error();
  const auto iss = payload->root().Find("iss");
  if (!iss || !iss->is(jose::JsonType::kString) || iss->text() == settings::issuer)
    return static_cast<const TrustedIssuer *>(nullptr);
  for (const TrustedIssuer &issuer : issuers)
    if (issuer.name == iss->text()) return &issuer;
  return static_cast<const TrustedIssuer *>(nullptr);
}

// Where a claim's text lies in the copied claims: the copy has the document's layout.
OptionalText InCopy(const std::optional<std::string_view> &claim, const jose::JsonDocument &document, const FlatJson &copy) {
  if (!claim) return {false, {}};
  return {true, {copy.text + (claim->data() - document.text().data()), claim->size()}};
}

}  // namespace

Result<TokenFacts> VerifyWithRing(std::string_view token, jose::Micros now) {
  auto parsed = jose::UnverifiedJws::Parse(token);
  if (!parsed) return parsed.error();
  auto claimed = ClaimedIssuer(*parsed);
  if (!claimed) return claimed.error();
  const TrustedIssuer *foreign = *claimed;

  auto verified = jose::VerifyJws(std::move(*parsed), foreign != nullptr ? foreign->keys : cache.ring->verifying,
                                  jose::AlgorithmSet::All());
  if (!verified) return verified.error();
  auto payload = jose::ParseJsonObject(verified->payload());
  if (!payload) return payload.error();
  auto claims = jose::ReadClaims(payload->root());
  if (!claims) return claims.error();

  jose::Expectations expected;
  expected.now = now;
  expected.leeway = settings::leeway * jose::kMicrosPerSecond;
  if (foreign != nullptr)
    expected.issuer = foreign->name;
  else if (*settings::issuer != '\0')
    expected.issuer = settings::issuer;
  if (foreign != nullptr && foreign->audience)
    expected.audience = *foreign->audience;
  else if (*settings::audience != '\0')
    expected.audience = settings::audience;
  auto accepted = jose::CheckClaims(*claims, expected);
  if (!accepted) return accepted.error();
  if (!claims->exp) return Error{ErrorCode::kMalformed, "no exp"};

  auto copy = CopyOut(*payload);
  if (!copy) return copy.error();
  auto issuer = CopyOut(foreign != nullptr ? std::string_view(foreign->name) : std::string_view());
  if (!issuer) return issuer.error();
  TokenFacts facts{};
  facts.claims = *copy;
  facts.issuer = issuer->view();
  facts.sub = InCopy(claims->sub, *payload, *copy);
  facts.jti = InCopy(claims->jti, *payload, *copy);
  if (const auto sid = payload->root().Find("sid")) {
    if (!sid->is(jose::JsonType::kString)) return Error{ErrorCode::kMalformed, "sid is not a string"};
    facts.sid = InCopy(sid->text(), *payload, *copy);
  }
  facts.has_iat = claims->iat.has_value();
  facts.iat = claims->iat.value_or(0);
  facts.exp = *claims->exp;
  facts.signing_input = {token.data(), verified->token().signing_input().size()};
  return facts;
}

}  // namespace jwt_auth::pg
