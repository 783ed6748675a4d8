// JSON Web Encryption, compact form only (RFC 7516).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jose/crypto/secret.hpp"
#include "jose/json/json.hpp"
#include "jose/jwe/jwe_algorithm.hpp"
#include "jose/keys/jwk.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

// An encrypted token cut into its parts, its header read, nothing believed. Views point into the token.
class UnverifiedJwe {
 public:
  // Exactly five parts of strict base64url, an object as header with strings `alg` and `enc` (and strings as `kid`, `typ` and
  // `cty`, if they are there); `crit` and `zip` are refused, and so are an IV or a tag that `enc` does not have the length of.
  // kMalformed otherwise; kTooLarge for a header nested too deeply.
  static Result<UnverifiedJwe> Parse(std::string_view token);

  const JsonDocument &header() const { return header_; }
  std::string_view alg() const { return alg_; }  // into header(), as are the next two
  std::string_view enc() const { return enc_; }
  const std::optional<std::string_view> &kid() const { return kid_; }
  const std::optional<std::string_view> &cty() const { return cty_; }
  std::string_view additional_data() const { return additional_data_; }  // the header as it came
  const std::string &encrypted_key() const { return encrypted_key_; }
  const std::string &iv() const { return iv_; }
  const std::string &ciphertext() const { return ciphertext_; }
  const std::string &tag() const { return tag_; }

 private:
  UnverifiedJwe() = default;
  Result<void> ReadHeader();

  JsonDocument header_;
  std::string_view alg_;
  std::string_view enc_;
  std::optional<std::string_view> kid_;
  std::optional<std::string_view> cty_;
  std::string_view additional_data_;
  std::string encrypted_key_;
  std::string iv_;
  std::string ciphertext_;
  std::string tag_;
};

// A token that has been decrypted, so that nobody without the key changed it. Only DecryptJwe makes one. With a public key
// anybody can encrypt: this says nothing about who did.
class DecryptedJwe {
 public:
  const SecretBytes &plaintext() const { return plaintext_; }
  const UnverifiedJwe &token() const { return token_; }
  const Key &key() const { return *key_; }  // the one that decrypted it

 private:
  friend Result<DecryptedJwe> DecryptJwe(UnverifiedJwe token, const KeySet &keys, std::optional<JweAlgorithmSet> algorithms,
                                         JweEncryptionSet encryptions);
  DecryptedJwe(UnverifiedJwe token, SecretBytes plaintext, const Key *key)
      : token_(std::move(token)), plaintext_(std::move(plaintext)), key_(key) {}
  UnverifiedJwe token_;
  SecretBytes plaintext_;
  const Key *key_;
};

// Decrypts with the keys, and only as both they and the caller permit. `algorithms` none: whatever the key allows. That a
// secret is a password (PBES2) must be said by `algorithms` or by the JWK's `alg`, never by a token.
// What the header shows has its own refusal: kNoSuchKey for a kid that no key has, kAlgorithmNotAllowed, kUnusableKey (a key
// that may not decrypt), kMalformed (parameters of the algorithm that are missing or out of bounds). Everything else is
// kUndecryptable with no detail, and a content key that does not unwrap is replaced by a random one, so that a wrong key, a
// wrong padding, a bad point and a wrong tag look alike (RFC 7516 section 11.5).
// Without a kid each suitable key of a set is tried: at most 16, and one password. The result points into `keys`.
Result<DecryptedJwe> DecryptJwe(UnverifiedJwe token, const KeySet &keys, std::optional<JweAlgorithmSet> algorithms,
                                JweEncryptionSet encryptions);

// How to encrypt. `alg` empty: the JWK's `alg`, else RSA-OAEP-256, ECDH-ES+A256KW, AxxxKW or dir, as the key is. `enc` empty:
// the encryption that a `dir` key is for, else A256GCM. `extra_header` (an object, or null) may add members; `alg`, `enc` and
// `kid` must agree with ours; `apu`, `apv` (base64url) and `p2c` (1000 to 1000000) are used where the algorithm has them.
struct JweOptions {
  std::string_view alg;
  std::string_view enc;
  const JsonDocument *extra_header = nullptr;
  std::string_view typ;  // empty for none; extra_header's own wins
  std::string_view cty;  // empty for none; extra_header's must be the same
};

// Of a set, the first key that can encrypt so does. kInvalidArgument for an unknown algorithm or encryption or a header that
// is not allowed, kAlgorithmNotAllowed for one that no key allows, kUnusableKey for a key that may not encrypt.
Result<std::string> EncryptJwe(std::string_view plaintext, const KeySet &keys, const JweOptions &options);

}  // namespace jwt_auth::jose
