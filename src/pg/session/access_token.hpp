// The access token of a session.
#pragma once

#include <optional>

#include "jose/json/json_writer.hpp"
#include "jose/proof/dpop.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "session/policy.hpp"
#include "session/version.hpp"

namespace jwt_auth::pg {

// Writes the claims of a token that the ring mints, for C++ phases.
class ClaimsWriter {
 public:
  ClaimsWriter() {
    text_.reserve(384);
    jose::JsonWriter(text_).BeginObject();
  }
  // `name` is a literal.
  template <std::size_t size, class Value>
  void Add(const char (&name)[size], const Value &value) {
    jose::JsonWriter(text_).Add(name, value);
  }
  // RFC 9449 section 6.1.
  void AddConfirmation(const jose::Thumbprint &key) {
    jose::JsonWriter writer(text_);
    writer.Name("cnf");
    writer.BeginObject();
    writer.Add("jkt", jose::FormatThumbprint(key));
    writer.EndObject();
  }
  // Members as text, or nothing.
  void AddMembers(std::string_view members) { jose::JsonWriter(text_).AddJson(members); }
  // RFC 8693 section 4.1.
  void AddActor(std::string_view actor) {
    jose::JsonWriter writer(text_);
    writer.Name("act");
    writer.BeginObject();
    writer.Add("sub", actor);
    writer.EndObject();
  }
  std::string Finish(std::string_view members) {
    AddMembers(members);
    jose::JsonWriter(text_).EndObject();
    return std::move(text_);
  }

 private:
  std::string text_;
};

// The names that an access token sets itself: a caller's claims can't have them.
bool is_reserved_claim(std::string_view name);
// Raises 22023 unless `claims` is an object without reserved names.
void check_session_claims(Jsonb *claims);
// The same of claims that are kept for later tokens: what no token has room for would be found by a refresh, and fail it.
void check_kept_claims(Jsonb *claims);
// The rest of that, once all is known that such a token says beside them: JW040 if the one that `mint` makes on trial, as large
// as it gets, is too large. That no key can sign it is no fault of the claims.
template <class Mint>
void check_room_for_claims(Mint &&mint) {
  const auto token = Guard(std::forward<Mint>(mint));
  if (token.ok || token.error.code == ErrorCode::kUnusableKey || token.error.code == ErrorCode::kNoActiveKey ||
      token.error.code == ErrorCode::kKeySealed)
    return;
  raise_error(token.error);
}
// A moment whose microseconds have all digits.
inline session::Micros longest_moment(session::Micros now) noexcept {
  return now - now % session::kMicrosPerSecond + session::kMicrosPerSecond - 1;
}
// The members of a claims object as JSON text without the braces, "" for none; reserved names are left out.
Bytes claim_members(Jsonb *claims);

struct AccessTokenRequest {
  std::string_view user_id;
  session::SessionId session_id;
  session::Micros now;
  std::optional<session::Micros> auth_time;  // when the user proved who they are; none: they did not
  session::Micros idle_end;                  // of the session; its absolute end is not earlier
  std::string_view claim_members;
  session::Client bound;  // what the session is bound to
  session::BindingPolicy binding;
  std::optional<jose::Thumbprint> key = std::nullopt;  // whose proof the bearer has to show
  session::Micros lifetime = 0;                        // 0: jwt_auth.access_token_ttl
  session::Versions versions = {};                     // read before the claims were made
  std::string_view auth_members = {};                  // amr and acr, as members of a JSON object
  std::string_view actor = {};                         // who acts for the user
};
// The same with versions, as a later token has them once one of the two has changed.
AccessTokenRequest largest_of(AccessTokenRequest request) noexcept;

struct AccessToken {
  Datum text;
  std::int64_t expires_at;  // seconds since 1970
};

// Postgres phase, before MintAccessToken(): the keyring is current, and its active key outlives the token.
// `now` moves on if that had to be recorded.
void prepare_to_sign_session_token(AccessTokenRequest &request);
// C++ phase: signs it with the active key.
Result<AccessToken> MintAccessToken(const AccessTokenRequest &request);

}  // namespace jwt_auth::pg
