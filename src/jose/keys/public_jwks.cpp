#include "jose/keys/public_jwks.hpp"

#include <algorithm>

#include "jose/keys/jwk.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error Unusable(const char *detail) { return {ErrorCode::kUnusableKey, detail}; }
constexpr Error kSecret = Unusable("a private or symmetric key where only public ones belong");

// By its members alone: a key that is not usable can be secret all the same. "priv" is that of newer kinds of key (kty AKP).
bool IsSecret(const JsonValue &jwk) {
  for (const std::string_view name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
    if (jwk.Find(name)) return true;
  const auto kty = jwk.Find("kty");
  return kty && kty->is(JsonType::kString) && kty->text() == "oct";
}

// Wherever it stands: a whole JWK inside a member that nobody reads, or PEM. The set is kept as it is given.
bool HoldsSecret(const JsonValue &value) {
  if (value.is(JsonType::kString)) return value.text().find("PRIVATE KEY-----") != std::string_view::npos;
  if (value.Find("kty") && IsSecret(value)) return true;
  if (!value.is(JsonType::kObject) && !value.is(JsonType::kArray)) return false;
  for (std::uint32_t i = value.begin(); i != value.end(); i = value.after(i))
    if (HoldsSecret(value.at(i))) return true;
  return false;
}

bool CanVerify(const Key &key) { return !key.algorithms().empty() && (key.operations() & kOpVerify) != 0; }

}  // namespace

Result<void> CheckPublicJwks(std::string_view text) {
  const auto document = ParseJsonObject(text);
  if (!document) return Unusable("a JWK set is a JSON object");
  const auto keys = document->root().Find("keys");
  if (!keys || !keys->is(JsonType::kArray)) return Unusable("not a JWK set: there is no array of keys");
  for (std::uint32_t i = keys->begin(); i != keys->end(); i = keys->after(i))
    if (IsSecret(keys->at(i))) return kSecret;
  if (HoldsSecret(document->root())) return kSecret;
  const auto set = ParseKeys(text);
  if (!set) return set.error();
  if (std::none_of(set->keys.begin(), set->keys.end(), CanVerify)) return Unusable("no key of the set verifies signatures");
  return {};
}

}  // namespace jwt_auth::jose
