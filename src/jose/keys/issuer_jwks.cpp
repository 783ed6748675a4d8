#include "jose/keys/issuer_jwks.hpp"

#include <algorithm>

#include "jose/interruption.hpp"
#include "jose/keys/jwk.hpp"
#include "jose/keys/key_material.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error Unusable(const char *detail, const char *hint = nullptr) { return {ErrorCode::kUnusableKey, detail, hint}; }
constexpr Error kSecret =
    Unusable("a private key where only public ones belong", "Give its public part. If it was published, replace the key.");
constexpr Error kNotASet =
    Unusable("not a JWK set", "Nothing is fetched: give the JSON object that is found at the jwks_uri of the issuer.");

bool IsOct(const JsonValue &jwk) {
  const auto kty = jwk.Find("kty");
  return kty && kty->is(JsonType::kString) && kty->text() == "oct";
}

// By its members alone: a key that is not usable can be secret all the same. "priv" is that of newer kinds of key (kty AKP).
bool IsSecret(const JsonValue &jwk) {
  for (const std::string_view name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
    if (jwk.Find(name)) return true;
  return IsOct(jwk);
}

// Wherever it stands: a whole JWK inside a member that nothing reads, or PEM. The public half is kept as it is given.
bool HoldsSecret(const JsonValue &value) {
  if (value.is(JsonType::kString)) return value.text().find("PRIVATE KEY-----") != std::string_view::npos;
  if (value.Find("kty") && IsSecret(value)) return true;
  if (!value.is(JsonType::kObject) && !value.is(JsonType::kArray)) return false;
  for (std::uint32_t i = value.begin(); i != value.end(); i = value.after(i))
    if (HoldsSecret(value.at(i))) return true;
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
void AppendMember(const JsonValue &jwk, Text &set) {
  constexpr std::string_view kBegin = R"({"keys":[)";
  if (set.size() > kBegin.size()) set.push_back(',');
  AppendJson(jwk, set);
}

Result<void> AddMember(const JsonValue &jwk, IssuerJwks &keys) {
  const bool is_symmetric = IsOct(jwk);
  if (!is_symmetric && (IsSecret(jwk) || HoldsSecret(jwk))) return kSecret;
  const char *reason = ReasonToSkip(jwk);
  if (reason != nullptr) keys.skipped.push_back(Skipped(jwk, reason));
  // A secret that can't be used is not kept at all.
  if (is_symmetric && reason == nullptr) AppendMember(jwk, keys.secret_jwks);
  if (is_symmetric) return {};
  AppendMember(jwk, keys.public_jwks);
  keys.public_verifies = keys.public_verifies || reason == nullptr;
  return {};
}

Result<void> AddSet(const JsonValue &root, const JsonValue &members, IssuerJwks &keys) {
  if (!members.is(JsonType::kArray)) return Unusable("keys of the JWKS is not an array");
  if (members.size() > kMaxKeysInSet) return Error{ErrorCode::kTooLarge, "JWKS with more than 256 keys"};
  // What stands beside the keys is not kept; a secret there has been published all the same.
  for (std::uint32_t name = root.begin(); name != root.end(); name = root.after(root.after(name))) {
    if (root.at(name).text() != "keys" && HoldsSecret(root.at(root.after(name)))) return kSecret;
  }
  for (std::uint32_t i = members.begin(); i != members.end(); i = members.after(i)) {
    if (IsInterrupted()) return Error{ErrorCode::kInterrupted, nullptr};
    if (auto added = AddMember(members.at(i), keys); !added) return added.error();
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
  keys.public_jwks = R"({"keys":[)";
  Append(keys.secret_jwks, keys.public_jwks);
  const std::size_t empty = keys.secret_jwks.size();
  const auto added = members ? AddSet(root, *members, keys) : AddMember(root, keys);
  if (!added) return added.error();
  keys.public_jwks += "]}";
  if (keys.secret_jwks.size() == empty)
    keys.secret_jwks.clear();
  else
    Append(keys.secret_jwks, "]}");
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
  if (!members || !members->is(JsonType::kArray)) return out;
  for (std::uint32_t i = members->begin(); i != members->end(); i = members->after(i)) {
    const JsonValue jwk = members->at(i);
    if (!jwk.is(JsonType::kObject) || IsSecret(jwk)) continue;
    const auto key = ParseJwk(jwk);
    if (!key || !CanVerify(*key)) continue;
    SecretBytes written;
    if (auto appended = AppendKeyMembers(key->pkey(), false, written); !appended) return appended.error();
    if (!out.empty()) out += ',';
    out.append("{").append(AsText(written));
    for (const std::string_view name : {"kid", "alg", "use"}) {
      const auto member = jwk.Find(name);
      if (!member || !member->is(JsonType::kString) || (name == "alg" && key->type() == KeyType::kAkp)) continue;
      out.append(",\"").append(name).append("\":");
      AppendJsonString(member->text(), out);
    }
    out += '}';
  }
  return out;
}

}  // namespace jwt_auth::jose
