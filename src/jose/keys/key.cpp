#include "jose/keys/jwk.hpp"

#include "jose/keys/key_contexts.hpp"

namespace jwt_auth::jose {

Key::Key() : contexts_(std::make_unique<Contexts>()) {}
Key::Key(Key &&) noexcept = default;
Key &Key::operator=(Key &&) noexcept = default;
Key::~Key() = default;

RsaUse::RsaUse(const Key &key) : contexts_(*key.contexts_) {}
RsaUse::~RsaUse() { contexts_.rsa_is_doubtful = !done_; }

std::optional<Algorithm> Key::default_algorithm() const {
  if (algorithms_.empty()) return std::nullopt;
  return algorithms_.first();
}

}  // namespace jwt_auth::jose
