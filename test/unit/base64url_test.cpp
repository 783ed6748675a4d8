#include "jose/json/base64url.hpp"

#include "support.hpp"

namespace jwt_auth::jose {
namespace {

TEST(Base64Url, EncodesTheExamplesOfRfc4648WithoutPadding) {
  EXPECT_EQ(EncodeBase64Url(""), "");
  EXPECT_EQ(EncodeBase64Url("f"), "Zg");
  EXPECT_EQ(EncodeBase64Url("fo"), "Zm8");
  EXPECT_EQ(EncodeBase64Url("foo"), "Zm9v");
  EXPECT_EQ(EncodeBase64Url("foob"), "Zm9vYg");
  EXPECT_EQ(EncodeBase64Url("fooba"), "Zm9vYmE");
  EXPECT_EQ(EncodeBase64Url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(EncodeBase64Url("\xfb\xff\xbf"), "-_-_");
}

TEST(Base64Url, EveryLengthSurvivesARoundTrip) {
  std::string bytes;
  for (int size = 0; size < 300; ++size) {
    const std::string text = EncodeBase64Url(bytes);
    EXPECT_EQ(text.size(), Base64UrlLength(bytes.size()));
    const auto back = DecodeBase64Url(text);
    ASSERT_ACCEPTED(back);
    EXPECT_EQ(*back, bytes);
    bytes.push_back(static_cast<char>(size * 37 + 11));
  }
}

TEST(Base64Url, AppendsBehindWhatIsThere) {
  std::string out = "x";
  AppendBase64Url("foo", out);
  EXPECT_EQ(out, "xZm9v");
  EXPECT_ACCEPTED(AppendDecodedBase64Url("Zm9v", out));
  EXPECT_EQ(out, "xZm9vfoo");
}

// Text for secrets has code of its own, in which no address depends on what it says.
TEST(Base64Url, SecretsAreReadAndWrittenAsEverythingElse) {
  std::string bytes;
  for (int size = 0; size < 70; ++size) {
    SecretBytes text = {'x'};
    AppendBase64Url(bytes, text);
    EXPECT_EQ(AsText(text), "x" + EncodeBase64Url(bytes));
    bytes.push_back(static_cast<char>(size * 37 + 11));
  }
  for (std::size_t size = 0; size <= 6; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'A');
        text[place] = static_cast<char>(byte);
        SecretBytes secret = {'x'};
        const auto read = AppendDecodedBase64Url(text, secret);
        const auto expected = DecodeBase64Url(text);
        ASSERT_EQ(static_cast<bool>(read), static_cast<bool>(expected)) << "size " << size << " byte " << byte;
        if (expected)
          EXPECT_EQ(AsText(secret), "x" + *expected);
        else
          EXPECT_STREQ(read.error().detail, expected.error().detail) << "size " << size << " byte " << byte;
      }
    }
  }
}

TEST(Base64Url, EachForeignByteIsRefusedAtEachPlace) {
  const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (int byte = 0; byte < 256; ++byte) {
    if (alphabet.find(static_cast<char>(byte)) != std::string_view::npos) continue;
    for (std::size_t size = 2; size <= 8; ++size) {
      if (size % 4 == 1) continue;
      for (std::size_t place = 0; place < size; ++place) {
        std::string text(size, 'A');
        text[place] = static_cast<char>(byte);
        EXPECT_REFUSED(DecodeBase64Url(text), kMalformed) << "byte " << byte;
      }
    }
  }
}

TEST(Base64Url, PaddingIsRefused) {
  for (const char *text : {"Zg==", "Zm8=", "Zg=", "=", "Zm9v="}) EXPECT_REFUSED(DecodeBase64Url(text), kMalformed) << text;
}

TEST(Base64Url, ALengthOfOneModuloFourIsRefused) {
  for (const char *text : {"A", "AAAAA", "AAAAAAAAA"}) EXPECT_REFUSED(DecodeBase64Url(text), kMalformed) << text;
}

TEST(Base64Url, StrayBitsInTheLastCharacterAreRefused) {
  const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  int two = 0;
  int three = 0;
  for (const char c : alphabet) {
    two += DecodeBase64Url(std::string("A") + c) ? 1 : 0;
    three += DecodeBase64Url(std::string("AA") + c) ? 1 : 0;
  }
  EXPECT_EQ(two, 4);
  EXPECT_EQ(three, 16);
}

TEST(Base64Url, StandardBase64IsRefused) { EXPECT_REFUSED(DecodeBase64Url("+/+/"), kMalformed); }

}  // namespace
}  // namespace jwt_auth::jose
