#include "session/credential.hpp"

#include <gtest/gtest.h>

#include <string>

#include "session/api_key.hpp"

namespace jwt_auth::session {
namespace {

constexpr Error kRefused{ErrorCode::kMalformed, "token does not have three parts"};

TEST(Credential, IsNamedByItsPrefix) {
  const Error refresh_token = NameCredential(std::string(kRefreshTokenPrefix) + "AAAA", kRefused);
  EXPECT_EQ(refresh_token.code, ErrorCode::kMalformed);
  EXPECT_STREQ(refresh_token.detail, "a refresh token where an access token is expected");
  const Error api_key = NameCredential(std::string(kApiKeyPrefix) + "AAAA", kRefused);
  EXPECT_EQ(api_key.code, ErrorCode::kMalformed);
  EXPECT_STREQ(api_key.detail, "an API key where an access token is expected");
  EXPECT_NE(refresh_token.hint, nullptr);
  EXPECT_NE(api_key.hint, nullptr);
}

TEST(Credential, AnythingElseIsRefusedAsItWas) {
  for (const char *text : {"", "jwtauth", "jwtauth_r2_AAAA", " jwtauth_r1_AAAA", "a.b.c"}) {
    const Error refusal = NameCredential(text, kRefused);
    EXPECT_EQ(refusal.code, ErrorCode::kMalformed) << text;
    EXPECT_STREQ(refusal.detail, kRefused.detail) << text;
  }
  const Error out_of_memory = NameCredential(kRefreshTokenPrefix, {ErrorCode::kOutOfMemory, nullptr});
  EXPECT_EQ(out_of_memory.code, ErrorCode::kOutOfMemory);
}

}  // namespace
}  // namespace jwt_auth::session
