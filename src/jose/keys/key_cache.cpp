#include "jose/keys/key_cache.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::size_t kMaxKeysKept = 1024;
// Of a longer text the hash costs less than keeping a copy is worth.
constexpr std::size_t kMaxLastSize = 8192;

// Random, so that a dump of the process's memory shows no hash by which secrets could be guessed in advance.
const SecretBytes &Prefix() {
  static const SecretBytes prefix = RandomBytes(32);
  return prefix;
}

std::string DigestOf(KeyCache::Kind kind, std::string_view argument) {
  SecretBytes text = Prefix();
  text.reserve(text.size() + 1 + argument.size());
  text.push_back(static_cast<unsigned char>(kind));
  Append(text, argument);
  return Sha256(AsText(text));
}

Result<KeySet> Parse(KeyCache::Kind kind, std::string_view argument) {
  switch (kind) {
    case KeyCache::Kind::kText:
      return ReadKeys(argument);
    case KeyCache::Kind::kVerificationText:
      return ReadKeys(argument, KeyPurpose::kVerification);
    case KeyCache::Kind::kRawSecret:
      return SecretKeySet(argument);
    case KeyCache::Kind::kEncryptionText:
      return ReadKeys(argument, KeyPurpose::kEncryption);
    case KeyCache::Kind::kEncryptionSecret:
      return SecretKeySet(argument, KeyPurpose::kEncryption);
  }
  return Error{ErrorCode::kInternal, "unknown kind of key argument"};
}

}  // namespace

void KeyCache::Remember(Kind kind, std::string_view argument) {
  if (argument.size() > kMaxLastSize) return;
  last_.assign(argument.begin(), argument.end());
  last_kind_ = kind;
  has_last_ = true;
}

Result<const KeySet *> KeyCache::Get(Kind kind, std::string_view argument) {
  skipped_.clear();
  if (has_last_ && kind == last_kind_ && EqualInConstantTime(argument, AsText(last_))) return &entries_.front().keys;
  // Not worth hashing, and it might be huge.
  if (argument.size() > kMaxKeyArgumentSize) return Error{ErrorCode::kTooLarge, "key argument too large"};
  std::string digest = DigestOf(kind, argument);
  if (const auto found = index_.find(digest); found != index_.end()) {
    has_last_ = false;
    entries_.splice(entries_.begin(), entries_, found->second);
    Remember(kind, argument);
    return &entries_.front().keys;
  }
  auto parsed = Parse(kind, argument);
  if (!parsed) return parsed.error();
  if (parsed->keys.empty()) {
    skipped_ = std::move(parsed->skipped);
    return kNothingUsable;
  }
  has_last_ = false;
  const std::size_t count = parsed->keys.size();
  while (!entries_.empty() && (entries_.size() >= capacity_ || key_count_ + count > kMaxKeysKept)) DropOldest();
  entries_.push_front({std::move(digest), std::move(*parsed)});
  key_count_ += count;
  index_.emplace(entries_.front().digest, entries_.begin());
  Remember(kind, argument);
  return &entries_.front().keys;
}

void KeyCache::DropOldest() {
  key_count_ -= entries_.back().keys.keys.size();
  index_.erase(entries_.back().digest);
  entries_.pop_back();
}

}  // namespace jwt_auth::jose
