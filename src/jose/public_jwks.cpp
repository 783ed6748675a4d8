#include "jose/public_jwks.hpp"

#include <algorithm>

#include "jose/jwk.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error Unusable(const char *detail) { return {ErrorCode::kUnusableKey, detail}; }

// By its members alone: a key that is not usable can be secret all the same.
bool IsSecret(const JsonValue &jwk) {
  for (const std::string_view name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
    if (jwk.Find(name)) return true;
  const auto kty = jwk.Find("kty");
  return kty && kty->is(JsonType::kString) && kty->text() == "oct";
}

bool CanVerify(const Key &key) { return !key.algorithms().empty() && (key.operations() & kOpVerify) != 0; }

}  // namespace

Result<void> CheckPublicJwks(std::string_view text) {
  const auto document = ParseJsonObject(text);
  if (!document) return Unusable("a JWK set is a JSON object");
  const auto keys = document->root().Find("keys");
  if (!keys || !keys->is(JsonType::kArray)) return Unusable("not a JWK set: there is no array of keys");
  for (std::uint32_t i = keys->begin(); i != keys->end(); i = keys->after(i))
    if (IsSecret(keys->at(i))) return Unusable("a private or symmetric key where only public ones belong");
  const auto set = ParseKeys(text);
  if (!set) return set.error();
  if (std::none_of(set->keys.begin(), set->keys.end(), CanVerify)) return Unusable("no key of the set verifies signatures");
  return {};
}

}  // namespace jwt_auth::jose
