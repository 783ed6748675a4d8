// Parsed keys, kept: parsing one costs a hundred verifications.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "jose/crypto/secret.hpp"
#include "jose/keys/jwk.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

// A bounded least-recently-used cache from the text of a key argument to what it parses to. Indexed by SHA-256 of the text
// (under a random per-process prefix); of the texts themselves it holds the one that was used last, which is compared before
// anything is hashed. Texts and parsed keys cleanse themselves when dropped. Refusals are not cached. It holds at
// most 1024 keys in all.
class KeyCache {
 public:
  // `capacity` counts arguments and is at least 1.
  explicit KeyCache(std::size_t capacity = 64) : capacity_(capacity) {}

  // The text and the bytea overloads: for making signatures, for verifying them, for encryption.
  enum class Kind : char {
    kText = 't',
    kVerificationText = 'v',
    kRawSecret = 'r',
    kEncryptionText = 'e',
    kEncryptionSecret = 's'
  };

  // The keys of `argument`, valid until the next call of Get.
  Result<const KeySet *> Get(Kind kind, std::string_view argument);
  // The members of the set that the latest call refused with kNothingUsable; else none.
  const std::vector<SkippedKey> &skipped() const { return skipped_; }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string digest;
    KeySet keys;
  };
  void Remember(Kind kind, std::string_view argument);
  void DropOldest();

  bool has_last_ = false;  // then last_ of last_kind_ parses to the keys of the first entry
  Kind last_kind_ = Kind::kText;
  SecretBytes last_;
  std::size_t capacity_;
  std::size_t key_count_ = 0;  // of all entries
  std::vector<SkippedKey> skipped_;
  std::list<Entry> entries_;  // most recent first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
};

}  // namespace jwt_auth::jose
