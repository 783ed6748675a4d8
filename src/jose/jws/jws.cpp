#include "jose/jws/jws.hpp"

#include <array>
#include <utility>

#include "jose/interruption.hpp"
#include "jose/json/base64url.hpp"
#include "jose/json/json_writer.hpp"
#include "jose/jws/header_members.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::size_t kMaxKeysTried = 16;
constexpr std::size_t kNoDot = std::string_view::npos;

constexpr Error Malformed(const char *detail) { return {ErrorCode::kMalformed, detail}; }
constexpr Error Invalid(const char *detail) { return {ErrorCode::kInvalidArgument, detail}; }

bool MayAct(const Key &key, KeyOperation operation) { return (key.operations() & operation) != 0; }

// Why this key does not verify the token, or the algorithm to try.
Result<Algorithm> AlgorithmFor(const Key &key, AlgorithmSet wanted) {
  if (key.algorithms().empty() || !MayAct(key, kOpVerify)) {
    return Error{ErrorCode::kUnusableKey, "key is not for verifying signatures"};
  }
  const AlgorithmSet common = key.algorithms() & wanted;
  if (common.empty()) return Error{ErrorCode::kAlgorithmNotAllowed, "the token names one that the key is not for"};
  return common.first();
}

Result<const Key *> VerifyWithOne(const UnverifiedJws &token, const Key &key, AlgorithmSet wanted) {
  const auto algorithm = AlgorithmFor(key, wanted);
  if (!algorithm) return algorithm.error();
  if (auto verified = key.Verify(*algorithm, token.signing_input(), token.signature()); !verified) return verified.error();
  return &key;
}

// Tries the keys that the token may mean: those of its kid, or all where it names none.
Result<const Key *> VerifyWithAny(const UnverifiedJws &token, const KeySet &keys, AlgorithmSet wanted) {
  const auto &kid = token.kid();
  Error refusal{ErrorCode::kNoSuchKey,
                kid ? "no key has the kid of the token" : "no key of the set is for verifying signatures"};
  std::size_t tried = 0;
  for (const Key &key : keys.keys) {
    if (tried == kMaxKeysTried) break;
    if (kid && (!key.kid() || *key.kid() != *kid)) continue;
    const auto verified = VerifyWithOne(token, key, wanted);
    if (verified) return *verified;
    // Report the refusal of the key that came closest to verifying.
    switch (verified.error().code) {
      case ErrorCode::kBadSignature:
        ++tried;
        refusal = verified.error();
        break;
      case ErrorCode::kAlgorithmNotAllowed:
        if (tried == 0) refusal = verified.error();
        break;
      case ErrorCode::kUnusableKey:
        // The token is to blame, which names a key that its issuer has for something else.
        if (kid && refusal.code == ErrorCode::kNoSuchKey)
          refusal = {ErrorCode::kNoSuchKey, "the key with the kid of the token is not for verifying signatures"};
        break;
      default:
        return verified.error();
    }
    if (IsInterrupted()) return kInterrupted;
  }
  return refusal;
}

Result<const Key *> FindVerifyingKey(const UnverifiedJws &token, const KeySet &keys, AlgorithmSet wanted) {
  if (keys.is_jwks) return VerifyWithAny(token, keys, wanted);
  const Key &key = keys.keys.front();
  if (token.kid() && key.kid() && *key.kid() != *token.kid())
    return Error{ErrorCode::kNoSuchKey, "no key has the kid of the token"};
  return VerifyWithOne(token, key, wanted);
}

// The key to sign with, and the algorithm.
struct Signer {
  const Key *key;
  Algorithm algorithm;
  std::string_view alg_name;
};

