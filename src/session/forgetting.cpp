#include "session/forgetting.hpp"

#include <algorithm>

#include "jose/crypto/openssl.hpp"
#include "jose/jwt/saturating_add.hpp"

namespace jwt_auth::session {

namespace {

// No other use of the server's secret begins like this.
constexpr std::string_view kTombstoneLabel = "jwt_auth forgotten user v1";

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

Micros LastTokenEnd(const KeyHistory *keys, std::size_t count, SignedTokens which, Micros ttl, Micros now) noexcept {
  Micros end = jose::SaturatingAdd(now, ttl);
  for (std::size_t i = 0; i < count; ++i) {
    const KeyHistory &key = keys[i];
    end = std::max({end, jose::SaturatingAdd(now, key.token_ttl), key.tokens_until});
    if (key.is_imported && which != SignedTokens::kOurs) end = std::max(end, key.elsewhere_until);
  }
  return end;
}

Hash TombstoneName(std::string_view server_secret, std::string_view user_id) {
  std::string data(kTombstoneLabel);
  data += '\0';
  data += user_id;
  const jose::SecretBytes mac = jose::Hmac(jose::Digest::kSha256, server_secret, data);
  Hash name;
  std::copy(mac.begin(), mac.end(), name.begin());
  return name;
}

Micros CutoffSinceForgotten(Micros cutoff, Micros forgotten_at) noexcept { return std::max(cutoff, forgotten_at); }

}  // namespace jwt_auth::session
