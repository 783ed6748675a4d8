// Fresh keys.
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "jose/interruption.hpp"
#include "jose/json/base64url.hpp"
#include "jose/json/json_writer.hpp"
#include "jose/keys/curve.hpp"
#include "jose/keys/key_material.hpp"
#include "jose/keys/ml_dsa_key.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error kUnknownAlgorithm{ErrorCode::kInvalidArgument, "unknown algorithm", kKeyAlgorithmNames};
constexpr Error kForeignCurve{ErrorCode::kInvalidArgument, "the algorithm does not use this curve"};

// What to make for an algorithm.
struct Plan {
  KeyType type = KeyType::kOct;
  std::size_t secret_size = 0;
  const CurveInfo *curve = nullptr;
  std::string_view use;
  const char *openssl_name = nullptr;  // of kty AKP
};

Result<const CurveInfo *> ChooseCurve(std::string_view wanted, Curve own) {
  if (wanted.empty() || wanted == InfoOf(own).name) return &InfoOf(own);
  return kForeignCurve;
}

Result<Plan> PlanCurve(std::string_view wanted, Curve own, std::string_view use) {
  const auto curve = ChooseCurve(wanted, own);
  if (!curve) return curve.error();
  return Plan{(*curve)->type, 0, *curve, use};
}

Result<Plan> PlanSignature(AlgorithmSet named, const GenerateOptions &options) {
  const Algorithm algorithm = named.first();
  switch (InfoOf(algorithm).family) {
    case AlgorithmFamily::kHmac:
      if (!options.curve.empty()) return kForeignCurve;
      return Plan{KeyType::kOct, DigestSize(InfoOf(algorithm).digest), nullptr, "sig"};
    case AlgorithmFamily::kRsaPkcs1:
    case AlgorithmFamily::kRsaPss:
      if (!options.curve.empty()) return kForeignCurve;
      return Plan{KeyType::kRsa, 0, nullptr, "sig"};
    case AlgorithmFamily::kEcdsa:
    case AlgorithmFamily::kEdDsa: {
      for (const Curve curve : {Curve::kP256, Curve::kP384, Curve::kP521, Curve::kSecp256k1, Curve::kEd25519, Curve::kEd448}) {
        const CurveInfo &info = InfoOf(curve);
        const bool chosen = options.curve.empty() ? *info.signs == algorithm : options.curve == info.name;
        if (chosen && named.contains(*info.signs)) return Plan{info.type, 0, &info, "sig"};
      }
      return kForeignCurve;
    }
    case AlgorithmFamily::kMlDsa:
      if (!options.curve.empty()) return kForeignCurve;
      if (!IsMlDsaSupported()) return kNoMlDsa;
      return Plan{KeyType::kAkp, 0, nullptr, "sig", MlDsaName(algorithm)};
  }
  return kUnknownAlgorithm;
}

Result<Plan> PlanEncryption(JweAlgorithm algorithm, std::string_view curve) {
  const JweAlgorithmInfo &info = InfoOf(algorithm);
  if (info.family == JweFamily::kEcdhEs) {
    if (curve.empty()) return PlanCurve(curve, Curve::kP256, "enc");
    const CurveInfo *named = CurveNamed(curve);
    if (named == nullptr || named->curve == Curve::kSecp256k1 || named->curve == Curve::kEd25519 ||
        named->curve == Curve::kEd448) {
      return kForeignCurve;
    }
    return Plan{named->type, 0, named, "enc"};
  }
  if (!curve.empty()) return kForeignCurve;
  switch (info.family) {
    case JweFamily::kRsaOaep:
      return Plan{KeyType::kRsa, 0, nullptr, "enc"};
    case JweFamily::kPbes2:
      return Plan{KeyType::kOct, 32, nullptr, "enc"};
    case JweFamily::kAesKeyWrap:
    case JweFamily::kAesGcmKeyWrap:
      return Plan{KeyType::kOct, info.wrapping_key_size, nullptr, "enc"};
    default:
      return Error{ErrorCode::kInvalidArgument, "dir does not say how long the key is",
                   "Name the content encryption that the key is for, such as A256GCM."};
  }
}