Result<Signer> SignerOf(const Key &key, std::string_view alg_name, AlgorithmSet named) {
  if (!key.is_private()) return Error{ErrorCode::kUnusableKey, "a public key cannot sign"};
  if (key.algorithms().empty() || !MayAct(key, kOpSign)) {
    return Error{ErrorCode::kUnusableKey, "key is not for making signatures"};
  }
  if (alg_name.empty()) {
    const auto algorithm = key.default_algorithm();
    return Signer{&key, *algorithm, key.alg() ? std::string_view(*key.alg()) : InfoOf(*algorithm).name};
  }
  const AlgorithmSet common = key.algorithms() & named;
  if (common.empty()) return Error{ErrorCode::kAlgorithmNotAllowed, "the key is not for this one"};
  return Signer{&key, common.first(), alg_name};
}

Result<Signer> FindSigner(const KeySet &keys, std::string_view alg_name) {
  const AlgorithmSet named = AlgorithmsNamed(alg_name);
  if (!alg_name.empty() && named.empty())
    return Error{ErrorCode::kInvalidArgument, "unknown signature algorithm", kSignatureAlgorithmNames};
  Error refusal{ErrorCode::kUnusableKey, "key is not for making signatures"};
  for (const Key &key : keys.keys) {
    auto signer = SignerOf(key, alg_name, named);
    if (signer) return signer;
    if (!keys.is_jwks || signer.error().code == ErrorCode::kAlgorithmNotAllowed) refusal = signer.error();
  }
  return refusal;
}

// Adds the caller's members behind those that are ours.
Result<void> AddExtraHeader(const JsonValue &extra, const Signer &signer, JsonWriter<std::string> &header) {
  if (!extra.is(JsonType::kObject)) return Invalid("header is not a JSON object");
  for (const auto &[name, value] : extra.members()) {
    if (name == "crit" || name == "b64" || name == "enc") return Invalid("header must not have crit, b64 or enc");
    if (const char *complaint = WrongHeaderMember(name, value)) return Invalid(complaint);
    if (name == "alg") {
      if (value.text() != signer.alg_name) return Invalid("header names another alg than the one that signs");
      continue;
    }
    if (name == "kid" && signer.key->kid()) {
      if (value.text() != *signer.key->kid()) return Invalid("header names another kid than the key's");
      continue;
    }
    header.Add(name, value);
  }
  return {};
}

Result<std::string> MakeHeader(const Signer &signer, const SignOptions &options) {
  std::string text;
  text.reserve(128);
  JsonWriter header(text);
  header.BeginObject();
  header.Add("alg", signer.alg_name);
  const bool own_typ = options.extra_header != nullptr && options.extra_header->root().Find("typ");
  if (!options.typ.empty() && !own_typ) header.Add("typ", options.typ);
  if (signer.key->kid()) header.Add("kid", *signer.key->kid());
  if (options.extra_header != nullptr) {
    if (auto added = AddExtraHeader(options.extra_header->root(), signer, header); !added) return added.error();
  }
  header.EndObject();
  return text;
}

}  // namespace

Result<UnverifiedJws> UnverifiedJws::Parse(std::string_view token) {
  Result<UnverifiedJws> parsed{UnverifiedJws()};
  if (const auto read = parsed->Read(token); !read) parsed = read.error();
  return parsed;
}

Result<void> UnverifiedJws::Read(std::string_view token) {
  auto read = ReadParts(token);
  if (!read && read.error().code == ErrorCode::kMalformed) {
    if (const auto cause = WhatStandsAround(token)) return *cause;
  }
  return read;
}

Result<void> UnverifiedJws::ReadParts(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = first == kNoDot ? kNoDot : token.find('.', first + 1);
  if (second == kNoDot) return Malformed("token does not have three parts");
  if (const std::size_t third = token.find('.', second + 1); third != kNoDot) {
    const std::size_t fourth = token.find('.', third + 1);
    const bool five_parts = fourth != kNoDot && token.find('.', fourth + 1) == kNoDot;
    return Malformed(five_parts ? "token is encrypted (JWE), not signed (JWS)" : "token does not have three parts");
  }

  signing_input_ = token.substr(0, second);
  if (auto decoded = AppendDecodedBase64Url(token.substr(second + 1), signature_); !decoded) return decoded.error();
  if (auto decoded = AppendDecodedBase64Url(token.substr(first + 1, second - first - 1), payload_); !decoded)
    return decoded.error();
  auto header = FindOrParseHeader(token.substr(0, first));
  if (!header) return header.error();
  header_ = std::move(*header);
  return {};
}

