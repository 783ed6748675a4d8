#include "jose/keys/pss_key.hpp"

#include <openssl/core_names.h>

#include <array>
#include <string>
#include <string_view>

namespace jwt_auth::jose {
namespace {

// A text parameter of the key; empty if it has none.
std::string TextOf(EVP_PKEY *key, const char *parameter) {
  std::array<char, 64> text{};
  std::size_t size = 0;
  if (!OpenSslAccepts(EVP_PKEY_get_utf8_string_param(key, parameter, text.data(), text.size(), &size) == 1)) return {};
  return {text.data(), size};
}

std::optional<Algorithm> AlgorithmOf(const std::string &hash) {
  if (hash == "SHA256" || hash == "SHA2-256") return Algorithm::kPS256;
  if (hash == "SHA384" || hash == "SHA2-384") return Algorithm::kPS384;
  if (hash == "SHA512" || hash == "SHA2-512") return Algorithm::kPS512;
  return std::nullopt;
}

}  // namespace

std::optional<AlgorithmSet> PssAlgorithms(EVP_PKEY *key) {
  const char *name = EVP_PKEY_get0_type_name(key);
  RequireOpenSsl(name != nullptr, "type of a key");
  const std::string_view type(name == nullptr ? "" : name);  // clang-tidy does not see that the line above throws
  if (type != "RSA-PSS") return std::nullopt;
  // A key without restrictions has no mandatory digest.
  const std::string hash = TextOf(key, OSSL_PKEY_PARAM_MANDATORY_DIGEST);
  if (hash.empty()) return AlgorithmSet(Algorithm::kPS256) | AlgorithmSet(Algorithm::kPS384) | AlgorithmSet(Algorithm::kPS512);
  const auto algorithm = AlgorithmOf(hash);
  // Where it is not told, it is the default of RFC 4055: SHA-1, and 20 bytes of salt.
  if (!algorithm || AlgorithmOf(TextOf(key, OSSL_PKEY_PARAM_RSA_MGF1_DIGEST)) != algorithm) return AlgorithmSet();
  int min_salt = 20;
  (void)OpenSslAccepts(EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, &min_salt) == 1);
  if (min_salt > static_cast<int>(DigestSize(InfoOf(*algorithm).digest))) return AlgorithmSet();
  return AlgorithmSet(*algorithm);
}

}  // namespace jwt_auth::jose
