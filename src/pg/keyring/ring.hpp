// The keyring parsed: what a backend signs and verifies with. For C++ phases; the Postgres phase hands over rows.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "jose/jws/jws.hpp"
#include "jose/jwt/claims.hpp"
#include "pg/keyring/trusted_issuer.hpp"
#include "pg/support/arguments.hpp"
#include "session/forgetting.hpp"
#include "session/session_class.hpp"

namespace jwt_auth::pg {

// Rows of signing_key (active and verify-only ones) and session_class as plain data.
struct KeyRow {
  std::string_view kid;
  bool active;
  OptionalText public_jwk;   // none for HMAC keys
  OptionalText private_jwk;  // as it is stored: perhaps sealed
  jose::Micros created_at;
  jose::Micros token_ttl;
  jose::Micros tokens_until;
  jose::Micros verify_until;     // session::kNoCutoff: not said
  bool is_imported;              // or may be: before version 2.0 it was not recorded
  jose::Micros elsewhere_until;  // of an imported key: when what it signed elsewhere has run out; session::kNever: unknown
};
struct ClassRow {
  std::string_view name;
  session::SessionClass value;
};
struct RingRows {
  KeyRow *keys;
  std::uint64_t key_count;
  IssuerRow *issuers;
  std::uint64_t issuer_count;
  ClassRow *classes;
  std::uint64_t class_count;
  jose::Micros cutoff;  // for everybody; session::kNoCutoff: none
};

// The key that signs, and which of its tokens are recorded with it already.
class ActiveKey {
 public:
  ActiveKey() = default;
  explicit ActiveKey(const KeyRow &row);

  // It alone. The private part is opened when it is first needed, since that costs more than a verification, and most backends
  // only verify. A failure is not kept: a file may come back. kNoActiveKey, kKeySealed, kUnusableKey.
  Result<const jose::KeySet *> Open();

  std::string kid;  // empty: no key is active
  jose::Micros token_ttl = 0;
  jose::Micros tokens_until = 0;

 private:
  std::optional<std::string> public_jwk_;
  std::optional<jose::SecretBytes> private_jwk_;
  jose::KeySet opened_;
};

struct NamedClass {
  std::string name;
  session::SessionClass value;
};

// One consistent copy; replaced whole.
struct Ring {
  jose::KeySet verifying;                    // active and verify-only keys
  std::unordered_set<std::string> unopened;  // HMAC keys that can't verify because their row can't be opened
  ActiveKey active;
  std::unordered_map<std::string, TrustedIssuer> issuers;
  std::vector<NamedClass> classes;             // of sessions; there are few
  std::vector<session::KeyHistory> histories;  // of active and verify-only keys
  bool trusts_issuers_of_our_users = false;    // whose `sub` is a user of ours

  bool lacks_a_key() const { return !unopened.empty(); }
};

// The rows are in any order, and are sorted. kOutOfMemory; a key that is unusable for another reason is left out.
Result<std::unique_ptr<Ring>> BuildRing(const RingRows &rows);

}  // namespace jwt_auth::pg