Result<std::shared_ptr<const UnverifiedJws::Header>> UnverifiedJws::FindOrParseHeader(std::string_view encoded) {
  // An issuer writes the same header into each of its tokens, and reading one costs as much as the MAC of a token. The last
  // few are kept; a header is found again only by all of its bytes. Never freed: at exit nobody is left to use them.
  constexpr std::size_t kKept = 4;
  constexpr std::size_t kMaxKept = 1024;
  static auto *kept = new std::array<std::shared_ptr<const Header>, kKept>;
  static std::size_t next = 0;
  for (const auto &header : *kept) {
    if (header && header->encoded == encoded) return header;
  }
  auto parsed = ParseHeader(encoded);
  if (parsed && encoded.size() <= kMaxKept) {
    (*kept)[next] = *parsed;
    next = (next + 1) % kKept;
  }
  return parsed;
}

Result<std::shared_ptr<const UnverifiedJws::Header>> UnverifiedJws::ParseHeader(std::string_view encoded) {
  std::string text;
  if (auto decoded = AppendDecodedBase64Url(encoded, text); !decoded) return decoded.error();
  auto document = ParseJsonObject(text);
  if (!document) return document.error();
  auto header = std::make_shared<Header>();
  header->encoded = encoded;
  header->document = std::move(*document);
  bool has_alg = false;
  for (const auto &[name, value] : header->document.root().members()) {
    if (const char *complaint = WrongHeaderMember(name, value)) return Malformed(complaint);
    if (name == "alg") {
      header->alg = value.text();
      has_alg = true;
    } else if (name == "kid") {
      header->kid = value.text();
    } else if (name == "typ") {
      header->typ = value.text();
    } else if (name == "crit") {
      return Malformed("header has crit, and no extension is understood");
    } else if (name == "b64" && !value.is(JsonType::kTrue)) {
      return Malformed("header has b64 other than true");
    } else if (name == "enc") {
      return Malformed("token is encrypted (JWE), not signed (JWS)");
    }
  }
  if (!has_alg) return Malformed("header without alg");
  return std::shared_ptr<const Header>(std::move(header));
}

Result<VerifiedJws> VerifyJws(UnverifiedJws &&token, const KeySet &keys, AlgorithmSet allowed) {
  if (keys.keys.empty()) return Error{ErrorCode::kNoSuchKey, "no key to verify with"};
  const AlgorithmSet wanted = AlgorithmsNamed(token.alg()) & allowed;
  if (wanted.empty())
    return Error{ErrorCode::kAlgorithmNotAllowed, "the token names one that is unknown or that the caller does not allow"};
  const auto key = FindVerifyingKey(token, keys, wanted);
  if (!key) return key.error();
  return VerifiedJws(std::move(token), *key);
}

Result<std::string> SignJws(std::string_view payload, const KeySet &keys, const SignOptions &options) {
  const auto signer = FindSigner(keys, options.alg_name);
  if (!signer) return signer.error();
  const auto header = MakeHeader(*signer, options);
  if (!header) return header.error();
  std::string token;
  token.reserve(Base64UrlLength(header->size()) + Base64UrlLength(payload.size()) + 128);
  AppendBase64Url(*header, token);
  token += '.';
  AppendBase64Url(payload, token);
  const auto signature = signer->key->Sign(signer->algorithm, token);
  if (!signature) return signature.error();
  token += '.';
  AppendBase64Url(*signature, token);
  return token;
}

}  // namespace jwt_auth::jose
