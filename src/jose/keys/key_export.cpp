// From OpenSSL keys to the members of a JWK.
#include <openssl/bn.h>
#include <openssl/core_names.h>

#include <array>
#include <utility>

#include "jose/json/json_writer.hpp"
#include "jose/keys/curve.hpp"
#include "jose/keys/key_material.hpp"
#include "jose/keys/ml_dsa_key.hpp"

namespace jwt_auth::jose {
namespace {

// A number of a key; null if it has no such number.
OpenSslPtr<BIGNUM> NumberOf(EVP_PKEY *key, const char *parameter) {
  BIGNUM *raw = nullptr;
  (void)OpenSslAccepts(EVP_PKEY_get_bn_param(key, parameter, &raw) == 1);
  return OpenSslPtr<BIGNUM>(raw);
}

// `size` 0: as many bytes as the number needs. False if the key has no such number.
bool AddNumber(EVP_PKEY *key, const char *parameter, std::string_view name, std::size_t size, JsonWriter<SecretBytes> &jwk) {
  const auto number = NumberOf(key, parameter);
  // When memory runs out, OpenSSL may give another factor of an RSA key than was asked for, so it is asked twice.
  const auto again = NumberOf(key, parameter);
  if (!number || !again) return false;
  RequireOpenSsl(BN_cmp(number.get(), again.get()) == 0, "number of a key");
  SecretBytes bytes(size != 0 ? size : static_cast<std::size_t>(BN_num_bytes(number.get())));
  if (!OpenSslAccepts(BN_bn2binpad(number.get(), bytes.data(), static_cast<int>(bytes.size())) >= 0)) return false;
  jwk.AddBytes(name, AsText(bytes));
  return true;
}

constexpr Error kCannotExport{ErrorCode::kUnusableKey, "key without the numbers that a JWK needs"};

Result<void> AddRsa(EVP_PKEY *key, bool with_private, JsonWriter<SecretBytes> &jwk) {
  constexpr std::array<std::pair<const char *, std::string_view>, 8> kNumbers{{{OSSL_PKEY_PARAM_RSA_N, "n"},
                                                                               {OSSL_PKEY_PARAM_RSA_E, "e"},
                                                                               {OSSL_PKEY_PARAM_RSA_D, "d"},
                                                                               {OSSL_PKEY_PARAM_RSA_FACTOR1, "p"},
                                                                               {OSSL_PKEY_PARAM_RSA_FACTOR2, "q"},
                                                                               {OSSL_PKEY_PARAM_RSA_EXPONENT1, "dp"},
                                                                               {OSSL_PKEY_PARAM_RSA_EXPONENT2, "dq"},
                                                                               {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, "qi"}}};
  BIGNUM *third = nullptr;
  if (OpenSslAccepts(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_FACTOR3, &third) == 1)) {
    BN_clear_free(third);
    return Error{ErrorCode::kUnusableKey, "RSA key with more than two primes"};
  }
  jwk.Add("kty", "RSA");
  for (std::size_t i = 0; i < (with_private ? kNumbers.size() : 2); ++i) {
    if (!AddNumber(key, kNumbers[i].first, kNumbers[i].second, 0, jwk)) return kCannotExport;
  }
  return {};
}

Result<void> AddEc(EVP_PKEY *key, bool with_private, JsonWriter<SecretBytes> &jwk) {
  int explicit_parameters = 0;
  if (OpenSslAccepts(EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_parameters) == 1) &&
      explicit_parameters != 0) {
    return Error{ErrorCode::kUnusableKey, "EC key with explicit curve parameters"};
  }
  std::array<char, 64> group{};
  std::size_t size = 0;
  if (!OpenSslAccepts(EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size(), &size) == 1))
    return kCannotExport;
  std::string_view name(group.data(), size);
  if (name == "prime256v1") name = "P-256";
  if (name == "secp384r1") name = "P-384";
  if (name == "secp521r1") name = "P-521";
  const CurveInfo *info = CurveNamed(name);
  if (info == nullptr || info->type != KeyType::kEc) return Error{ErrorCode::kUnusableKey, "EC key on an unsupported curve"};
  jwk.Add("kty", "EC");
  jwk.Add("crv", info->name);
  const bool complete = AddNumber(key, OSSL_PKEY_PARAM_EC_PUB_X, "x", info->size, jwk) &&
                        AddNumber(key, OSSL_PKEY_PARAM_EC_PUB_Y, "y", info->size, jwk) &&
                        (!with_private || AddNumber(key, OSSL_PKEY_PARAM_PRIV_KEY, "d", info->size, jwk));
  if (!complete) return kCannotExport;
  return {};
}

