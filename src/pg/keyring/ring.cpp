#include "pg/keyring/ring.hpp"

#include "pg/keyring/stored_key.hpp"

namespace jwt_auth::pg {

TrustedIssuer::TrustedIssuer(std::string_view jwks, const OptionalText &audience) : jwks_(jwks) {
  if (audience.present) audience_.emplace(audience.text);
}

Result<const jose::KeySet *> TrustedIssuer::Keys() {
  if (!keys_) keys_.emplace(jose::ParseKeys(jwks_));
  if (!*keys_) return keys_->error();
  return &**keys_;
}

namespace {

void AddPublicKey(Ring &ring, const KeyRow &row) {
  const auto document = jose::ParseJsonObject(row.public_jwk.text);
  if (!document) return;
  auto key = jose::ParseJwk(document->root());
  // A row that somebody edited by hand must not answer for another's kid.
  if (key && key->kid() == row.kid) ring.verifying.keys.push_back(std::move(*key));
}

// An HMAC key has only its private form, which verifies as well as it signs.
void AddSecretKey(Ring &ring, const KeyRow &row) {
  auto key = OpenStoredKey(row.kid, row.public_jwk, row.private_jwk);
  if (key)
    ring.verifying.keys.push_back(std::move(*key));
  else
    ring.unopened.emplace(row.kid);
}

void SetActiveKey(Ring &ring, const KeyRow &row) {
  ring.active.kid = row.kid;
  ring.active.token_ttl = row.token_ttl;
  ring.active.tokens_until = row.tokens_until;
  auto key = OpenStoredKey(row.kid, row.public_jwk, row.private_jwk);
  if (key)
    ring.active.keys.keys.push_back(std::move(*key));
  else
    ring.active.refusal = key.error();
}

}  // namespace

std::unique_ptr<Ring> BuildRing(const RingRows &rows) {
  auto ring = std::make_unique<Ring>();
  ring->verifying.is_jwks = true;
  for (std::uint64_t i = 0; i < rows.key_count; i++) {
    const KeyRow &row = rows.keys[i];
    if (row.public_jwk.present)
      AddPublicKey(*ring, row);
    else
      AddSecretKey(*ring, row);
    if (row.active) SetActiveKey(*ring, row);
  }
  for (std::uint64_t i = 0; i < rows.issuer_count; i++) {
    const IssuerRow &row = rows.issuers[i];
    ring->issuers.try_emplace(std::string(row.issuer), row.jwks, row.audience);
  }
  return ring;
}

}  // namespace jwt_auth::pg
