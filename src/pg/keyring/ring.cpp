#include "pg/keyring/ring.hpp"

#include <algorithm>
#include <tuple>

#include "pg/keyring/private_jwk.hpp"

namespace jwt_auth::pg {

namespace {

Result<void> AddPublicKey(Ring &ring, const KeyRow &row) {
  const auto document = jose::ParseJsonObject(row.public_jwk.text);
  if (!document) return {};
  auto key = jose::ParseJwk(document->root());
  if (!key) return IsOutOfMemory(key.error()) ? Result<void>(key.error()) : Result<void>();
  // A row that somebody edited by hand must not answer for another's kid.
  if (key->kid() == row.kid) ring.verifying.keys.push_back(std::move(*key));
  return {};
}

// An HMAC key has only its private form, which verifies as well as it signs.
Result<void> AddSecretKey(Ring &ring, const KeyRow &row) {
  auto key = OpenStoredKey(row.kid, row.public_jwk, row.private_jwk);
  if (key)
    ring.verifying.keys.push_back(std::move(*key));
  else if (IsOutOfMemory(key.error()))
    return key.error();
  else
    ring.unopened.emplace(row.kid);
  return {};
}

// An imported key may have to verify for long what it signed elsewhere: that says nothing of what it signed here.
session::KeyHistory HistoryOf(const KeyRow &row) {
  const jose::Micros end = row.is_imported ? row.tokens_until : std::max(row.tokens_until, row.verify_until);
  return {session::kNoCutoff, row.token_ttl, end, row.is_imported, row.elsewhere_until};
}

// The active key first, then the latest: most tokens are theirs.
bool ComesFirst(const KeyRow &a, const KeyRow &b) {
  return std::tuple(b.active, b.created_at, a.kid) < std::tuple(a.active, a.created_at, b.kid);
}

}  // namespace

ActiveKey::ActiveKey(const KeyRow &row) : kid(row.kid), token_ttl(row.token_ttl), tokens_until(row.tokens_until) {
  if (row.public_jwk.present) public_jwk_.emplace(row.public_jwk.text);
  if (row.private_jwk.present) private_jwk_.emplace(row.private_jwk.text.begin(), row.private_jwk.text.end());
}

Result<const jose::KeySet *> ActiveKey::Open() {
  if (kid.empty()) return Error{ErrorCode::kNoActiveKey, nullptr};
  if (opened_.keys.empty()) {
    const OptionalText public_jwk{public_jwk_.has_value(), public_jwk_ ? *public_jwk_ : std::string_view()};
    const OptionalText private_jwk{private_jwk_.has_value(), private_jwk_ ? jose::AsText(*private_jwk_) : std::string_view()};
    auto key = OpenStoredKey(kid, public_jwk, private_jwk);
    if (!key) return key.error();
    opened_.keys.push_back(std::move(*key));
    private_jwk_.reset();
  }
  return &opened_;
}

Result<std::unique_ptr<Ring>> BuildRing(const RingRows &rows) {
  std::sort(rows.keys, rows.keys + rows.key_count, ComesFirst);
  auto ring = std::make_unique<Ring>();
  ring->verifying.is_jwks = true;
  for (std::uint64_t i = 0; i < rows.key_count; i++) {
    const KeyRow &row = rows.keys[i];
    const auto added = row.public_jwk.present ? AddPublicKey(*ring, row) : AddSecretKey(*ring, row);
    if (!added) return added.error();
    if (row.active) ring->active = ActiveKey(row);
    ring->histories.push_back(HistoryOf(row));
  }
  for (std::uint64_t i = 0; i < rows.issuer_count; i++) {
    const IssuerRow &row = rows.issuers[i];
    ring->issuers.try_emplace(std::string(row.issuer), row);
    ring->trusts_issuers_of_our_users = ring->trusts_issuers_of_our_users || row.subjects_are_ours;
  }
  for (std::uint64_t i = 0; i < rows.class_count; i++)
    ring->classes.push_back({std::string(rows.classes[i].name), rows.classes[i].value});
  return ring;
}

}  // namespace jwt_auth::pg
