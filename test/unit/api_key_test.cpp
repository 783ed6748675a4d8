// API keys: their text form, scopes, and when one is good.
#include "session/api_key.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "jose/crypto/openssl.hpp"
#include "jose/json/base64url.hpp"

namespace jwt_auth::session {
namespace {

using jose::AsText;

constexpr Micros kNow = 1'700'000'000'123'456;

ApiKey Example() {
  std::string secret;
  for (int i = 0; i < 32; ++i) secret.push_back(static_cast<char>(i * 7));
  return ApiKey::Make(MakeSessionId(kNow, 0x01020304, {0xFF, 1, 2, 3}), secret);
}

std::string Text(const ApiKey &key) { return std::string(AsText(key.Encode())); }

std::string BytesOf(const ApiKeyId &id) { return {reinterpret_cast<const char *>(id.data()), id.size()}; }

TEST(ApiKey, HasAFixedRecognisableForm) {
  std::string bytes = BytesOf(Example().id());
  for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<char>(i * 7));
  bytes += jose::Sha256("jwtauth_k1_" + bytes).substr(0, 4);
  EXPECT_EQ(Text(Example()), "jwtauth_k1_" + jose::EncodeBase64Url(bytes));
  EXPECT_EQ(Text(Example()).size(), 81U);
}

TEST(ApiKey, ComesBackFromItsText) {
  const auto key = ApiKey::Decode(Text(Example()));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->id(), Example().id());
  EXPECT_EQ(UserKeyIn(key->id()), 0x01020304);
  EXPECT_EQ(key->SecretHash(), Example().SecretHash());
  EXPECT_EQ(Text(*key), Text(Example()));
}

// The expression of docs/machines.md.
TEST(ApiKey, IsFoundByTheExpressionForSecretScanners) {
  const std::regex expression("jwtauth_k1_[A-Za-z0-9_-]{69}[AQgw]");
  for (int i = 0; i < 200; ++i) {
    const auto random = jose::RandomBytes(36);
    ApiKeyId id = MakeSessionId(kNow + i, i * 65'537, {random[0], random[1], random[2], random[3]});
    const std::string text = Text(ApiKey::Make(id, AsText(random).substr(4)));
    EXPECT_TRUE(std::regex_match(text, expression)) << text.substr(0, 20);
  }
}

TEST(ApiKey, AnyOtherCharacterAnywhereIsRefused) {
  const std::string text = Text(Example());
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char other : {'A', 'z', '0', '-', '_', ' ', '=', '\0', '\xC3'}) {
      if (text[i] == other) continue;
      std::string altered = text;
      altered[i] = other;
      const auto key = ApiKey::Decode(altered);
      ASSERT_FALSE(key) << i << other;
      EXPECT_EQ(key.error().code, ErrorCode::kMalformed);
    }
  }
}

TEST(ApiKey, CutLongerAndForeignTextsAreRefused) {
  const std::string text = Text(Example());
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(ApiKey::Decode(text.substr(0, size))) << size;
  for (const std::string &other : {text + "A", text + "=", " " + text, text + "\n", "jwtauth_r1_" + text.substr(11),
                                   "JWTAUTH_K1_" + text.substr(11), "jwtauth_k2_" + text.substr(11), text + text}) {
    EXPECT_FALSE(ApiKey::Decode(other)) << other.size();
  }
}

TEST(ApiKey, OnlyAWrongChecksumIsSaidToBeOne) {
  const std::string text = Text(Example());
  std::string swapped = text;
  std::swap(swapped[40], swapped[41]);
  const auto key = ApiKey::Decode(swapped);
  ASSERT_FALSE(key);
  EXPECT_STREQ(key.error().detail, "the checksum of the API key is wrong");
  EXPECT_STREQ(ApiKey::Decode("jwtauth_k1_").error().detail, "not an API key");
}

TEST(ApiKey, IsNoRefreshTokenAndTheOtherWayRound) {
  const std::string refresh_token(AsText(RefreshToken::First(Example().id(), std::string(kFreshSecretSize, 's')).Encode()));
  EXPECT_FALSE(ApiKey::Decode(refresh_token));
  EXPECT_FALSE(RefreshToken::Decode(Text(Example())));
  EXPECT_FALSE(LooksLikeApiKey(refresh_token));
  EXPECT_TRUE(LooksLikeApiKey(Text(Example())));
}

TEST(Scope, TokensAreThoseOfRfc6749) {
  for (int c = 0; c < 256; ++c) {
    const std::string text = std::string("a") + static_cast<char>(c) + "b";
    const bool allowed = c == 0x21 || (c >= 0x23 && c <= 0x5B) || (c >= 0x5D && c <= 0x7E);
    EXPECT_EQ(IsScopeToken(text), allowed) << c;
  }
  EXPECT_FALSE(IsScopeToken(""));
  EXPECT_TRUE(IsScopeToken("orders:read"));
  EXPECT_TRUE(IsScopeToken("https://example.com/scope"));
}

TEST(Scope, IsHeldWholeAndInItsOwnCase) {
  struct Case {
    const char *scope, *wanted;
    bool held;
  };
  const Case cases[] = {
      {"read", "read", true},
      {"read write", "read", true},
      {"read write", "write", true},
      {"a read b", "read", true},
      {"reads", "read", false},
      {"read", "reads", false},
      {"Read", "read", false},
      {"", "read", false},
      {"read", "", false},
      {"", "", false},
      {" ", "", false},
      {"read  write", "", false},
      {"  read  ", "read", true},
      {"read write", "read write", false},
      {"orders:read", "orders", false},
      {"read\twrite", "read", false},
  };
  for (const Case &one : cases) EXPECT_EQ(HasScope(one.scope, one.wanted), one.held) << one.scope << "|" << one.wanted;
}