Result<Plan> PlanFor(const GenerateOptions &options) {
  if (const AlgorithmSet named = AlgorithmsNamed(options.algorithm); !named.empty()) return PlanSignature(named, options);
  if (const auto named = JweAlgorithmNamed(options.algorithm)) return PlanEncryption(*named, options.curve);
  if (const auto named = JweEncryptionNamed(options.algorithm)) {
    if (!options.curve.empty()) return kForeignCurve;
    return Plan{KeyType::kOct, InfoOf(*named).key_size, nullptr, "enc"};
  }
  return kUnknownAlgorithm;
}

int StopIfInterrupted(EVP_PKEY_CTX *context) {
  const auto *options = static_cast<const GenerateOptions *>(EVP_PKEY_CTX_get_app_data(context));
  return options->interrupted != nullptr && options->interrupted() ? 0 : 1;
}

Result<OpenSslPtr<EVP_PKEY>> GeneratePair(const Plan &plan, const GenerateOptions &options) {
  const char *type = plan.type == KeyType::kRsa   ? "RSA"
                     : plan.type == KeyType::kEc  ? "EC"
                     : plan.type == KeyType::kAkp ? plan.openssl_name
                                                  : plan.curve->openssl_name;
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  RequireOpenSsl(context && EVP_PKEY_keygen_init(context.get()) == 1, "key generation");
  if (plan.type == KeyType::kRsa)
    RequireOpenSsl(EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), options.rsa_bits) == 1, "RSA size");
  if (plan.type == KeyType::kEc)
    RequireOpenSsl(EVP_PKEY_CTX_set_group_name(context.get(), plan.curve->openssl_name) == 1, "curve");
  EVP_PKEY_CTX_set_app_data(context.get(), const_cast<GenerateOptions *>(&options));
  EVP_PKEY_CTX_set_cb(context.get(), StopIfInterrupted);
  EVP_PKEY *raw = nullptr;
  const bool made = EVP_PKEY_generate(context.get(), &raw) == 1;
  if (!made && options.interrupted != nullptr && options.interrupted()) {
    DrainErrorQueue();
    return kInterrupted;
  }
  RequireOpenSsl(made, "key generation");
  return OpenSslPtr<EVP_PKEY>(raw);
}

}  // namespace

Result<SecretBytes> GenerateJwk(const GenerateOptions &options) {
  const auto plan = PlanFor(options);
  if (!plan) return plan.error();
  if (plan->type == KeyType::kRsa && (options.rsa_bits < kMinRsaBits || options.rsa_bits > kMaxRsaBits)) {
    return Error{ErrorCode::kInvalidArgument, "rsa_bits must be from 2048 to 16384"};
  }
  SecretBytes jwk;
  JsonWriter writer(jwk);
  writer.BeginObject();
  std::string kid;
  if (plan->type == KeyType::kOct) {
    AppendSecretMembers(AsText(RandomBytes(plan->secret_size)), jwk);
    // A thumbprint would let anybody who sees it test guesses of the secret.
    kid = EncodeBase64Url(AsText(RandomBytes(16)));
  } else {
    const auto key = GeneratePair(*plan, options);
    if (!key) return key.error();
    SecretBytes bare;
    JsonWriter(bare).BeginObject();
    if (auto appended = AppendKeyMembers(key->get(), false, bare); !appended) return appended.error();
    JsonWriter(bare).EndObject();
    const auto document = ParseJsonObject(AsText(bare));
    if (!document) return document.error();
    auto thumbprint = JwkThumbprint(document->root());
    if (!thumbprint) return thumbprint.error();
    kid = std::move(*thumbprint);
    if (auto appended = AppendKeyMembers(key->get(), true, jwk); !appended) return appended.error();
  }
  writer.Add("kid", options.kid ? *options.kid : kid);
  writer.Add("use", plan->use);
  if (plan->type != KeyType::kAkp) writer.Add("alg", options.algorithm);
  writer.EndObject();
  return jwk;
}

}  // namespace jwt_auth::jose
