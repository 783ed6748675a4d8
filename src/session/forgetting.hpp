// What is left of a user who was forgotten, and when a cutoff and the news of it have done their work, so that they may be
// forgotten as well.
#pragma once

#include <cstddef>
#include <string_view>

#include "session/lifetime.hpp"
#include "session/refresh_token.hpp"

namespace jwt_auth::session {

// What is known of the tokens that a key of the ring, active or verify-only, has signed. Plain data.
struct KeyHistory {
  Micros active_since;  // when it began to sign; kNoCutoff if that is not known
  Micros token_ttl;     // the longest lifetime of the tokens that it signed, but for those that tokens_until tells of
  Micros tokens_until;  // when the last token of a longer lifetime runs out; kNoCutoff if there is none
  bool is_imported;     // or may be: it may have signed tokens elsewhere, of any lifetime and without `iat`
  // Of an imported key: when the tokens that it signed elsewhere have run out; kNever if that is not known.
  Micros elsewhere_until = kNever;
};

// Cutoffs of our own users up to this time can refuse nothing any more: every token that was issued before has expired, with
// the longest leeway that can be set. kNoCutoff if that can be said of none, because of an imported key; the caller adds what
// else is to be asked (other issuers whose subjects are our users).
Micros SpentCutoffs(const KeyHistory *keys, std::size_t count, Micros now, Micros longest_leeway) noexcept;

// Whose tokens: kOurs were signed here, as only those have a session and versions (sid, uv, sv). kOfOurUsers are also what
// imported keys have signed elsewhere and what other issuers say of our users; kAll are those of every issuer.
enum class SignedTokens { kOurs, kOfOurUsers, kAll };

// When every token has run out that was signed by now with the keys, or here with a lifetime `ttl`; kNever if that is not
// known. The caller adds what other issuers sign.
Micros LastTokenEnd(const KeyHistory *keys, std::size_t count, SignedTokens which, Micros ttl, Micros now) noexcept;

// A user who was forgotten leaves a tombstone, a time under a name that says nothing without the server's secret: HMAC-SHA256
// of the user id. May throw.
Hash TombstoneName(std::string_view server_secret, std::string_view user_id);

// The cutoff of a user who was forgotten at `forgotten_at` (kNoCutoff: never), whoever has the id by now: what was issued
// before stays refused, and so do tokens that don't say when (`iat`). A session of whoever has the id now is judged by its row.
Micros CutoffSinceForgotten(Micros cutoff, Micros forgotten_at) noexcept;

}  // namespace jwt_auth::session
