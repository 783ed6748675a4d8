#include "jose/keys/ml_dsa_key.hpp"

#include "jose/keys/key_material.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::size_t kSeedSize = 32;
// OSSL_PKEY_PARAM_ML_DSA_SEED, which the headers of 3.0 lack.
constexpr const char *kSeedParameter = "seed";

OpenSslPtr<EVP_PKEY> FromSeed(const char *name, const SecretBytes &seed) {
  // Not by a builder, which would leave a copy of the seed in memory that is not cleansed.
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(kSeedParameter, const_cast<unsigned char *>(seed.data()), seed.size()),
      OSSL_PARAM_construct_end()};
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, name, nullptr));
  EVP_PKEY *key = nullptr;
  RequireOpenSsl(context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                     EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params) == 1,
                 "ML-DSA key");
  return OpenSslPtr<EVP_PKEY>(key);
}

}  // namespace

bool IsMlDsaSupported() {
  // Kept and never freed, as everything that OpenSSL has to look for by name.
  static EVP_KEYMGMT *found = nullptr;
  if (found == nullptr) found = EVP_KEYMGMT_fetch(nullptr, "ML-DSA-44", nullptr);
  return OpenSslAccepts(found != nullptr);
}

const char *MlDsaName(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kMlDsa44:
      return "ML-DSA-44";
    case Algorithm::kMlDsa65:
      return "ML-DSA-65";
    case Algorithm::kMlDsa87:
      return "ML-DSA-87";
    default:
      return nullptr;
  }
}

bool IsMlDsaIdentifier(std::string_view identifier) noexcept {
  // 2.16.840.1.101.3.4.3 of NIST's signature algorithms, then 17, 18 or 19.
  constexpr std::string_view kSignatureAlgorithms = "\x60\x86\x48\x01\x65\x03\x04\x03";
  return identifier.size() == kSignatureAlgorithms.size() + 1 &&
         identifier.substr(0, kSignatureAlgorithms.size()) == kSignatureAlgorithms && identifier.back() >= 17 &&
         identifier.back() <= 19;
}

Result<OpenSslPtr<EVP_PKEY>> MakeMlDsaKey(Algorithm algorithm, std::string_view pub, const std::optional<SecretBytes> &seed) {
  if (!IsMlDsaSupported()) return kNoMlDsa;
  const char *name = MlDsaName(algorithm);
  OpenSslPtr<EVP_PKEY> key(
      EVP_PKEY_new_raw_public_key_ex(nullptr, name, nullptr, reinterpret_cast<const unsigned char *>(pub.data()), pub.size()));
  if (!OpenSslAccepts(key != nullptr)) return Error{ErrorCode::kUnusableKey, "pub of the JWK is not a public key of its alg"};
  if (!seed) return key;
  if (seed->size() != kSeedSize) return Error{ErrorCode::kUnusableKey, "priv of the JWK is not 32 bytes long"};
  key = FromSeed(name, *seed);
  if (!EqualInConstantTime(AsText(RawPublicKey(key.get())), pub))
    return Error{ErrorCode::kUnusableKey, "private key and public part do not belong together"};
  return key;
}

std::optional<SecretBytes> MlDsaSeed(EVP_PKEY *key) {
  SecretBytes seed(kSeedSize);
  std::size_t size = 0;
  const bool found = EVP_PKEY_get_octet_string_param(key, kSeedParameter, seed.data(), seed.size(), &size) == 1;
  if (!OpenSslAccepts(found) || size != seed.size()) return std::nullopt;
  return seed;
}

}  // namespace jwt_auth::jose
