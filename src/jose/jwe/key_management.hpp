// Inside the library only: how the content encryption key travels (RFC 7518 section 4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "jose/crypto/secret.hpp"
#include "jose/json/json.hpp"
#include "jose/jwe/jwe_algorithm.hpp"
#include "jose/keys/jwk.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

// The header parameters of key management, decoded. Only those that the algorithm defines are filled in.
struct KeyManagementHeader {
  std::optional<JsonValue> epk;  // ECDH-ES; an object
  std::string apu, apv;          // ECDH-ES
  std::string iv, tag;           // AES-GCM key wrap
  std::string p2s;               // PBES2
  std::uint32_t p2c = 0;         // PBES2, within its bounds
};

// kMalformed where one that must be there is missing, is not of its type, or is out of bounds.
Result<KeyManagementHeader> ReadKeyManagementHeader(JweAlgorithm algorithm, const JsonValue &header);

// A content encryption key, and what of it goes into the token.
struct PackedKey {
  SecretBytes content_key;
  std::string encrypted_key;   // empty for dir and ECDH-ES
  std::string header_members;  // JSON text such as `"epk":{...}`
};

// What the sender may choose: party information (decoded; the header carries it already) and the count.
struct PackingOptions {
  std::string apu, apv;
  std::optional<std::uint32_t> p2c;  // within its bounds
};

// Makes a content key, or takes the key itself (dir) or what is agreed upon (ECDH-ES). The caller has checked that the key
// allows the algorithm, and with dir the encryption.
PackedKey PackContentKey(const Key &key, JweAlgorithm algorithm, JweEncryption encryption, const PackingOptions &options);

// The content key, of whatever length it has; none whatever the reason. The caller has checked the same.
std::optional<SecretBytes> UnpackContentKey(const Key &key, JweAlgorithm algorithm, JweEncryption encryption,
                                            const KeyManagementHeader &header, std::string_view encrypted_key);

}  // namespace jwt_auth::jose
