#include "session/forgetting.hpp"

#include <algorithm>

namespace jwt_auth::session {

namespace {

// The same for one key.
Micros SpentCutoffsOf(const KeyHistory &key, Micros now, Micros longest_leeway) noexcept {
  if (key.is_imported) return kNoCutoff;
  const Micros expired_by = now - longest_leeway;
  const Micros spent = expired_by - key.token_ttl;
  // A token of a long lifetime may still be good; none was issued before the key began to sign.
  return key.tokens_until < expired_by ? spent : std::min(spent, key.active_since);
}

}  // namespace

Micros SpentCutoffs(const KeyHistory *keys, std::size_t count, Micros now, Micros longest_leeway) noexcept {
  Micros spent = now - longest_leeway;
  for (std::size_t i = 0; i < count; ++i) spent = std::min(spent, SpentCutoffsOf(keys[i], now, longest_leeway));
  return spent;
}

}  // namespace jwt_auth::session
