#include "session/challenge.hpp"

#include <limits>

#include "jose/crypto/openssl.hpp"
#include "jose/crypto/verdict.hpp"
#include "jose/json/base64url.hpp"

namespace jwt_auth::session {

namespace {

// One label a use, so that no value passes for another kind. None is the beginning of another.
constexpr std::string_view kNonceLabel = "jwt_auth proof nonce v1";
constexpr std::string_view kChallengeLabel = "jwt_auth device challenge v1";

constexpr std::size_t kTimeSize = 8;
constexpr std::size_t kMacSize = 16;

void AppendNumber(std::uint64_t number, std::size_t size, std::string &out) {
  for (std::size_t i = size; i-- > 0;) out += static_cast<char>(number >> (8 * i));
}

// What the value is bound to beside its time; every part has a fixed size.
std::string BindingOf(const ChallengedSession &session) {
  std::string binding(reinterpret_cast<const char *>(session.id.data()), session.id.size());
  AppendNumber(session.generation, 4, binding);
  binding.append(reinterpret_cast<const char *>(session.current_hash.data()), session.current_hash.size());
  binding += session.is_bound ? '\x01' : '\x00';
  return binding;
}

// The time and its MAC, in bytes.
std::string ValueAt(std::string_view secret, std::string_view label, std::string_view binding, std::int64_t seconds) {
  std::string value;
  AppendNumber(static_cast<std::uint64_t>(seconds), kTimeSize, value);
  std::string data(label);
  data += '\0';
  data.append(value).append(binding);
  const jose::SecretBytes mac = jose::Hmac(jose::Digest::kSha256, secret, data);
  value.append(jose::AsText(mac).substr(0, kMacSize));
  return value;
}

std::string ValueNow(std::string_view secret, std::string_view label, std::string_view binding, Micros now) {
  // With its MAC, for that goes to the client. What IsGood() expects is secret: it would be a value that was never given out.
  const std::string value = jose::Published(ValueAt(secret, label, binding, now / kMicrosPerSecond));
  return jose::EncodeBase64Url(value);
}

bool IsGood(std::string_view secret, std::string_view label, std::string_view binding, std::string_view value, Micros now,
            Micros lifetime, Micros leeway) {
  if (value.size() != jose::Base64UrlLength(kTimeSize + kMacSize)) return false;
  const auto bytes = jose::DecodeBase64Url(value);
  if (!bytes) return false;
  std::uint64_t seconds = 0;
  for (std::size_t i = 0; i < kTimeSize; ++i) seconds = seconds << 8 | static_cast<unsigned char>((*bytes)[i]);
  // Within what a clock shows; then none of the sums below overflows.
  if (seconds > static_cast<std::uint64_t>(std::numeric_limits<Micros>::max() / 4 / kMicrosPerSecond)) return false;
  const auto made_at = static_cast<Micros>(seconds) * kMicrosPerSecond;
  const std::string expected = ValueAt(secret, label, binding, static_cast<std::int64_t>(seconds));
  if (!jose::EqualInConstantTime(expected, *bytes)) return false;
  return made_at <= now + leeway && now < made_at + kMicrosPerSecond + lifetime + leeway;
}

}  // namespace

std::string MakeProofNonce(std::string_view server_secret, Micros now) { return ValueNow(server_secret, kNonceLabel, {}, now); }

bool IsFreshProofNonce(std::string_view server_secret, std::string_view nonce, Micros now, Micros lifetime, Micros leeway) {
  return IsGood(server_secret, kNonceLabel, {}, nonce, now, lifetime, leeway);
}

std::string MakeChallenge(std::string_view server_secret, const ChallengedSession &session, Micros now) {
  return ValueNow(server_secret, kChallengeLabel, BindingOf(session), now);
}

bool IsGoodChallenge(std::string_view server_secret, std::string_view challenge, const ChallengedSession &session, Micros now,
                     Micros leeway) {
  return IsGood(server_secret, kChallengeLabel, BindingOf(session), challenge, now, kChallengeLifetime, leeway);
}

}  // namespace jwt_auth::session
