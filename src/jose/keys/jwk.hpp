// Keys: JWK and JWKS (RFC 7517, RFC 7518 section 6, RFC 8037, RFC 9964), PEM, raw secrets.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jose/crypto/openssl.hpp"
#include "jose/crypto/secret.hpp"
#include "jose/json/json.hpp"
#include "jose/jwe/jwe_algorithm.hpp"
#include "jose/jws/algorithm.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

enum class KeyType : std::uint8_t { kOct, kRsa, kEc, kOkp, kAkp };
enum class Curve : std::uint8_t { kNone, kP256, kP384, kP521, kSecp256k1, kEd25519, kEd448, kX25519, kX448 };

// What a key may do (RFC 7517 sections 4.2 and 4.3), as bits. A key that says nothing may do all that its type can.
enum KeyOperation : std::uint8_t {
  kOpSign = 1,
  kOpVerify = 2,
  kOpEncrypt = 4,
  kOpDecrypt = 8,
  kOpWrap = 16,
  kOpUnwrap = 32,
  kOpDerive = 64,
  kOpAll = 127,
};

// One usable key: it has been checked (sizes, points, pairs) when it was read, so nobody checks again.
// Holds its prepared OpenSSL contexts, hence movable, not copyable, not thread-safe (a backend is one thread).
// Never printed: no operator<<.
class Key {
 public:
  Key(Key &&) noexcept;
  Key &operator=(Key &&) noexcept;
  ~Key();

  KeyType type() const { return type_; }
  Curve curve() const { return curve_; }
  bool is_private() const { return is_private_; }  // true for oct keys
  const std::optional<std::string> &kid() const { return kid_; }
  const std::optional<std::string> &alg() const { return alg_; }  // as the JWK said it; also JWE names
  unsigned operations() const { return operations_; }             // KeyOperation bits after `use` and `key_ops`
  // Signature algorithms that this key's type, size, curve and `alg` allow. Never the token's choice (RFC 8725 section 3.1).
  AlgorithmSet algorithms() const { return algorithms_; }
  // JWE algorithms that they allow, and with `dir` the encryptions that this key is the content key of.
  JweAlgorithmSet jwe_algorithms() const { return jwe_algorithms_; }
  JweEncryptionSet direct_encryptions() const { return direct_encryptions_; }
  // The algorithm and the `alg` name to sign with where the caller names none: the JWK's `alg`, else HS256, RS256, the
  // curve's ES or EdDSA.
  std::optional<Algorithm> default_algorithm() const;

  EVP_PKEY *pkey() const { return pkey_.get(); }         // null for oct
  const SecretBytes &secret() const { return secret_; }  // empty unless oct

  // Raw signature of `data`; kUnusableKey if this key can't sign. The algorithm must be one of algorithms().
  Result<std::string> Sign(Algorithm algorithm, std::string_view data) const;
  // kBadSignature unless `signature` is right; constant time for MACs; ECDSA exactly r||s with 0 < r,s < n.
  Result<void> Verify(Algorithm algorithm, std::string_view data, std::string_view signature) const;

 private:
  friend class KeyBuilder;
  friend class RsaUse;
  Key();
  struct Contexts;  // prepared once per key and algorithm

  KeyType type_ = KeyType::kOct;
  Curve curve_ = Curve::kNone;
  bool is_private_ = false;
  unsigned operations_ = kOpAll;
  AlgorithmSet algorithms_;
  JweAlgorithmSet jwe_algorithms_;
  JweEncryptionSet direct_encryptions_;
  std::optional<std::string> kid_;
  std::optional<std::string> alg_;
  OpenSslPtr<EVP_PKEY> pkey_;
  SecretBytes secret_;
  std::unique_ptr<Contexts> contexts_;
};

// A member of a set that can't be used, and why.
struct SkippedKey {
  std::string name;  // its kid without control characters, at most 64 bytes; "" if it has none
  const char *reason;
};
SkippedKey Skipped(const JsonValue &jwk, const char *reason);

// The keys that one argument holds.
struct KeySet {
  std::vector<Key> keys;
  bool is_jwks = false;             // a JWKS, however many keys it has: unsuitable siblings are skipped, not errors
  std::vector<SkippedKey> skipped;  // members of a JWKS, in its order
};