Address V4(unsigned char a, unsigned char b, unsigned char c, unsigned char d) {
  const unsigned char bytes[] = {a, b, c, d};
  return MakeAddress(Address::Family::kV4, bytes);
}

struct KeyCase {
  const char *name;
  bool same_secret;
  Micros created_at, expires_at;
  Cutoffs cutoffs;
  std::vector<Network> allowed_from;
  Address address;
  ApiKeyVerdict verdict;
};

TEST(ApiKeyVerdict, FirstMatchWins) {
  const Network office = NetworkOf(V4(192, 0, 2, 0), 24);
  const Network vpn = NetworkOf(V4(10, 0, 0, 0), 8);
  const Cutoffs none = {kNoCutoff, kNoCutoff};
  constexpr Micros kHourAgo = kNow - 3600 * kMicrosPerSecond;
  const KeyCase cases[] = {
      {"good", true, kHourAgo, kNever, none, {}, kNoAddress, ApiKeyVerdict::kGood},
      {"good, with an end ahead", true, kHourAgo, kNow + 1, none, {}, kNoAddress, ApiKeyVerdict::kGood},
      {"another secret", false, kHourAgo, kNever, none, {}, kNoAddress, ApiKeyVerdict::kUnknown},
      {"another secret of an expired key", false, kHourAgo, kNow, none, {office}, kNoAddress, ApiKeyVerdict::kUnknown},
      {"ends now", true, kHourAgo, kNow, none, {}, kNoAddress, ApiKeyVerdict::kExpired},
      {"user cut off at its creation", true, kHourAgo, kNever, {kHourAgo, kNoCutoff}, {}, kNoAddress, ApiKeyVerdict::kRevoked},
      {"all cut off at its creation", true, kHourAgo, kNever, {kNoCutoff, kHourAgo}, {}, kNoAddress, ApiKeyVerdict::kRevoked},
      {"cut off before", true, kHourAgo, kNever, {kHourAgo - 1, kHourAgo - 1}, {}, kNoAddress, ApiKeyVerdict::kGood},
      {"cut off and expired", true, kHourAgo, kNow, {kNow, kNoCutoff}, {}, kNoAddress, ApiKeyVerdict::kRevoked},
      {"user locked", true, kHourAgo, kNever, {kNever, kNoCutoff, kNever}, {}, kNoAddress, ApiKeyVerdict::kLocked},
      {"user locked, another secret",
       false,
       kHourAgo,
       kNever,
       {kNever, kNoCutoff, kNever},
       {},
       kNoAddress,
       ApiKeyVerdict::kUnknown},
      {"user locked, cut off, expired and outside",
       true,
       kHourAgo,
       kNow,
       {kNow + 1, kNow, kNow + 1},
       {office},
       kNoAddress,
       ApiKeyVerdict::kLocked},
      {"made while a lock lasted that has ended",
       true,
       kNow - 1,
       kNever,
       {kNow, kNoCutoff, kNow},
       {},
       kNoAddress,
       ApiKeyVerdict::kRevoked},
      {"within", true, kHourAgo, kNever, none, {office, vpn}, V4(10, 1, 2, 3), ApiKeyVerdict::kGood},
      {"outside", true, kHourAgo, kNever, none, {office, vpn}, V4(192, 0, 3, 1), ApiKeyVerdict::kOtherNetwork},
      {"from an unknown address", true, kHourAgo, kNever, none, {office}, kNoAddress, ApiKeyVerdict::kOtherNetwork},
      {"expired and outside", true, kHourAgo, kNow - 1, none, {office}, V4(10, 0, 0, 1), ApiKeyVerdict::kExpired},
  };
  const PresentedApiKey presented = Example().Present();
  for (const KeyCase &one : cases) {
    Hash hash = presented.secret_hash;
    if (!one.same_secret) hash[31] ^= 1;
    const ApiKeyState state = {hash, one.created_at, one.expires_at, one.allowed_from.data(), one.allowed_from.size()};
    EXPECT_EQ(JudgeApiKey(state, presented, one.address, one.cutoffs, kNow), one.verdict) << one.name;
    const ApiKeyVerdict exchanged = JudgeExchangedKey(state, one.cutoffs, kNow);
    const bool by_row_alone = one.verdict == ApiKeyVerdict::kLocked || one.verdict == ApiKeyVerdict::kRevoked ||
                              one.verdict == ApiKeyVerdict::kExpired;
    EXPECT_EQ(by_row_alone ? exchanged : one.verdict, one.verdict) << one.name;
  }
}

TEST(ApiKeyVerdict, IsAStatusAndAnError) {
  struct Case {
    ApiKeyVerdict verdict;
    Status status;
    ErrorCode code;
  };
  for (const Case &one : {Case{ApiKeyVerdict::kUnknown, Status::kInvalid, ErrorCode::kSessionEnded},
                          Case{ApiKeyVerdict::kLocked, Status::kLocked, ErrorCode::kBeforeCutoff},
                          Case{ApiKeyVerdict::kRevoked, Status::kInvalid, ErrorCode::kBeforeCutoff},
                          Case{ApiKeyVerdict::kExpired, Status::kExpired, ErrorCode::kExpired},
                          Case{ApiKeyVerdict::kOtherNetwork, Status::kIpMismatch, ErrorCode::kBindingMismatch}}) {
    EXPECT_EQ(StatusOf(one.verdict), one.status);
    EXPECT_EQ(RefusalOf(one.verdict).code, one.code);
  }
}

}  // namespace
}  // namespace jwt_auth::session
