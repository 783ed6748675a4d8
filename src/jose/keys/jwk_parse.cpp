// From a JWK to a Key (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2).
#include <openssl/bn.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "jose/json/base64url.hpp"
#include "jose/keys/curve.hpp"
#include "jose/keys/key_builder.hpp"
#include "jose/keys/key_material.hpp"
#include "jose/keys/ml_dsa_key.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error Unusable(const char *detail) { return {ErrorCode::kUnusableKey, detail}; }

// A member that must be a string if it is there.
Result<std::optional<std::string_view>> OptionalText(const JsonValue &jwk, std::string_view name, const char *complaint) {
  const auto member = jwk.Find(name);
  if (!member) return std::optional<std::string_view>();
  if (!member->is(JsonType::kString)) return Unusable(complaint);
  return std::optional<std::string_view>(member->text());
}

// A member that must be there and hold base64url of at least one byte.
Result<SecretBytes> RequiredBytes(const JsonValue &jwk, std::string_view name, const char *complaint) {
  const auto text = jwk.FindText(name);
  if (!text || text->empty()) return Unusable(complaint);
  SecretBytes bytes;
  if (!AppendDecodedBase64Url(*text, bytes)) return Unusable(complaint);
  return bytes;
}

// RFC 7518 section 2: Base64urlUInt has no leading zero bytes.
Result<SecretBytes> RequiredNumber(const JsonValue &jwk, std::string_view name, const char *complaint) {
  auto bytes = RequiredBytes(jwk, name, complaint);
  if (bytes && bytes->front() == 0) return Unusable("RSA number with a leading zero byte");
  return bytes;
}

unsigned OperationNamed(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, unsigned>, 8> kOperations{{{"sign", kOpSign},
                                                                              {"verify", kOpVerify},
                                                                              {"encrypt", kOpEncrypt},
                                                                              {"decrypt", kOpDecrypt},
                                                                              {"wrapKey", kOpWrap},
                                                                              {"unwrapKey", kOpUnwrap},
                                                                              {"deriveKey", kOpDerive},
                                                                              {"deriveBits", kOpDerive}}};
  for (const auto &[known, bit] : kOperations) {
    if (known == name) return bit;
  }
  return 0;
}

// RFC 7517 section 4.3: no value twice; unknown values mean nothing to us.
Result<unsigned> ReadKeyOps(const JsonValue &key_ops) {
  constexpr Error kNotAList = Unusable("key_ops of the JWK is not an array of strings");
  if (!key_ops.is(JsonType::kArray)) return kNotAList;
  if (key_ops.size() > 64) return Unusable("key_ops of the JWK is too long");
  unsigned operations = 0;
  std::vector<std::string_view> named;
  for (const JsonValue operation : key_ops.elements()) {
    if (!operation.is(JsonType::kString)) return kNotAList;
    if (std::find(named.begin(), named.end(), operation.text()) != named.end())
      return Unusable("key_ops of the JWK names an operation twice");
    named.push_back(operation.text());
    operations |= OperationNamed(operation.text());
  }
  return operations;
}

Result<unsigned> ReadOperations(const JsonValue &jwk) {
  constexpr unsigned kSignatures = kOpSign | kOpVerify;
  unsigned by_use = kOpAll;
  const auto use = OptionalText(jwk, "use", "use of the JWK is not a string");
  if (!use) return use.error();
  if (*use) {
    // SPIFFE names the keys of its JWTs apart from those of its certificates.
    const bool signs = **use == "sig" || **use == "jwt-svid";
    if (!signs && **use != "enc") return Unusable("use of the JWK is neither sig nor enc");
    by_use = signs ? kSignatures : kOpAll & ~kSignatures;
  }
  const auto key_ops = jwk.Find("key_ops");
  if (!key_ops) return by_use;
  auto by_key_ops = ReadKeyOps(*key_ops);
  if (by_key_ops && (*by_key_ops & ~by_use) != 0) return Unusable("use and key_ops of the JWK contradict each other");
  return by_key_ops;
}

