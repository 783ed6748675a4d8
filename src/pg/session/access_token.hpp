// The access token of a session.
#pragma once

#include <optional>

#include "jose/json/json.hpp"
#include "jose/proof/dpop.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "session/policy.hpp"
#include "session/version.hpp"

namespace jwt_auth::pg {

// Writes the claims of a token that the ring mints, for C++ phases.
class ClaimsWriter {
 public:
  ClaimsWriter() { text_.reserve(384); }
  void Add(const char *name, std::string_view value) {
    Name(name);
    jose::AppendJsonString(value, text_);
  }
  void Add(const char *name, std::int64_t value) {
    Name(name);
    text_ += std::to_string(value);
  }
  // RFC 9449 section 6.1.
  void AddConfirmation(const jose::Thumbprint &key) {
    Name("cnf");
    text_.append("{\"jkt\":\"").append(jose::FormatThumbprint(key)).append("\"}");
  }
  // At least one member, as text.
  void AddMembers(std::string_view members) {
    if (text_.size() > 1) text_ += ',';
    text_.append(members);
  }
  // RFC 8693 section 4.1.
  void AddActor(std::string_view actor) {
    Name("act");
    text_ += "{\"sub\":";
    jose::AppendJsonString(actor, text_);
    text_ += '}';
  }
  std::string Finish(std::string_view members) {
    if (!members.empty()) AddMembers(members);
    text_ += '}';
    return std::move(text_);
  }

 private:
  void Name(const char *name) {
    text_ += text_.size() > 1 ? ",\"" : "\"";
    text_.append(name).append("\":");
  }
  std::string text_ = "{";
};

// The names that an access token sets itself: a caller's claims can't have them.
bool is_reserved_claim(std::string_view name);
// Raises 22023 unless `claims` is an object without reserved names.
void check_session_claims(Jsonb *claims);
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

struct AccessToken {
  Datum text;
  std::int64_t expires_at;  // seconds since 1970
};

// Postgres phase, before MintAccessToken(): the keyring is current, and its active key outlives the token.
void prepare_to_sign_session_token(const AccessTokenRequest &request);
// C++ phase: signs it with the active key.
Result<AccessToken> MintAccessToken(const AccessTokenRequest &request);

}  // namespace jwt_auth::pg
