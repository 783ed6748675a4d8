// JSON Web Signature, compact form only (RFC 7515).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "jose/json/json.hpp"
#include "jose/jws/algorithm.hpp"
#include "jose/keys/jwk.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

// A token cut into its parts, its header read, nothing believed. Views point into the token.
class UnverifiedJws {
 public:
  // Exactly three parts of strict base64url, an object as header with a string `alg` (and strings as `kid` and `typ`, if they
  // are there); `crit` and `b64: false` are refused (nothing is understood yet), and so is `enc`, which only a JWE has.
  // kMalformed otherwise; kTooLarge for a header nested too deeply.
  static Result<UnverifiedJws> Parse(std::string_view token);

  const JsonDocument &header() const { return header_->document; }
  std::string_view alg() const { return header_->alg; }
  const std::optional<std::string_view> &kid() const { return header_->kid; }  // into header()
  const std::optional<std::string_view> &typ() const { return header_->typ; }  // into header()
  std::string_view signing_input() const { return signing_input_; }
  const std::string &signature() const { return signature_; }
  // The decoded payload before any key has proved it: to choose the keys that have to, or to be shown as unverified.
  const std::string &unverified_payload() const { return payload_; }

 private:
  friend class VerifiedJws;
  friend class UnverifiedJwt;
  // A header that has passed every check that does not depend on a key.
  struct Header {
    std::string encoded;
    JsonDocument document;
    std::string_view alg;
    std::optional<std::string_view> kid, typ;
  };
  UnverifiedJws() = default;
  // Parse() into this object.
  Result<void> Read(std::string_view token);
  Result<void> ReadParts(std::string_view token);
  static Result<std::shared_ptr<const Header>> ParseHeader(std::string_view encoded);
  static Result<std::shared_ptr<const Header>> FindOrParseHeader(std::string_view encoded);

  std::shared_ptr<const Header> header_;
  std::string_view signing_input_;
  std::string signature_;
  std::string payload_;
};

// A token whose signature is right. Only VerifyJws makes one.
class VerifiedJws {
 public:
  const std::string &payload() const { return token_.payload_; }
  const UnverifiedJws &token() const { return token_; }
  const Key &key() const { return *key_; }  // the one that verified it

 private:
  friend Result<VerifiedJws> VerifyJws(UnverifiedJws &&token, const KeySet &keys, AlgorithmSet allowed);
  VerifiedJws(UnverifiedJws &&token, const Key *key) : token_(std::move(token)), key_(key) {}
  UnverifiedJws token_;
  const Key *key_;
};

// Verifies with the keys and only the algorithms that both they and `allowed` permit. kNoSuchKey for a kid that no key has,
// kAlgorithmNotAllowed, kUnusableKey (a key that may not verify), kBadSignature. Without a kid each suitable key of a set is
// tried, at most 16. The result points into `keys`. A token that is refused stays as it was.
Result<VerifiedJws> VerifyJws(UnverifiedJws &&token, const KeySet &keys, AlgorithmSet allowed);

// Signs `payload`. `alg_name` empty: the key's default. `extra_header` (an object, or null) may add members, and must not set
// `alg` to something else or `kid` to other than the key's, nor have `crit`, `b64` or `enc`. The header starts with alg, then
// typ if given, then the key's kid if it has one. Of a set, the first key that can sign with the algorithm does.
// kInvalidArgument for an unknown algorithm or a header that is not allowed, kAlgorithmNotAllowed for one that no key allows,
// kUnusableKey for a key that may not or can't sign.
struct SignOptions {
  std::string_view alg_name;
  std::string_view typ;  // "JWT" for tokens; empty for none; extra_header's own typ wins
  const JsonDocument *extra_header = nullptr;
};
Result<std::string> SignJws(std::string_view payload, const KeySet &keys, const SignOptions &options);

}  // namespace jwt_auth::jose