Result<void> ReadOct(const JsonValue &jwk, KeyParts &parts) {
  auto secret = RequiredBytes(jwk, "k", "k of the JWK is not base64url of a secret");
  if (!secret) return secret.error();
  parts.type = KeyType::kOct;
  parts.is_private = true;
  parts.secret = std::move(*secret);
  return {};
}

// RFC 7518 section 6.3.2: without the primes and what is derived from them nothing can be checked, and signing is slow.
bool LacksPrimes(const JsonValue &jwk) {
  return jwk.Find("d") && !jwk.Find("p") && !jwk.Find("q") && !jwk.Find("dp") && !jwk.Find("dq") && !jwk.Find("qi");
}

Result<void> ReadRsa(const JsonValue &jwk, bool public_part_only, KeyParts &parts) {
  constexpr const char *kComplaint = "RSA key with a number that is missing or not base64url";
  if (!public_part_only && LacksPrimes(jwk)) {
    return Error{ErrorCode::kUnusableKey, "private RSA key without p, q, dp, dq and qi",
                 "Export the key with its primes, or give its public part if it only has to verify."};
  }
  if (!public_part_only && jwk.Find("oth")) return Unusable("RSA key with more than two primes");
  RsaNumbers numbers;
  const std::array<std::pair<std::string_view, SecretBytes *>, 8> members{{{"n", &numbers.n},
                                                                           {"e", &numbers.e},
                                                                           {"d", &numbers.d},
                                                                           {"p", &numbers.p},
                                                                           {"q", &numbers.q},
                                                                           {"dp", &numbers.dp},
                                                                           {"dq", &numbers.dq},
                                                                           {"qi", &numbers.qi}}};
  for (std::size_t i = 2; i < members.size() && !public_part_only; ++i) {
    if (jwk.Find(members[i].first)) numbers.is_private = true;
  }
  for (std::size_t i = 0; i < (numbers.is_private ? members.size() : 2); ++i) {
    auto number = RequiredNumber(jwk, members[i].first, kComplaint);
    if (!number) return number.error();
    *members[i].second = std::move(*number);
  }
  auto key = MakeRsaKey(numbers);
  if (!key) return key.error();
  parts.type = KeyType::kRsa;
  parts.is_private = numbers.is_private;
  parts.pkey = std::move(*key);
  return {};
}

Result<void> ReadCurveKey(const JsonValue &jwk, KeyType type, bool public_part_only, KeyParts &parts) {
  const auto name = OptionalText(jwk, "crv", "crv of the JWK is not a string");
  if (!name) return name.error();
  const CurveInfo *info = *name ? CurveNamed(**name) : nullptr;
  if (info == nullptr || info->type != type) return Unusable("crv of the JWK is missing, unknown or of another kty");
  auto x = RequiredBytes(jwk, "x", "x of the JWK is missing or not base64url");
  if (!x) return x.error();
  std::optional<SecretBytes> d;
  if (!public_part_only && jwk.Find("d")) {
    auto bytes = RequiredBytes(jwk, "d", "d of the JWK is not base64url");
    if (!bytes) return bytes.error();
    d = std::move(*bytes);
  }
  Result<OpenSslPtr<EVP_PKEY>> key = Unusable("");
  if (type == KeyType::kEc) {
    auto y = RequiredBytes(jwk, "y", "y of the JWK is missing or not base64url");
    if (!y) return y.error();
    key = MakeEcKey(info->curve, AsText(*x), AsText(*y), d);
  } else {
    key = MakeOkpKey(info->curve, AsText(*x), d);
  }
  if (!key) return key.error();
  parts.type = type;
  parts.curve = info->curve;
  parts.is_private = d.has_value();
  parts.pkey = std::move(*key);
  return {};
}

