// What may be published of a JWK: its public part and its thumbprint.
#include <algorithm>
#include <array>
#include <vector>

#include "jose/json/base64url.hpp"
#include "jose/json/json_writer.hpp"
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

void WritePublicOperations(const JsonValue &key_ops, JsonWriter<std::string> &out) {
  std::vector<std::string_view> written;
  out.BeginArray();
  for (const JsonValue named : key_ops.elements()) {
    const std::string_view operation = PublicOperation(named.text());
    if (std::find(written.begin(), written.end(), operation) != written.end()) continue;
    written.push_back(operation);
    out.Value(operation);
  }
  out.EndArray();
}

// x5u, x5t, x5t#S256 are strings, x5c is an array of strings; anything else might hide something.
bool IsCertificateMember(std::string_view name, const JsonValue &value) {
  if (name == "x5u" || name == "x5t" || name == "x5t#S256") return value.is(JsonType::kString);
  return name == "x5c" && IsArrayOfStrings(value);
}

}  // namespace

bool HasPrivateMember(const JsonValue &jwk) noexcept {
  constexpr std::array<std::string_view, 9> kPrivate{{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}};
  return std::any_of(kPrivate.begin(), kPrivate.end(), [&](std::string_view name) { return jwk.Find(name).has_value(); });
}

Result<std::string> PublicJwk(const JsonValue &jwk) {
  const auto key = ParseJwk(jwk, KeyPurpose::kEncryption);
  if (!key) return key.error();
  if (key->type() == KeyType::kOct) return Error{ErrorCode::kUnusableKey, "a secret has no public part"};
  SecretBytes members;
  if (auto appended = AppendKeyMembers(key->pkey(), false, members); !appended) return appended.error();
  std::string text;
  JsonWriter out(text);
  out.BeginObject();
  out.AddJson(AsText(members));
  for (const std::string_view name : {"kid", "alg", "use"}) {
    const auto member = jwk.Find(name);
    if (!member || (name == "alg" && key->type() == KeyType::kAkp)) continue;
    out.Add(name, member->text());
  }
  if (const auto key_ops = jwk.Find("key_ops")) {
    out.Name("key_ops");
    WritePublicOperations(*key_ops, out);
  }
  for (const std::string_view name : {"x5u", "x5c", "x5t", "x5t#S256"}) {
    const auto member = jwk.Find(name);
    if (member && IsCertificateMember(name, *member)) out.Add(name, *member);
  }
  out.EndObject();
  return text;
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
  const auto kty = jwk.FindText("kty");
  if (!kty) return Error{ErrorCode::kUnusableKey, "JWK without kty"};
  for (const Required &required : kRequired) {
    if (required.kty != *kty) continue;
    SecretBytes text;
    JsonWriter writer(text);
    writer.BeginObject();
    for (const std::string_view name : required.members) {
      if (name.empty()) break;
      const auto value = jwk.FindText(name);
      if (!value) return Error{ErrorCode::kUnusableKey, "JWK lacks a member that its kty requires"};
      writer.Add(name, *value);
    }
    writer.EndObject();
    return EncodeBase64Url(Sha256(AsText(text)));
  }
  return Error{ErrorCode::kUnusableKey, "kty of the JWK is unknown"};
}

}  // namespace jwt_auth::jose