Result<void> AddOkp(EVP_PKEY *key, const CurveInfo &info, bool with_private, JsonWriter<SecretBytes> &jwk) {
  jwk.Add("kty", "OKP");
  jwk.Add("crv", info.name);
  jwk.AddBytes("x", AsText(RawPublicKey(key)));
  if (!with_private) return {};
  SecretBytes scalar(info.size);
  std::size_t size = scalar.size();
  if (!OpenSslAccepts(EVP_PKEY_get_raw_private_key(key, scalar.data(), &size) == 1) || size != scalar.size())
    return kCannotExport;
  jwk.AddBytes("d", AsText(scalar));
  return {};
}

Result<void> AddAkp(EVP_PKEY *key, std::string_view alg, bool with_private, JsonWriter<SecretBytes> &jwk) {
  jwk.Add("kty", "AKP");
  jwk.Add("alg", alg);
  jwk.AddBytes("pub", AsText(RawPublicKey(key)));
  if (!with_private) return {};
  const auto seed = MlDsaSeed(key);
  if (!seed) {
    return Error{ErrorCode::kUnusableKey, "ML-DSA private key without its seed",
                 "Export the key in the form that holds the seed (RFC 9881 section 6)."};
  }
  jwk.AddBytes("priv", AsText(*seed));
  return {};
}

Result<void> AddAny(EVP_PKEY *key, bool with_private, JsonWriter<SecretBytes> jwk) {
  // Not EVP_PKEY_is_a(), which says no as well when memory runs out.
  const char *name = EVP_PKEY_get0_type_name(key);
  RequireOpenSsl(name != nullptr, "type of a key");
  const std::string_view type(name == nullptr ? "" : name);  // clang-tidy does not see that the line above throws
  if (type == "RSA" || type == "RSA-PSS") return AddRsa(key, with_private, jwk);
  if (type == "EC") return AddEc(key, with_private, jwk);
  for (const Curve curve : {Curve::kEd25519, Curve::kEd448, Curve::kX25519, Curve::kX448}) {
    const CurveInfo &info = InfoOf(curve);
    if (type == info.openssl_name) return AddOkp(key, info, with_private, jwk);
  }
  for (const Algorithm algorithm : {Algorithm::kMlDsa44, Algorithm::kMlDsa65, Algorithm::kMlDsa87}) {
    if (type == MlDsaName(algorithm)) return AddAkp(key, type, with_private, jwk);
  }
  return Error{ErrorCode::kUnusableKey, "the kind of key is not supported"};
}

}  // namespace

Result<void> AppendKeyMembers(EVP_PKEY *key, bool with_private, SecretBytes &out) {
  const std::size_t size = out.size();
  return AskTwice([&] {
    out.resize(size);
    auto added = AddAny(key, with_private, JsonWriter(out));
    DrainErrorQueue();  // asking for a number that is not there leaves a trace
    return added;
  });
}

void AppendSecretMembers(std::string_view secret, SecretBytes &out) {
  JsonWriter jwk(out);
  jwk.Add("kty", "oct");
  jwk.AddBytes("k", secret);
}

}  // namespace jwt_auth::jose