// RFC 9964 section 3: `alg` is part of the key.
Result<void> ReadAkp(const JsonValue &jwk, bool public_part_only, KeyParts &parts) {
  const AlgorithmSet named = parts.alg ? AlgorithmsNamed(*parts.alg) : AlgorithmSet();
  if (named.empty() || MlDsaName(named.first()) == nullptr)
    return Unusable("alg of the JWK is missing, unknown or not for kty AKP");
  auto pub = RequiredBytes(jwk, "pub", "pub of the JWK is missing or not base64url");
  if (!pub) return pub.error();
  std::optional<SecretBytes> seed;
  if (!public_part_only && jwk.Find("priv")) {
    auto bytes = RequiredBytes(jwk, "priv", "priv of the JWK is not base64url");
    if (!bytes) return bytes.error();
    seed = std::move(*bytes);
  }
  auto key = MakeMlDsaKey(named.first(), AsText(*pub), seed);
  if (!key) return key.error();
  parts.type = KeyType::kAkp;
  parts.algorithms = named;
  parts.is_private = seed.has_value();
  parts.pkey = std::move(*key);
  return {};
}

Result<void> ReadMaterial(const JsonValue &jwk, bool public_part_only, KeyParts &parts) {
  const auto kty = OptionalText(jwk, "kty", "kty of the JWK is not a string");
  if (!kty) return kty.error();
  if (!*kty) return Unusable("JWK without kty");
  if (**kty == "oct") return ReadOct(jwk, parts);
  if (**kty == "RSA") return ReadRsa(jwk, public_part_only, parts);
  if (**kty == "EC") return ReadCurveKey(jwk, KeyType::kEc, public_part_only, parts);
  if (**kty == "OKP") return ReadCurveKey(jwk, KeyType::kOkp, public_part_only, parts);
  if (**kty == "AKP") return ReadAkp(jwk, public_part_only, parts);
  return Unusable("kty of the JWK is unknown");
}

// Without an `alg` that says otherwise, a secret is there to sign.
bool IsTooShortToSign(const KeyParts &parts, KeyPurpose purpose) {
  return parts.type == KeyType::kOct && purpose != KeyPurpose::kEncryption && parts.algorithms.empty() && !parts.alg &&
         (parts.operations & (kOpSign | kOpVerify)) != 0;
}

}  // namespace

Result<Key> ReadJwk(const JsonValue &jwk, const JwkReading &reading) {
  if (!jwk.is(JsonType::kObject)) return Unusable("JWK is not an object");
  KeyParts parts;
  const auto kid = OptionalText(jwk, "kid", "kid of the JWK is not a string");
  if (!kid) return kid.error();
  if (*kid) parts.kid.emplace(**kid);
  const auto alg = OptionalText(jwk, "alg", "alg of the JWK is not a string");
  if (!alg) return alg.error();
  if (*alg) parts.alg.emplace(**alg);
  const auto operations = ReadOperations(jwk);
  if (!operations) return operations.error();
  parts.operations = *operations;

  if (auto read = ReadMaterial(jwk, reading.public_part_only, parts); !read) return read.error();
  AllowNaturalAlgorithms(parts);
  if (reading.signature_only) {
    parts.algorithms = parts.algorithms & *reading.signature_only;
    parts.jwe_algorithms = {};
    parts.direct_encryptions = {};
  }
  if (parts.alg) {
    if (auto narrowed = NarrowToAlg(parts, *parts.alg); !narrowed) return narrowed.error();
  }
  if (IsTooShortToSign(parts, reading.purpose)) return Unusable("HMAC secret shorter than 32 bytes");
  return KeyBuilder::Build(std::move(parts));
}

Result<Key> ParseJwk(const JsonValue &jwk, KeyPurpose purpose) { return ReadJwk(jwk, {purpose, false, std::nullopt}); }

}  // namespace jwt_auth::jose
