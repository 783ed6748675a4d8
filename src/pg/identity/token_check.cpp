#include "pg/identity/token_check.hpp"

#include "jose/json/base64url.hpp"
#include "pg/identity/token_cache.hpp"
#include "pg/identity/token_state.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/statistics.hpp"

namespace jwt_auth::pg {

namespace {

Result<std::optional<std::string_view>> StringClaim(const FlatJson &claims, std::string_view name, const char *refusal) {
  const auto claim = claims.root().Find(name);
  if (!claim) return std::optional<std::string_view>();
  if (!claim->is(jose::JsonType::kString)) return Error{ErrorCode::kMalformed, refusal};
  return std::optional<std::string_view>(claim->text());
}

Result<void> CheckAddress(const FlatJson &claims, const Presentation &presentation) {
  auto bound = StringClaim(claims, "client_ip", "claim client_ip is not a string");
  if (!bound) return bound.error();
  if (!*bound) return {};
  const auto network = session::ParseNetwork(**bound);
  if (!network) return Error{ErrorCode::kMalformed, "claim client_ip is not an address or a network"};
  if (!presentation.address.known()) return Error{ErrorCode::kBindingMismatch, "the client's address is not known"};
  if (!session::Contains(*network, presentation.address)) return Error{ErrorCode::kBindingMismatch, "other address"};
  return {};
}

Result<void> CheckFingerprint(const FlatJson &claims, const Presentation &presentation) {
  auto bound = StringClaim(claims, "client_fp", "claim client_fp is not a string");
  if (!bound) return bound.error();
  if (!*bound) return {};
  if (!presentation.fingerprint.present) return Error{ErrorCode::kBindingMismatch, "the client's fingerprint is not known"};
  const std::string shown = jose::EncodeBase64Url(jose::Sha256(presentation.fingerprint.text));
  if (!jose::EqualInConstantTime(shown, **bound))
    return Error{ErrorCode::kBindingMismatch, "the client's fingerprint is another"};
  return {};
}

Result<void> CheckLoginAge(const FlatJson &claims, const Presentation &presentation, jose::Micros now) {
  if (!presentation.has_max_age) return {};
  const auto claim = claims.root().Find("auth_time");
  if (!claim) return Error{ErrorCode::kStaleLogin, "the token does not say when its user logged in"};
  const auto auth_time = claim->is(jose::JsonType::kNumber) ? jose::ParseNumericDate(claim->text()) : std::nullopt;
  if (!auth_time) return Error{ErrorCode::kMalformed, "claim auth_time is not a number in range"};
  const jose::Micros leeway = settings::leeway * jose::kMicrosPerSecond;
  if (*auth_time < now - presentation.max_age - leeway) return Error{ErrorCode::kStaleLogin, nullptr};
  return {};
}

Result<void> CheckContext(const FlatJson &claims, const Presentation &presentation) {
  if (!presentation.acr.present) return {};
  auto acr = StringClaim(claims, "acr", "claim acr is not a string");
  if (!acr) return acr.error();
  if (!*acr) return Error{ErrorCode::kStaleLogin, "the token does not say how its user logged in"};
  if (**acr != presentation.acr.text) return Error{ErrorCode::kStaleLogin, "its acr is not the one that is asked for"};
  return {};
}

// What the tables are asked about a token, in the current memory context.
KnownToken *known_of(const TokenFacts &facts) {
  auto *known = static_cast<KnownToken *>(palloc0(sizeof(KnownToken)));
  known->id = token_id_of(facts);
  known->user_key = token_user_key(facts);
  return known;
}

}  // namespace

Outcome<TokenFacts> look_at_token(std::string_view token, const jose::ExpectedType &type) {
  refresh_keyring();
  const jose::Micros now = now_micros();
  const TokenName name = name_token(token, type);
  Outcome<TokenFacts> outcome{true, {}, {}};
  const bool is_recalled = recall_token(name, token, now, outcome.value);
  if (!is_recalled) {
    outcome = Guard([&] { return VerifyWithRing(token, type, now); });
    if (!outcome.ok) return outcome;
    outcome.value.known = known_of(outcome.value);
  }
  const Error *refusal = token_state_refusal(outcome.value, now);
  if (refusal == nullptr) {
    if (!is_recalled) keep_token(name, now, outcome.value);
    return outcome;
  }
  outcome.ok = false;
  outcome.error = *refusal;
  return outcome;
}

Outcome<TokenFacts> check_token(std::string_view token, const jose::ExpectedType &type) {
  const Outcome<TokenFacts> outcome = look_at_token(token, type);
  if (outcome.ok)
    CountAccepted();
  else
    CountRefused(outcome.error.code);
  return outcome;
}

Result<void> CheckPresentation(const TokenFacts &facts, const Presentation &presentation, jose::Micros now) {
  // What another issuer puts under these names is not ours.
  if (facts.issuer.empty()) {
    auto address = CheckAddress(facts.claims, presentation);
    if (!address) return address.error();
    auto fingerprint = CheckFingerprint(facts.claims, presentation);
    if (!fingerprint) return fingerprint.error();
  }
  auto context = CheckContext(facts.claims, presentation);
  if (!context) return context.error();
  return CheckLoginAge(facts.claims, presentation, now);
}

}  // namespace jwt_auth::pg
