// The refresh token's text form, its hashes and its successors; session ids.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "jose/crypto/openssl.hpp"
#include "jose/json/base64url.hpp"
#include "session/refresh_token.hpp"
#include "session/session_id.hpp"

namespace jwt_auth::session {
namespace {

using jose::AsText;

constexpr Micros kTime = 1'700'000'000'123'456;

RefreshToken Example() {
  std::string random;
  for (int i = 0; i < 48; ++i) random.push_back(static_cast<char>(i));
  return RefreshToken::First(MakeSessionId(kTime, 0x01020304, {0xFF, 1, 2, 3}), random);
}

std::string Text(const RefreshToken &token) { return std::string(AsText(token.Encode())); }

template <std::size_t N>
std::string BytesOf(const std::array<unsigned char, N> &bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), N};
}

TEST(RefreshToken, HasAFixedRecognisableForm) {
  const std::string text = Text(Example());
  EXPECT_EQ(text.size(), 102U);
  EXPECT_EQ(text,
            std::string("jwtauth_r1_") +
                jose::EncodeBase64Url(BytesOf(Example().session_id()) + std::string(4, '\0') +
                                      std::string("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 16) +
                                      std::string("\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f", 16) +
                                      std::string("\x20\x21\x22\x23\x24\x25\x26\x27\x28\x29\x2a\x2b\x2c\x2d\x2e\x2f", 16)));
}

TEST(RefreshToken, ComesBackFromItsText) {
  const RefreshToken token = Example().Successor(0xFEDCBA98, {}, "");
  const auto decoded = RefreshToken::Decode(Text(token));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->session_id(), token.session_id());
  EXPECT_EQ(decoded->generation(), 0xFEDCBA98);
  EXPECT_EQ(decoded->FamilyHash(), token.FamilyHash());
  EXPECT_EQ(decoded->SecretHash(), token.SecretHash());
}

TEST(RefreshToken, HashesAreSha256OfTheSecrets) {
  const RefreshTokenHashes presented = Example().Hashes();
  EXPECT_EQ(BytesOf(presented.family_hash),
            jose::Sha256(std::string_view("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 16)));
  EXPECT_EQ(BytesOf(presented.secret_hash), jose::Sha256("\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"
                                                         " !\"#$%&'()*+,-./"));
  EXPECT_EQ(presented.generation, 0U);
}

// Flipping any bit of the text gives no token, or one that differs in what it says: never the same one spelled otherwise.
TEST(RefreshToken, EachFlippedBitIsNoticed) {
  const std::string text = Text(Example());
  const RefreshTokenHashes original = Example().Hashes();
  int decoded_ones = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      const auto token = RefreshToken::Decode(flipped);
      if (!token) {
        EXPECT_EQ(token.error().code, ErrorCode::kMalformed);
        continue;
      }
      ++decoded_ones;
      EXPECT_GE(i, kRefreshTokenPrefix.size());
      EXPECT_EQ(Text(*token), flipped);
      const RefreshTokenHashes other = token->Hashes();
      EXPECT_FALSE(other.session_id == original.session_id && other.generation == original.generation &&
                   other.family_hash == original.family_hash && other.secret_hash == original.secret_hash);
    }
  }
  EXPECT_GT(decoded_ones, 200);
}

TEST(RefreshToken, RefusesEveryOtherForm) {
  const std::string text = Text(Example());
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(RefreshToken::Decode(text.substr(0, length))) << length;
    EXPECT_FALSE(RefreshToken::Decode(text.substr(length + 1))) << length;
  }
  const std::string body = text.substr(kRefreshTokenPrefix.size());
  for (const std::string &other :
       {text + "=", text + "==", text + "A", text + "\n", " " + text, text + text, body, "jwtauth_r2_" + body,
        "JWTAUTH_R1_" + body, "jwtauth_r1-" + body, "jwtauth_r1_" + body.substr(1) + "=",
        "jwtauth_r1_" + body.substr(2) + "==", "jwtauth_r1_" + body.substr(1) + "+", "jwtauth_r1_" + body.substr(1) + "/",
        "jwtauth_r1_" + body.substr(1) + " ", "jwtauth_r1_" + body.substr(1) + std::string(1, '\0'), std::string(1 << 20, 'A'),
        "jwtauth_r1_" + std::string(1 << 20, 'A'), std::string()}) {
    const auto token = RefreshToken::Decode(other);
    ASSERT_FALSE(token) << other.substr(0, 120);
    EXPECT_EQ(token.error().code, ErrorCode::kMalformed);
    EXPECT_STREQ(token.error().detail, "not a refresh token");
  }
}