// The skipped members as text for a message: `key "KID": REASON; key without a kid: REASON`. At most kMaxSkippedTold of them,
// and how many more there are; empty if there are none.
constexpr std::size_t kMaxSkippedTold = 8;
std::string DescribeSkipped(const std::vector<SkippedKey> &skipped);

// What a key argument is wanted for. A secret that is too short to sign may encrypt: as an AES key, or as a password. Where a
// set is wanted for verifying alone, the private parts of its keys are not looked at: checking that of a large RSA key costs as
// much as a signature.
enum class KeyPurpose : std::uint8_t { kSignature, kVerification, kEncryption };

constexpr std::size_t kMaxKeysInSet = 256;
constexpr std::size_t kMaxKeyArgumentSize = 4U << 20;

// Reads an SQL `key` argument. Text starting with '{', white space in front or not, is a JWK or JWKS; text with "-----BEGIN" is
// PEM (pem_text.hpp); anything else is a raw HMAC secret. Text of a key in another form (an SSH key, PEM with a spoilt
// boundary, base64 or base64url of PEM, DER, a JWK or a set) and a URL are errors, never secrets. A malformed or unknown member
// of a JWKS is skipped and listed. Two different keys that have one kid and could answer for the same token make the set
// invalid (RFC 7517 section 4.5). kUnusableKey with the reason; kTooLarge beyond kMaxKeysInSet or kMaxKeyArgumentSize;
// kInterrupted (interruption.hpp). A JWKS of which nothing can be used comes back with no keys.
Result<KeySet> ReadKeys(std::string_view argument, KeyPurpose purpose = KeyPurpose::kSignature);
// ReadKeys, where a JWKS of which nothing can be used is kNothingUsable.
Result<KeySet> ParseKeys(std::string_view argument, KeyPurpose purpose = KeyPurpose::kSignature);
constexpr Error kNothingUsable{ErrorCode::kUnusableKey, "JWKS without a usable key"};
// Arbitrary bytes as an HMAC secret (the bytea overloads), or for encryption as an AES key or password. Bytes that hold a
// key of another kind (PEM, DER, a JWK) are kUnusableKey: a public key is never a secret.
Result<KeySet> SecretKeySet(std::string_view bytes, KeyPurpose purpose = KeyPurpose::kSignature);
// One JWK; `jwk` must be an object. It is checked whole, whatever the purpose.
Result<Key> ParseJwk(const JsonValue &jwk, KeyPurpose purpose = KeyPurpose::kSignature);

// What jwk_generate takes: a JWS or JWE algorithm name, or a curve where the algorithm leaves one open; RSA bits (2048..16384).
struct GenerateOptions {
  std::string_view algorithm;
  std::string_view curve;  // "" = the algorithm's own
  int rsa_bits = 2048;
  std::optional<std::string_view> kid;  // none: the thumbprint (oct: random)
  // Asked now and then while primes are searched; true gives up with kInterrupted. Large RSA keys take minutes.
  bool (*interrupted)() = nullptr;
};
// A fresh private JWK as compact JSON. kInvalidArgument for a name it does not know.
Result<SecretBytes> GenerateJwk(const GenerateOptions &options);

// The public part of a JWK (only registered public members and kid, alg, use, key_ops, x5*), as compact JSON. kUnusableKey for
// oct.
Result<std::string> PublicJwk(const JsonValue &jwk);
// Appends `"kty":"oct","k":...`, the members that describe a secret, without braces.
void AppendSecretMembers(std::string_view secret, SecretBytes &out);
// RFC 7638 thumbprint (SHA-256, base64url). Works for every kty.
Result<std::string> JwkThumbprint(const JsonValue &jwk);
// PEM to JWK, `kid` and `alg` added if given (kid NULL: thumbprint); and back (PKCS#8 for a private key, SPKI for a public
// one). A key that is for RSASSA-PSS alone gets an `alg` in any case: PS256, or that of the hash that the key is restricted to.
Result<SecretBytes> JwkFromPem(std::string_view pem, std::optional<std::string_view> kid, std::optional<std::string_view> alg);
Result<SecretBytes> JwkToPem(const JsonValue &jwk);

}  // namespace jwt_auth::jose
