// Key arguments: raw secrets, and what must never become one.
#include "jose/keys/key_cache.hpp"
#include "support.hpp"

namespace jwt_auth::jose {
namespace {

TEST(RawSecret, ItsLengthDecidesTheHashes) {
  const auto allowed = [](std::size_t size) { return Keys(std::string(size, 'k')).keys.front().algorithms(); };
  const AlgorithmSet hs256(Algorithm::kHS256);
  const AlgorithmSet hs384(Algorithm::kHS384);
  const AlgorithmSet hs512(Algorithm::kHS512);
  EXPECT_TRUE(allowed(32) == hs256);
  EXPECT_TRUE(allowed(47) == hs256);
  EXPECT_TRUE(allowed(48) == (hs256 | hs384));
  EXPECT_TRUE(allowed(63) == (hs256 | hs384));
  EXPECT_TRUE(allowed(64) == (hs256 | hs384 | hs512));
  EXPECT_TRUE(allowed(1000) == (hs256 | hs384 | hs512));
}

TEST(RawSecret, EmptyAndShortOnesAreRefused) {
  for (std::size_t size = 0; size < 32; ++size) {
    EXPECT_REFUSED(ParseKeys(std::string(size, 'k')), kUnusableKey) << size;
    EXPECT_REFUSED(SecretKeySet(std::string(size, 'k')), kUnusableKey) << size;
  }
}

TEST(RawSecret, BytesMayBeAnything) {
  std::string bytes;
  for (int i = 0; i < 64; ++i) bytes.push_back(static_cast<char>(i * 4));
  const auto keys = SecretKeySet(bytes);
  ASSERT_ACCEPTED(keys);
  EXPECT_EQ(AsText(keys->keys.front().secret()), bytes);
}

TEST(RawSecret, AKeyOfAnotherKindIsNeverOne) {
  const std::string ec = Generate("ES256");
  const std::string rsa = Generate("RS256");
  const auto document = ParseJson(rsa);
  const std::string private_pem(AsText(*JwkToPem(document->root())));
  const std::string public_jwk = PublicOf(rsa);
  const auto public_document = ParseJson(public_jwk);
  const std::string public_pem(AsText(*JwkToPem(public_document->root())));
  std::string body;
  for (const char c : public_pem.substr(public_pem.find('\n') + 1)) {
    if (c == '-') break;
    if (c != '\n') body += c;
  }

  for (const std::string &foreign : {public_jwk, "{\"keys\":[" + public_jwk + "]}", public_pem, private_pem, ec}) {
    for (const char *prefix :
         {" ", "\n", "\t", "\xEF\xBB\xBF", "\xEF\xBB\xBF\n ", "\xC2\xA0", "\xE2\x80\x8B", "\"", "'", "\x0B"}) {
      EXPECT_REFUSED(SecretKeySet(prefix + foreign), kUnusableKey);
    }
    for (const char *prefix : {"\xC2\xA0", "\xE2\x80\x8B", "\"", "'"}) {
      EXPECT_REFUSED(ParseKeys(prefix + foreign), kUnusableKey);
    }
    // White space, and before PEM a byte order mark, are read over.
    for (const char *prefix : {" ", "\n", "\t", "\r\n \n"}) EXPECT_ACCEPTED(ParseKeys(prefix + foreign + prefix));
    EXPECT_REFUSED(SecretKeySet(foreign), kUnusableKey);
    EXPECT_REFUSED(ParseKeys(Quoted(foreign)), kUnusableKey);
    EXPECT_REFUSED(ParseKeys("key: " + foreign), kUnusableKey);
  }
  EXPECT_REFUSED(ParseKeys(body), kUnusableKey);
  EXPECT_REFUSED(ParseKeys(" " + body), kUnusableKey);
  EXPECT_REFUSED(SecretKeySet(*DecodeBase64Url([&] {
                   std::string url = body;
                   for (char &c : url) c = c == '+' ? '-' : c == '/' ? '_' : c;
                   while (!url.empty() && url.back() == '=') url.pop_back();
                   return url;
                 }())),
                 kUnusableKey);
  // PEM that somebody has spoilt.
  const std::string lines = public_pem.substr(public_pem.find('\n'));
  for (const std::string boundary : {"----BEGIN PUBLIC KEY----", "----- BEGIN PUBLIC KEY -----", "-----begin public key-----",
                                     "BEGIN PUBLIC KEY", "PUBLIC KEY-----", "\u2014\u2014BEGIN PUBLIC KEY\u2014\u2014", ""}) {
    std::string pem = boundary + lines;
    EXPECT_REFUSED(ParseKeys(pem), kUnusableKey) << boundary;
    EXPECT_REFUSED(SecretKeySet(pem), kUnusableKey) << boundary;
    EXPECT_REFUSED(ParseKeys(pem.substr(0, pem.find("-----END"))), kUnusableKey) << boundary;
    for (std::size_t i = 0; (i = pem.find('\n', i)) != std::string::npos; i += 2) pem.replace(i, 1, "\r\n");
    EXPECT_REFUSED(ParseKeys(pem), kUnusableKey) << boundary;
  }
  // One block behind another, as of curve parameters and a key, or a chain of certificates.
  EXPECT_REFUSED(ParseKeys("--BEGIN EC PARAMETERS--\nBggqhkjOPQMBBw==\n--END EC PARAMETERS--\n--BEGIN PUBLIC KEY--" + lines),
                 kUnusableKey);
  EXPECT_REFUSED(ParseKeys("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDFakefakefakefake"), kUnusableKey);
  EXPECT_REFUSED(ParseKeys(" \n ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakefakefakefake"), kUnusableKey);
  EXPECT_REFUSED(ParseKeys("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI"), kUnusableKey);
  EXPECT_REFUSED(ParseKeys("---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2EAAAADAQAB"), kUnusableKey);
}

TEST(RawSecret, TextThatStartsLikeJsonMustBeAKey) {
  for (const char *text : {"{", "{}", "{this is no JSON but a very long secret}", "{\"kty\":\"oct\"", "{\"a\":1}"}) {
    EXPECT_REFUSED(ParseKeys(text), kUnusableKey) << text;
  }
  EXPECT_REFUSED(ParseKeys("-----BEGIN nonsense that goes on for more than 32 bytes"), kUnusableKey);
}

TEST(RawSecret, OrdinaryPassphrasesAreSecrets) {
  for (const char *text : {"[a secret may start with a bracket, why not]", "MIIsomething that only looks like DER in base64",
                           "M0123456789012345678901234567890123456789", "to end is to begin--beginning anew every morning",
                           "several lines\nMFkwEwYHKoZIzj0CAQYIKoZIzj0D\nand one of them is base64",
                           "correct horse battery staple correct horse"}) {
    SCOPED_TRACE(text);
    EXPECT_ACCEPTED(ParseKeys(text));
  }
}

TEST(Jwks, MalformedAndUnknownSiblingsAreSkipped) {
  const std::string good = With(Generate("ES256"), {{"kid", "\"good\""}});
  const std::string small_rsa = R"({"kty":"RSA","kid":"small","n":"AQAB","e":"AQAB"})";
  const auto keys =
      ParseKeys("{\"keys\":[1,null,\"x\",{},{\"kty\":\"XYZ\"},{\"kty\":\"oct\"}," + small_rsa + "," + good + "]}");
  ASSERT_ACCEPTED(keys);
  ASSERT_EQ(keys->keys.size(), 1U);
  EXPECT_TRUE(keys->is_jwks);
  EXPECT_EQ(*keys->keys.front().kid(), "good");
}

TEST(Jwks, ItsFormIsChecked) {
  const std::string key = Generate("ES256");
  for (const char *text : {R"({"keys":[]})", R"({"keys":{}})", R"({"keys":null})", R"({"keys":"x"})", R"({"keys":[{}]})"}) {
    EXPECT_REFUSED(ParseKeys(text), kUnusableKey) << text;
  }
  EXPECT_REFUSED(ParseKeys(With(key, {{"keys", "[]"}})), kUnusableKey);
  std::string many = "{\"keys\":[{}";
  for (int i = 1; i < 257; ++i) many += ",{}";
  EXPECT_REFUSED(ParseKeys(many + "]}"), kTooLarge);
  EXPECT_REFUSED(ParseKeys("{" + std::string(5U << 20, ' ') + "}"), kTooLarge);
}

TEST(KeyCache, KeepsWhatItParsed) {
  KeyCache cache;
  const auto first = cache.Get(KeyCache::Kind::kText, kSecret);
  ASSERT_ACCEPTED(first);
  const auto again = cache.Get(KeyCache::Kind::kText, kSecret);
  ASSERT_ACCEPTED(again);
  EXPECT_EQ(*first, *again);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(KeyCache, TextAndBytesAreDifferentArguments) {
  KeyCache cache;
  const auto text = cache.Get(KeyCache::Kind::kText, kSecret);
  const auto bytes = cache.Get(KeyCache::Kind::kRawSecret, kSecret);
  ASSERT_ACCEPTED(text);
  ASSERT_ACCEPTED(bytes);
  EXPECT_NE(*text, *bytes);
  EXPECT_EQ(cache.size(), 2U);
}

// The text of the last answer is compared before anything is hashed: it must be the text of the entry that stands first.
TEST(KeyCache, TheLastTextAnswersForItsOwnKeysAlone) {
  const std::string a(32, 'a'), b(32, 'b'), c(32, 'c');
  const auto secret_of = [](KeyCache &cache, const std::string &text) {
    const auto keys = cache.Get(KeyCache::Kind::kRawSecret, text);
    return keys ? std::string(1, AsText((*keys)->keys.front().secret()).front()) : std::string("refused");
  };
  for (const std::size_t capacity : {0, 1, 2, 64}) {
    KeyCache cache(capacity);
    for (const std::string *text : {&a, &a, &b, &a, &b, &b, &c, &a, &c, &c, &b})
      EXPECT_EQ(secret_of(cache, *text), std::string(1, text->front())) << capacity;
    // What is refused stands nowhere.
    EXPECT_EQ(secret_of(cache, a), "a");
    EXPECT_EQ(secret_of(cache, "short"), "refused");
    EXPECT_EQ(secret_of(cache, "short"), "refused");
    EXPECT_EQ(secret_of(cache, a), "a");
    EXPECT_EQ(secret_of(cache, b), "b");
  }
  // The same text as another kind of argument is another argument.
  KeyCache cache;
  const std::string jwk = R"({"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})";
  EXPECT_ACCEPTED(cache.Get(KeyCache::Kind::kText, jwk));
  EXPECT_FALSE(cache.Get(KeyCache::Kind::kRawSecret, jwk));
  EXPECT_ACCEPTED(cache.Get(KeyCache::Kind::kText, jwk));
}

TEST(KeyCache, DropsTheLeastRecentlyUsed) {
  KeyCache cache(2);
  const std::string a(40, 'a');
  const std::string b(40, 'b');
  const std::string c(40, 'c');
  const KeySet *first = *cache.Get(KeyCache::Kind::kText, a);
  EXPECT_ACCEPTED(cache.Get(KeyCache::Kind::kText, b));
  EXPECT_EQ(*cache.Get(KeyCache::Kind::kText, a), first);
  EXPECT_ACCEPTED(cache.Get(KeyCache::Kind::kText, c));
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(*cache.Get(KeyCache::Kind::kText, a), first);
  EXPECT_EQ(AsText((*cache.Get(KeyCache::Kind::kText, b))->keys.front().secret()), b);
  EXPECT_EQ(cache.size(), 2U);
}

TEST(KeyCache, ManyArgumentsStayBounded) {
  KeyCache cache;
  for (int i = 0; i < 1000; ++i) {
    const std::string secret = "a secret that is long enough: " + std::to_string(1000 + i);
    const auto keys = cache.Get(KeyCache::Kind::kText, secret);
    ASSERT_ACCEPTED(keys);
    EXPECT_EQ(AsText((*keys)->keys.front().secret()), secret);
  }
  EXPECT_EQ(cache.size(), 64U);
}

TEST(KeyCache, RefusalsAreNotKept) {
  KeyCache cache;
  EXPECT_REFUSED(cache.Get(KeyCache::Kind::kText, "short"), kUnusableKey);
  EXPECT_EQ(cache.size(), 0U);
}

std::string SetOfSecrets(int count, char seed) {
  std::string set = "{\"keys\":[";
  for (int i = 0; i < count; ++i) {
    std::string secret(32, static_cast<char>(i));
    secret[0] = seed;
    set += (i == 0 ? "" : ",") + std::string(R"({"kty":"oct","k":")") + EncodeBase64Url(secret) + "\"}";
  }
  return set + "]}";
}

TEST(KeyCache, KeepsLargeSetsAndAtMost1024Keys) {
  KeyCache cache;
  for (char seed = 0; seed < 4; ++seed) {
    const auto keys = cache.Get(KeyCache::Kind::kText, SetOfSecrets(256, seed));
    ASSERT_ACCEPTED(keys);
    EXPECT_EQ((*keys)->keys.size(), 256U);
  }
  EXPECT_EQ(cache.size(), 4U);
  EXPECT_ACCEPTED(cache.Get(KeyCache::Kind::kText, kSecret));
  EXPECT_EQ(cache.size(), 4U);
  EXPECT_ACCEPTED(cache.Get(KeyCache::Kind::kText, kLongSecret));
  EXPECT_EQ(cache.size(), 5U);
}

TEST(KeyCache, TellsWhyNothingOfASetCanBeUsed) {
  KeyCache cache;
  const auto keys = cache.Get(KeyCache::Kind::kText, R"({"keys":[{"kid":"a","kty":"AAA"},{"kty":"oct","k":"AA"}]})");
  EXPECT_REFUSED(keys, kUnusableKey);
  EXPECT_EQ(DescribeSkipped(cache.skipped()),
            "key \"a\": kty of the JWK is unknown; key without a kid: HMAC secret shorter than 32 bytes");
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_REFUSED(cache.Get(KeyCache::Kind::kText, "short"), kUnusableKey);
  EXPECT_TRUE(cache.skipped().empty());
}

}  // namespace
}  // namespace jwt_auth::jose
