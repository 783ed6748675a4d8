// What may be published of a JWK: its public part and its thumbprint.
#include <array>
#include <vector>

#include "jose/json/base64url.hpp"
#include "jose/keys/key_material.hpp"

namespace jwt_auth::jose {
namespace {

// The public key's counterpart of what the private one does.
std::string_view PublicOperation(std::string_view operation) {
  if (operation == "sign") return "verify";
  if (operation == "decrypt") return "encrypt";
  if (operation == "unwrapKey") return "wrapKey";
  return operation;
}

void AppendPublicOperations(const JsonValue &key_ops, std::string &out) {
  std::vector<std::string_view> written;
  out += "[";
  for (std::uint32_t i = key_ops.begin(); i != key_ops.end(); i = key_ops.after(i)) {
    const std::string_view operation = PublicOperation(key_ops.at(i).text());
    bool repeated = false;
    for (const std::string_view other : written) repeated = repeated || other == operation;
    if (repeated) continue;
    if (!written.empty()) out += ",";
    written.push_back(operation);
    AppendJsonString(operation, out);
  }
  out += "]";
}

// x5u, x5t, x5t#S256 are strings, x5c is an array of strings; anything else might hide something.
bool IsCertificateMember(std::string_view name, const JsonValue &value) {
  if (name == "x5u" || name == "x5t" || name == "x5t#S256") return value.is(JsonType::kString);
  if (name != "x5c" || !value.is(JsonType::kArray)) return false;
  for (std::uint32_t i = value.begin(); i != value.end(); i = value.after(i)) {
    if (!value.at(i).is(JsonType::kString)) return false;
  }
  return true;
}

}  // namespace

Result<std::string> PublicJwk(const JsonValue &jwk) {
  const auto key = ParseJwk(jwk, KeyPurpose::kEncryption);
  if (!key) return key.error();
  if (key->type() == KeyType::kOct) return Error{ErrorCode::kUnusableKey, "a secret has no public part"};
  SecretBytes members;
  if (auto appended = AppendKeyMembers(key->pkey(), false, members); !appended) return appended.error();
  std::string out = "{";
  out += AsText(members);
  for (const std::string_view name : {"kid", "alg", "use"}) {
    const auto member = jwk.Find(name);
    if (!member || (name == "alg" && key->type() == KeyType::kAkp)) continue;
    out.append(",\"").append(name).append("\":");
    AppendJsonString(member->text(), out);
  }
  if (const auto key_ops = jwk.Find("key_ops")) {
    out += ",\"key_ops\":";
    AppendPublicOperations(*key_ops, out);
  }
  for (const std::string_view name : {"x5u", "x5c", "x5t", "x5t#S256"}) {
    const auto member = jwk.Find(name);
    if (!member || !IsCertificateMember(name, *member)) continue;
    out.append(",\"").append(name).append("\":");
    AppendJson(*member, out);
  }
  out += "}";
  return out;
}

Result<std::string> JwkThumbprint(const JsonValue &jwk) {
  // RFC 7638 section 3.2, RFC 8037 section 2 and RFC 9964 section 6: the required members, in the order of their names.
  struct Required {
    std::string_view kty;
    std::array<std::string_view, 4> members;
  };
  constexpr std::array<Required, 5> kRequired{{{"oct", {"k", "kty"}},
                                               {"RSA", {"e", "kty", "n"}},
                                               {"EC", {"crv", "kty", "x", "y"}},
                                               {"OKP", {"crv", "kty", "x"}},
                                               {"AKP", {"alg", "kty", "pub"}}}};
  const auto kty = jwk.Find("kty");
  if (!kty || !kty->is(JsonType::kString)) return Error{ErrorCode::kUnusableKey, "JWK without kty"};
  for (const Required &required : kRequired) {
    if (required.kty != kty->text()) continue;
    SecretBytes text;
    Append(text, "{");
    for (const std::string_view name : required.members) {
      if (name.empty()) break;
      const auto member = jwk.Find(name);
      if (!member || !member->is(JsonType::kString)) {
        return Error{ErrorCode::kUnusableKey, "JWK lacks a member that its kty requires"};
      }
      if (text.size() > 1) Append(text, ",");
      AppendJsonString(name, text);
      Append(text, ":");
      AppendJsonString(member->text(), text);
    }
    Append(text, "}");
    return EncodeBase64Url(Sha256(AsText(text)));
  }
  return Error{ErrorCode::kUnusableKey, "kty of the JWK is unknown"};
}

}  // namespace jwt_auth::jose