TEST(RefreshToken, OnlyCanonicalTrailingBits) {
  std::string text = Text(Example());
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  int accepted = 0;
  for (const char last : alphabet) {
    text.back() = last;
    if (RefreshToken::Decode(text)) ++accepted;
  }
  EXPECT_EQ(accepted, 16) << "68 bytes leave four bits for the last character";
}

TEST(RefreshToken, SuccessorIsTheDocumentedHmac) {
  const RefreshToken token = Example();
  Nonce nonce;
  nonce.fill(0x5A);
  const std::string pepper(32, 'p');
  const RefreshToken next = token.Successor(1, nonce, pepper);
  const std::string data = "jwt_auth refresh rotation v1" + pepper + std::string(16, 0x5A) + BytesOf(token.session_id());
  const std::string secret("\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f !\"#$%&'()*+,-./", 32);
  EXPECT_EQ(BytesOf(next.SecretHash()), jose::Sha256(AsText(jose::Hmac(jose::Digest::kSha256, secret, data))));
  EXPECT_EQ(next.session_id(), token.session_id());
  EXPECT_EQ(next.FamilyHash(), token.FamilyHash());
  EXPECT_EQ(next.generation(), 1U);
}

TEST(RefreshToken, SuccessorFollowsFromTokenNonceAndPepperTogether) {
  const RefreshToken token = Example();
  Nonce nonce{};
  Nonce other_nonce{};
  other_nonce[15] = 1;
  const std::string next = Text(token.Successor(1, nonce, "pepper"));
  EXPECT_EQ(Text(token.Successor(1, nonce, "pepper")), next) << "asked for again: the same";
  EXPECT_NE(Text(token.Successor(1, other_nonce, "pepper")), next);
  EXPECT_NE(Text(token.Successor(1, nonce, "")), next);
  EXPECT_NE(Text(token.Successor(1, nonce, "pepper").Successor(1, nonce, "pepper")), next);
}

TEST(RefreshToken, SuccessorProvesItsGeneration) {
  const RefreshToken token = Example();
  const std::string server_secret(32, 's');
  const RefreshToken next = token.Successor(1, {}, "pepper", server_secret);
  const std::string rotated(
      AsText(jose::Hmac(jose::Digest::kSha256,
                        std::string("\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f !\"#$%&'()*+,-./", 32),
                        "jwt_auth refresh rotation v1pepper" + std::string(16, '\0') + BytesOf(token.session_id()))));
  const std::string header = BytesOf(token.session_id()) + std::string("\0\0\0\1", 4);
  const std::string proof(
      AsText(jose::Hmac(jose::Digest::kSha256, server_secret,
                        std::string("jwt_auth refresh generation v1", 31) + header + rotated.substr(0, 16))));
  EXPECT_EQ(BytesOf(next.SecretHash()), jose::Sha256(rotated.substr(0, 16) + proof.substr(0, 16)));
  EXPECT_TRUE(next.ProvesGeneration(server_secret));
  EXPECT_EQ(Text(token.Successor(1, {}, "pepper", server_secret)), Text(next)) << "asked for again: the same";
  EXPECT_FALSE(next.ProvesGeneration(std::string(32, 't')));
  EXPECT_FALSE(next.ProvesGeneration({}));
  EXPECT_FALSE(token.ProvesGeneration(server_secret)) << "a first token is newer than no row";
  EXPECT_FALSE(token.Successor(1, {}, "pepper").ProvesGeneration(server_secret)) << "the older form";
}

