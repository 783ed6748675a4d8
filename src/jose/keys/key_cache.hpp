// Parsed keys, kept: parsing one costs a hundred verifications.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "jose/crypto/secret.hpp"
#include "jose/keys/jwk.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

// A bounded least-recently-used cache from the text of a key argument to what it parses to. Indexed by SHA-256 of the text
// (under a random per-process prefix); of the texts themselves it holds the one that was used last, which is compared before
// anything is hashed. Texts and parsed keys cleanse themselves when dropped. Refusals are not cached.
class KeyCache {
 public:
  // `capacity` counts arguments; a key set of more than 64 keys is parsed, used and not kept.
  explicit KeyCache(std::size_t capacity = 64) : capacity_(capacity) {}

  // The text and the bytea overloads, for signatures and for encryption.
  enum class Kind : char { kText = 't', kRawSecret = 'r', kEncryptionText = 'e', kEncryptionSecret = 's' };

  // The keys of `argument`, valid until the next call of Get.
  Result<const KeySet *> Get(Kind kind, std::string_view argument);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string digest;
    KeySet keys;
  };
  void Remember(Kind kind, std::string_view argument);

  std::size_t capacity_;
  bool has_last_ = false;  // then last_ of last_kind_ parses to the keys of the first entry
  Kind last_kind_ = Kind::kText;
  SecretBytes last_;
  std::optional<KeySet> unkept_;  // the last one that was too large to keep
  std::list<Entry> entries_;      // most recent first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
};

}  // namespace jwt_auth::jose
