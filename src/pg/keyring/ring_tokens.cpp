// Tokens signed and verified with the keyring, once it is current.
#include "jose/jwt/jwt.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/ring.hpp"
#include "pg/support/settings.hpp"
#include "session/credential.hpp"

namespace jwt_auth::pg {

std::string_view AccessTokenType() noexcept { return settings::AccessTokenType(); }

jose::ExpectedType AccessTokenExpected() noexcept {
  // What is issued here is accepted here.
  return {jose::ExpectedType::Rule::kAccessToken, {}, settings::accept_untyped || AccessTokenType() == jose::kAnyTokenType};
}

Result<std::string> SignWithRing(std::string_view payload, std::string_view type) {
  const auto names = settings::CheckNames();
  if (!names) return names.error();
  const auto keys = CurrentRing().active.Open();
  if (!keys) return keys.error();
  jose::SignOptions options;
  options.typ = type;
  return jose::SignJws(payload, **keys, options);
}

namespace {

// A trusted issuer and the name that its tokens have.
struct Foreigner {
  std::string_view name;
  TrustedIssuer *issuer;  // null: the token is one of ours
};

// Whose token it claims to be, by its unverified payload. What is claimed only chooses the keys that must prove it.
Result<Foreigner> ClaimedIssuer(jose::UnverifiedJwt &token) {
  auto &issuers = CurrentRing().issuers;
  if (issuers.empty()) return Foreigner{};
  const auto claims = token.UnverifiedClaims();
  if (!claims) return claims.error();
  const auto iss = claims->FindText("iss");
  if (!iss || *iss == settings::issuer) return Foreigner{};
  const auto found = issuers.find(std::string(*iss));
  return found == issuers.end() ? Foreigner{} : Foreigner{found->first, &found->second};
}

Result<const jose::KeySet *> VerifyingKeys(const jose::UnverifiedJws &token, const Foreigner &foreigner) {
  if (foreigner.issuer != nullptr) return foreigner.issuer->KeysFor(token.alg());
  const Ring &ring = CurrentRing();
  // Not an unknown key: the one who presents the token is not to blame.
  if (token.kid() && ring.unopened.count(std::string(*token.kid())) != 0)
    return Error{ErrorCode::kKeySealed, "the HMAC key of this token cannot be opened"};
  return &ring.verifying;
}

Error OtherType(const jose::ExpectedType &expected) {
  const char *hint = nullptr;
  if (expected.rule == jose::ExpectedType::Rule::kAccessToken)
    hint = "A token of jwt_auth.issue_token() is for jwt_auth.verify_token() and jwt_auth.consume_token(), with its purpose.";
  if (expected.rule == jose::ExpectedType::Rule::kPurpose) hint = "Give the purpose that jwt_auth.issue_token() was given.";
  return {ErrorCode::kOtherTokenType, nullptr, hint};
}

jose::JwtExpectations ExpectationsFor(const Foreigner &foreigner, const jose::ExpectedType &type, jose::Micros now,
                                      Purpose purpose) {
  jose::JwtExpectations expected;
  expected.type = type;
  expected.other_type = OtherType(type);
  expected.claims.now = now;
  expected.claims.leeway = settings::leeway * jose::kMicrosPerSecond;
  expected.claims.needs_exp = true;
  if (*settings::issuer != '\0') expected.claims.issuer = settings::issuer;
  if (*settings::audience != '\0') expected.claims.audience = settings::audience;
  if (foreigner.issuer != nullptr) {
    expected.type = foreigner.issuer->TypeExpected(type);
    expected.is_foreign = true;
    expected.claims.issuer = foreigner.name;
    expected.claims.audiences = &foreigner.issuer->audiences();
  }
  if (purpose == Purpose::kDeny) {
    expected.claims.from_any_time = true;
    expected.claims.audience = jose::kAnyAudience;
    expected.claims.audiences = nullptr;
  }
  return expected;
}

// jwt_auth.accept_unnamed: of a token from before a name was set, that name is not expected. A token that can't be read is
// refused by VerifyJwt(), in the order of its checks.
void ExpectOnlyNamesThatAreThere(jose::UnverifiedJwt &token, jose::Expectations &expected) {
  const auto claims = token.UnverifiedClaims();
  if (!claims) return;
  if (!claims->Find("iss")) expected.issuer.reset();
  if (!claims->Find("aud")) expected.audience.reset();
}

// The refusal of a token that no key of the ring verifies, with a hint if it claims to be another issuer's.
Error NameUnknownIssuer(jose::UnverifiedJwt &token, Error refusal) {
  if (*settings::issuer == '\0' || (refusal.code != ErrorCode::kBadSignature && refusal.code != ErrorCode::kNoSuchKey &&
                                    refusal.code != ErrorCode::kAlgorithmNotAllowed))
    return refusal;
  const auto claims = token.UnverifiedClaims();
  if (!claims) return refusal;
  const auto iss = claims->FindText("iss");
  if (iss && *iss != settings::issuer)
    refusal.hint = "The token says that another issuer made it. Trust that issuer with jwt_auth.trust_issuer() if it is right.";
  return refusal;
}

// The part of iat that a whole second leaves out, of a token that the ring minted.
Result<jose::Micros> MicrosOfIat(const jose::JsonValue &payload) {
  const auto claim = payload.Find("iat_us");
  if (!claim) return jose::Micros{0};
  const auto micros = claim->is(jose::JsonType::kNumber) ? jose::ParseNumericDate(claim->text()) : std::nullopt;
  if (!micros || *micros < 0 || *micros % jose::kMicrosPerSecond != 0 ||
      *micros / jose::kMicrosPerSecond >= jose::kMicrosPerSecond)
    return Error{ErrorCode::kMalformed, "claim iat_us is not a number of microseconds below a second"};
  return *micros / jose::kMicrosPerSecond;
}

// Where a claim's text lies in the copied claims: the copy has the document's layout.
OptionalText InCopy(const std::optional<std::string_view> &claim, const jose::JsonDocument &document, const FlatJson &copy) {
  if (!claim) return {false, {}};
  return {true, {copy.text + (claim->data() - document.text().data()), claim->size()}};
}

}  // namespace

Result<TokenFacts> VerifyWithRing(std::string_view token, const jose::ExpectedType &type, jose::Micros now, Purpose purpose) {
  const auto names = settings::CheckNames();
  if (!names) return names.error();
  auto parsed = jose::UnverifiedJwt::Parse(token);
  if (!parsed) return session::NameCredential(token, parsed.error());
  const auto foreigner = ClaimedIssuer(*parsed);
  if (!foreigner) return foreigner.error();
  const bool is_ours = foreigner->issuer == nullptr;
  const auto keys = VerifyingKeys(parsed->jws(), *foreigner);
  if (!keys) return keys.error();
  auto expected = ExpectationsFor(*foreigner, type, now, purpose);
  if (is_ours && settings::accept_unnamed) ExpectOnlyNamesThatAreThere(*parsed, expected.claims);
  const auto verified = jose::VerifyJwt(*parsed, **keys, expected);
  if (!verified) return is_ours ? NameUnknownIssuer(*parsed, verified.error()) : verified.error();

  const jose::RegisteredClaims &claims = verified->claims();
  const jose::JsonDocument &payload = verified->payload();
  const auto copy = CopyOut(payload);
  if (!copy) return copy.error();
  const auto issuer = CopyOut(foreigner->name);
  if (!issuer) return issuer.error();
  TokenFacts facts{};
  facts.claims = *copy;
  facts.issuer = issuer->view();
  facts.subject_is_ours = is_ours || foreigner->issuer->subjects_are_ours();
  facts.sub = InCopy(claims.sub, payload, *copy);
  facts.jti = InCopy(claims.jti, payload, *copy);
  const auto sid = payload.root().Find("sid");
  if (sid && is_ours) {
    if (!sid->is(jose::JsonType::kString)) return Error{ErrorCode::kMalformed, "claim sid is not a string"};
    facts.sid = InCopy(sid->text(), payload, *copy);
  }
  facts.has_iat = claims.iat.has_value();
  facts.iat = claims.iat.value_or(0);
  if (claims.iat && is_ours) {
    const auto micros = MicrosOfIat(payload.root());
    if (!micros) return micros.error();
    if (facts.iat % jose::kMicrosPerSecond == 0) facts.iat += *micros;
  }
  facts.exp = *claims.exp;
  facts.signing_input = {token.data(), verified->token().signing_input().size()};
  return facts;
}

bool BelievesRole(std::string_view issuer, std::string_view role) {
  if (issuer.empty()) return true;
  const auto &issuers = CurrentRing().issuers;
  const auto found = issuers.find(std::string(issuer));
  return found != issuers.end() && found->second.BelievesRole(role);
}

}  // namespace jwt_auth::pg