// Anybody can make such a proof.
TEST(RefreshToken, NoGenerationIsProvenWithoutASecret) {
  const std::string text = Text(Example().Successor(5, {}, "", std::string(32, 's')));
  std::string bytes = *jose::DecodeBase64Url(text.substr(kRefreshTokenPrefix.size()));
  const std::size_t half = bytes.size() - 16;
  const std::string proof(AsText(
      jose::Hmac(jose::Digest::kSha256, {},
                 std::string("jwt_auth refresh generation v1", 31) + bytes.substr(0, 20) + bytes.substr(half - 16, 16))));
  bytes.replace(half, 16, proof.substr(0, 16));
  const auto forged = RefreshToken::Decode(std::string(kRefreshTokenPrefix) + jose::EncodeBase64Url(bytes));
  ASSERT_TRUE(forged);
  EXPECT_FALSE(forged->ProvesGeneration({}));
}

// What a client can change of a token that proves its generation: nothing that leaves the proof good, but for the family
// secret, which is compared on its own.
TEST(RefreshToken, NoOtherGenerationIsProven) {
  const std::string server_secret(32, 's');
  const std::string text = Text(Example().Successor(5, {}, "", server_secret));
  std::string bytes = *jose::DecodeBase64Url(text.substr(kRefreshTokenPrefix.size()));
  const std::string later = *jose::DecodeBase64Url(
      Text(RefreshToken::Decode(text)->Successor(6, {}, "", server_secret)).substr(kRefreshTokenPrefix.size()));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const auto token = RefreshToken::Decode(std::string(kRefreshTokenPrefix) + jose::EncodeBase64Url(changed));
    const bool in_family = bit / 8 >= 20 && bit / 8 < 36;
    EXPECT_EQ(token->ProvesGeneration(server_secret), in_family) << bit;
  }
  // The generation of a token and the secret of another.
  std::string mixed = bytes;
  mixed.replace(16, 4, later, 16, 4);
  EXPECT_FALSE(
      RefreshToken::Decode(std::string(kRefreshTokenPrefix) + jose::EncodeBase64Url(mixed))->ProvesGeneration(server_secret));
}

// The generation in a token is a hint that its bearer could change: the successor's comes from the row.
TEST(RefreshToken, SuccessorTakesItsGenerationFromTheCaller) {
  const RefreshToken tampered = Example().Successor(0xFFFFFFFF, {}, "");
  EXPECT_EQ(tampered.Successor(3, {}, "").generation(), 3U);
}

TEST(SessionId, IsAUuidOfVersion8ThatCarriesTheUserKey) {
  const SessionId id = MakeSessionId(kTime, static_cast<UserKey>(0x89ABCDEF), {0xFF, 0xEE, 0xDD, 0xCC});

  const std::string text = FormatSessionId(id);
  // 1700000000123 ms = 0x18bcfe5687b; 456 us = 1867/4096 ms = 0x74b
  EXPECT_EQ(text, "018bcfe5-687b-874b-bfee-ddcc89abcdef");
  EXPECT_EQ(UserKeyIn(id), static_cast<UserKey>(0x89ABCDEF));
  SessionId back;
  ASSERT_TRUE(ParseSessionId(text, back));
  EXPECT_EQ(back, id);
}

TEST(SessionId, AscendsWithTime) {
  SessionId last = MakeSessionId(kTime, 0, {0xFF, 0xFF, 0xFF, 0xFF});
  for (Micros time = kTime + 1; time < kTime + 3000; ++time) {
    const SessionId id = MakeSessionId(time, 0, {0, 0, 0, 0});
    ASSERT_LT(last, id) << time;
    last = MakeSessionId(time, -1, {0xFF, 0xFF, 0xFF, 0xFF});
  }
}

TEST(SessionId, FirstIdAfterDividesEarlierFromLater) {
  EXPECT_LT(MakeSessionId(kTime, -1, {0xFF, 0xFF, 0xFF, 0xFF}), FirstIdAfter(kTime));
  EXPECT_LT(FirstIdAfter(kTime), MakeSessionId(kTime + 1, 0, {0, 0, 0, 0}));
  EXPECT_LT(MakeSessionId(kTime, -1, {0xFF, 0xFF, 0xFF, 0xFF}), FirstIdAfter(std::numeric_limits<Micros>::max()));
}

