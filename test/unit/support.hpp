// What the tests of the core share.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "jose/json/base64url.hpp"
#include "jose/json/json.hpp"
#include "jose/jws/jws.hpp"
#include "jose/keys/jwk.hpp"
#include "vectors.hpp"

namespace jwt_auth::jose {

// The refusal of a result, as the tests compare it; -1 for success.
template <class T>
int CodeOf(const Result<T> &result) {
  return result ? -1 : static_cast<int>(result.error().code);
}

#define EXPECT_REFUSED(result, expected) EXPECT_EQ(CodeOf(result), static_cast<int>(ErrorCode::expected))
#define ASSERT_ACCEPTED(result) ASSERT_TRUE(static_cast<bool>(result)) << (result).error().detail
#define EXPECT_ACCEPTED(result)                                          \
  do {                                                                   \
    const auto &accepted = (result);                                     \
    EXPECT_TRUE(static_cast<bool>(accepted)) << accepted.error().detail; \
  } while (false)

inline KeySet Keys(std::string_view text, KeyPurpose purpose = KeyPurpose::kSignature) {
  auto keys = ParseKeys(text, purpose);
  if (!keys) throw std::runtime_error(std::string("unusable test key: ") + keys.error().detail);
  return std::move(*keys);
}

inline std::string GenerateAfresh(std::string_view algorithm, std::string_view curve = "") {
  GenerateOptions options;
  options.algorithm = algorithm;
  options.curve = curve;
  auto jwk = GenerateJwk(options);
  if (!jwk) throw std::runtime_error(std::string("cannot generate: ") + jwk.error().detail);
  return std::string(AsText(*jwk));
}

inline std::string PublicOf(std::string_view jwk) {
  const auto document = ParseJson(jwk);
  auto text = PublicJwk(document->root());
  if (!text) throw std::runtime_error(text.error().detail);
  return *text;
}

// A copy of a JWK, or any object, with members set (to JSON texts) or removed (empty text).
inline std::string With(std::string_view object, std::initializer_list<std::pair<std::string_view, std::string>> changes) {
  const auto document = ParseJson(object);
  std::string out = "{";
  const auto add = [&out](std::string_view name, std::string_view value) {
    if (out.size() > 1) out += ",";
    AppendJsonString(name, out);
    out += ":";
    out += value;
  };
  for (const auto &[name, value] : document->root().members()) {
    bool changed = false;
    for (const auto &change : changes) changed = changed || change.first == name;
    if (!changed) add(name, Text(value));
  }
  for (const auto &[name, value] : changes) {
    if (!value.empty()) add(name, value);
  }
  return out + "}";
}

// Keys for an algorithm. RSA keys take long to make, so there are two in all, one behind each function.
inline std::string KeyAmong(const std::string &rsa, std::string_view algorithm, std::string_view curve) {
  const bool is_rsa = algorithm.substr(0, 2) == "RS" || algorithm.substr(0, 2) == "PS";
  if (!is_rsa) return GenerateAfresh(algorithm, curve);
  return With(rsa, {{"alg", "\"" + std::string(algorithm) + "\""}, {"use", algorithm.size() > 5 ? "\"enc\"" : "\"sig\""}});
}
inline std::string Generate(std::string_view algorithm, std::string_view curve = "") {
  static const std::string rsa = GenerateAfresh("RS256");
  return KeyAmong(rsa, algorithm, curve);
}
inline std::string Another(std::string_view algorithm) {
  static const std::string rsa = GenerateAfresh("RS256");
  return KeyAmong(rsa, algorithm, "");
}

inline std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}
// The bytes that a member holds in base64url.
inline std::string BytesOf(std::string_view object, std::string_view name) {
  const auto document = ParseJson(object);
  return *DecodeBase64Url(Member(document->root(), name));
}

inline std::string Sign(std::string_view payload, const KeySet &keys, std::string_view alg = "") {
  SignOptions options;
  options.alg_name = alg;
  auto token = SignJws(payload, keys, options);
  if (!token) throw std::runtime_error(std::string("cannot sign: ") + token.error().detail);
  return *token;
}

// The payload of a token, or why it is refused.
inline Result<std::string> VerifiedPayload(std::string_view token, const KeySet &keys,
                                           AlgorithmSet allowed = AlgorithmSet::All()) {
  auto parsed = UnverifiedJws::Parse(token);
  if (!parsed) return parsed.error();
  auto verified = VerifyJws(std::move(*parsed), keys, allowed);
  if (!verified) return verified.error();
  return verified->payload();
}

// A token with any header, signed with the raw algorithm.
inline std::string Forge(std::string_view header, std::string_view payload, const Key &key, Algorithm algorithm) {
  const std::string input = EncodeBase64Url(header) + "." + EncodeBase64Url(payload);
  return input + "." + EncodeBase64Url(*key.Sign(algorithm, input));
}

constexpr std::string_view kSecret = "an HMAC secret of forty-eight bytes, no more, no";
constexpr std::string_view kLongSecret = "an HMAC secret of sixty-four bytes, which suits each hash there is";

}  // namespace jwt_auth::jose
