#include "pg/keyring/signed_tokens.hpp"

#include <algorithm>

#include "pg/keyring/keyring.hpp"
#include "pg/keyring/ring.hpp"
#include "pg/keyring/token_lifetime.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/time.hpp"

namespace jwt_auth::pg {

namespace {

// Nobody knows how long the tokens of another issuer last.
bool counts_another_issuer(session::SignedTokens which, const Ring &ring) {
  switch (which) {
    case session::SignedTokens::kOurs:
      return false;
    case session::SignedTokens::kOfOurUsers:
      return ring.trusts_issuers_of_our_users;
    case session::SignedTokens::kAll:
      break;
  }
  return !ring.issuers.empty();
}

}  // namespace

session::Micros signed_tokens_end(session::SignedTokens which, session::Micros now) {
  refresh_keyring();
  const Ring &ring = CurrentRing();
  if (counts_another_issuer(which, ring)) return session::kNever;
  const TokenLifetime recorded = longest_lifetime();
  const session::Micros ttl = std::max(settings::access_token_ttl, recorded.ttl) * session::kMicrosPerSecond;
  return std::max(session::LastTokenEnd(ring.histories.data(), ring.histories.size(), which, ttl, now),
                  micros_of(recorded.until));
}

bool trusts_another_issuer() {
  refresh_keyring();
  return !CurrentRing().issuers.empty();
}

}  // namespace jwt_auth::pg