TEST(SessionId, ParsesOnlyTheUsualForm) {
  SessionId id;
  for (const char *text :
       {"", "018bcfe5-687b-874b-bfee-ddcc89abcde", "018bcfe5-687b-874b-bfee-ddcc89abcdef0",
        "018BCFE5-687b-874b-bfee-ddcc89abcdef", "{18bcfe5-687b-874b-bfee-ddcc89abcdef", "018bcfe5687b874bbfeeddcc89abcdef",
        "018bcfe50687b-874b-bfee-ddcc89abcdef", "018bcfe5-687b-874b-bfee-ddcc89abcdeg"})
    EXPECT_FALSE(ParseSessionId(text, id)) << text;
}

TEST(SessionId, UserKeyIsTheHashOfIssuerAndUser) {
  // sha256(00 61 6c 69 63 65) and of "https://idp.example" 00 "alice"
  const std::string own = jose::Sha256(std::string_view("\0alice", 6));
  const std::string foreign = jose::Sha256(std::string_view("https://idp.example\0alice", 25));
  const auto first4 = [](const std::string &digest) {
    std::uint32_t key = 0;
    for (int i = 0; i < 4; ++i) key = key << 8 | static_cast<unsigned char>(digest[i]);
    return static_cast<UserKey>(key);
  };
  EXPECT_EQ(UserKeyOf("", "alice"), first4(own));
  EXPECT_EQ(UserKeyOf("https://idp.example", "alice"), first4(foreign));
  EXPECT_NE(UserKeyOf("", "alice"), UserKeyOf("alice", ""));
}

TEST(UserId, PaddingIsTheBlanksAtTheEnd) {
  for (const auto &[padded, user_id] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{{"ann", "ann"},
                                                                            {"ann ", "ann"},
                                                                            {"ann     ", "ann"},
                                                                            {" a n ", " a n"},
                                                                            {"ann\t", "ann\t"},
                                                                            {"ann \t", "ann \t"},
                                                                            {"ann\n ", "ann\n"},
                                                                            {"ann\xC2\xA0", "ann\xC2\xA0"},
                                                                            {"   ", ""},
                                                                            {"", ""}})
    EXPECT_EQ(WithoutPadding(padded), user_id) << padded;
}

TEST(RefreshToken, OfAnotherSystemStandsForOne) {
  SessionId id{};
  id[0] = 1;
  SessionId other_id{};
  other_id[0] = 2;
  const RefreshToken token = RefreshToken::Imported(id, "token of another system");
  EXPECT_EQ(token.session_id(), id);
  EXPECT_EQ(token.generation(), 0U);
  EXPECT_EQ(token.Encode().size(), kRefreshTokenLength);
  // Each presentation gives the same one, another session or another text another one in both secrets.
  EXPECT_TRUE(SameHash(token.SecretHash(), RefreshToken::Imported(id, "token of another system").SecretHash()));
  EXPECT_TRUE(SameHash(token.FamilyHash(), RefreshToken::Imported(id, "token of another system").FamilyHash()));
  for (const RefreshToken &other : {RefreshToken::Imported(other_id, "token of another system"),
                                    RefreshToken::Imported(id, "token of another systen"), RefreshToken::Imported(id, "")}) {
    EXPECT_FALSE(SameHash(token.SecretHash(), other.SecretHash()));
    EXPECT_FALSE(SameHash(token.FamilyHash(), other.FamilyHash()));
  }
  EXPECT_FALSE(token.ProvesGeneration("secret"));
  // Its successor is one as any other: of the same family, and it rests on the nonce and the pepper.
  const RefreshToken next = token.Successor(1, Nonce{}, "pepper", "secret");
  EXPECT_TRUE(SameHash(next.FamilyHash(), token.FamilyHash()));
  EXPECT_TRUE(next.ProvesGeneration("secret"));
  EXPECT_FALSE(SameHash(next.SecretHash(), token.Successor(1, Nonce{}, "other", "secret").SecretHash()));
}

}  // namespace
}  // namespace jwt_auth::session
