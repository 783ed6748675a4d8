#include "jose/keys/issuer_jwks.hpp"

#include <algorithm>
#include <optional>

#include "jose/interruption.hpp"
#include "jose/json/json_writer.hpp"
#include "jose/keys/jwk.hpp"
#include "jose/keys/key_material.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error Unusable(const char *detail, const char *hint = nullptr) { return {ErrorCode::kUnusableKey, detail, hint}; }
constexpr Error kSecret =
    Unusable("a private key where only public ones belong", "Give its public part. If it was published, replace the key.");
constexpr Error kNotASet =
    Unusable("not a JWK set", "Nothing is fetched: give the JSON object that is found at the jwks_uri of the issuer.");

bool IsOct(const JsonValue &jwk) { return jwk.FindText("kty") == "oct"; }

// By its members alone: a key that is not usable can be secret all the same.
bool IsSecret(const JsonValue &jwk) { return HasPrivateMember(jwk) || IsOct(jwk); }

bool HoldsPrivatePem(std::string_view text) { return text.find("PRIVATE KEY-----") != std::string_view::npos; }

// Wherever it stands: a whole JWK inside a member that nothing reads, or PEM. The public half is kept as it is given.
bool HoldsSecret(const JsonValue &value) {
  if (value.is(JsonType::kString)) return HoldsPrivatePem(value.text());
  if (value.Find("kty") && IsSecret(value)) return true;
  for (const auto &[name, member] : value.members())
    if (HoldsPrivatePem(name) || HoldsSecret(member)) return true;
  for (const JsonValue element : value.elements())
    if (HoldsSecret(element)) return true;
  return false;
}

bool CanVerify(const Key &key) { return !key.algorithms().empty() && (key.operations() & kOpVerify) != 0; }

// Why a member verifies nothing; null if it does.
const char *ReasonToSkip(const JsonValue &jwk) {
  if (!jwk.is(JsonType::kObject)) return "not a JSON object";
  const auto key = ParseJwk(jwk);
  if (!key) return key.error().detail != nullptr ? key.error().detail : "not a usable key";
  return CanVerify(*key) ? nullptr : "not a key that verifies signatures";
}

template <class Text>
void BeginSet(Text &set) {
  JsonWriter writer(set);
  writer.BeginObject();
  writer.Name("keys");
  writer.BeginArray();
}

template <class Text>
void EndSet(Text &set) {
  JsonWriter writer(set);
  writer.EndArray();
  writer.EndObject();
}

// The `alg` of a key for software that knows the names before RFC 9864, and reads a curve that it does not know only behind an
// `alg` that it does not know either.
std::optional<std::string_view> KnownAlgOf(const Key &key) {
  if (key.curve() == Curve::kSecp256k1) return "ES256K";
  if (!key.alg()) return std::nullopt;
  return key.type() == KeyType::kOkp ? "EdDSA" : std::string_view(*key.alg());
}

Result<void> AddMember(const JsonValue &jwk, IssuerJwks &keys) {
  const bool is_symmetric = IsOct(jwk);
  if (!is_symmetric && (IsSecret(jwk) || HoldsSecret(jwk))) return kSecret;
  const char *reason = ReasonToSkip(jwk);
  if (reason != nullptr) keys.skipped.push_back(Skipped(jwk, reason));
  // A secret that can't be used is not kept at all.
  if (is_symmetric && reason == nullptr) JsonWriter(keys.secret_jwks).Value(jwk);
  if (is_symmetric) return {};
  JsonWriter(keys.public_jwks).Value(jwk);
  keys.public_verifies = keys.public_verifies || reason == nullptr;
  return {};
}

Result<void> AddSet(const JsonValue &root, const JsonValue &members, IssuerJwks &keys) {
  if (!members.is(JsonType::kArray)) return Unusable("keys of the JWKS is not an array");
  if (members.size() > kMaxKeysInSet) return Error{ErrorCode::kTooLarge, "JWKS with more than 256 keys"};
  // What stands beside the keys is not kept; a secret there has been published all the same.
  for (const auto &[name, value] : root.members()) {
    if (name != "keys" && HoldsSecret(value)) return kSecret;
  }
  for (const JsonValue jwk : members.elements()) {
    if (IsInterrupted()) return kInterrupted;
    if (auto added = AddMember(jwk, keys); !added) return added.error();
  }
  return {};
}

}  // namespace

Result<IssuerJwks> ReadIssuerJwks(std::string_view text) {
  const auto document = ParseJsonObject(text);
  if (!document) return kNotASet;
  const JsonValue root = document->root();
  const auto members = root.Find("keys");
  if (!members && !root.Find("kty")) return kNotASet;
  IssuerJwks keys;
  BeginSet(keys.public_jwks);
  BeginSet(keys.secret_jwks);
  const std::size_t empty = keys.secret_jwks.size();
  const auto added = members ? AddSet(root, *members, keys) : AddMember(root, keys);
  if (!added) return added.error();
  EndSet(keys.public_jwks);
  if (keys.secret_jwks.size() == empty)
    keys.secret_jwks.clear();
  else
    EndSet(keys.secret_jwks);
  // Each half as it will be read: the rules on kids are those of any set.
  if (!keys.secret_jwks.empty())
    if (const auto secrets = ParseKeys(AsText(keys.secret_jwks)); !secrets) return secrets.error();
  if (keys.public_verifies)
    if (const auto set = ParseKeys(keys.public_jwks); !set) return set.error();
  return keys;
}

Result<std::string> VerifyingJwks(std::string_view jwks) {
  const auto document = ParseJsonObject(jwks);
  if (!document) return kNotASet;
  const auto members = document->root().Find("keys");
  std::string out;
  if (!members) return out;
  JsonWriter writer(out);
  for (const JsonValue jwk : members->elements()) {
    if (!jwk.is(JsonType::kObject) || IsSecret(jwk)) continue;
    const auto key = ParseJwk(jwk);
    if (!key || !CanVerify(*key) || key->type() == KeyType::kAkp) continue;
    SecretBytes written;
    if (auto appended = AppendKeyMembers(key->pkey(), false, written); !appended) return appended.error();
    writer.BeginObject();
    writer.AddJson(AsText(written));
    if (const auto kid = jwk.FindText("kid")) writer.Add("kid", *kid);
    if (const auto alg = KnownAlgOf(*key)) writer.Add("alg", *alg);
    if (const auto use = jwk.FindText("use")) writer.Add("use", *use);
    writer.EndObject();
  }
  return out;
}

}  // namespace jwt_auth::jose
