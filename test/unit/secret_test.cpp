// Secrets are gone from memory that is given back: every block that this program frees is looked at while a test watches.
#include <malloc.h>

#include <cstdlib>
#include <new>

#include "jose/keys/key_cache.hpp"
#include "support.hpp"

namespace {

constexpr std::string_view kMarked = "a secret that is marked and long enough for HS256, please";
bool watching = false;
int blocks_with_secret = 0;

void Give(void *block) {
  if (watching && block != nullptr) {
    const std::string_view contents(static_cast<const char *>(block), malloc_usable_size(block));
    if (contents.find(kMarked.substr(0, 24)) != std::string_view::npos) ++blocks_with_secret;
  }
  std::free(block);
}

}  // namespace

void *operator new(std::size_t size) {
  void *block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void *operator new(std::size_t size, const std::nothrow_t &) noexcept { return std::malloc(size); }
void operator delete(void *block) noexcept { Give(block); }
void operator delete(void *block, std::size_t) noexcept { Give(block); }

namespace jwt_auth::jose {
namespace {

// How many blocks with the secret in them `act` gives back.
template <class Act>
int LeftBehind(Act act) {
  blocks_with_secret = 0;
  watching = true;
  act();
  watching = false;
  return blocks_with_secret;
}

TEST(Secrets, AnOrdinaryStringLeavesItsContentsBehind) {
  EXPECT_EQ(LeftBehind([] { std::string copy(kMarked); }), 1);
}

TEST(Secrets, BytesAreCleansedWhenTheyGrowAndWhenTheyGo) {
  EXPECT_EQ(LeftBehind([] {
              SecretBytes bytes;
              for (const char c : kMarked) bytes.push_back(static_cast<unsigned char>(c));
              Append(bytes, kMarked);
            }),
            0);
}

TEST(Secrets, KeysAreCleansedWhenTheCacheDropsThem) {
  EXPECT_EQ(LeftBehind([] {
              KeyCache cache(1);
              for (const auto kind : {KeyCache::Kind::kText, KeyCache::Kind::kRawSecret, KeyCache::Kind::kEncryptionText}) {
                const auto keys = cache.Get(kind, kMarked);
                ASSERT_ACCEPTED(keys);
                if (kind != KeyCache::Kind::kEncryptionText) EXPECT_ACCEPTED(VerifiedPayload(Sign("x", **keys), **keys));
              }
            }),
            0);
}

TEST(Secrets, AJwkIsCleansedWithAllThatIsMadeOfIt) {
  const std::string jwk = R"({"kty":"oct","kid":"k","k":")" + EncodeBase64Url(kMarked) + "\"}";
  EXPECT_EQ(LeftBehind([&] {
              KeyCache cache(1);
              EXPECT_ACCEPTED(cache.Get(KeyCache::Kind::kText, jwk));
              EXPECT_ACCEPTED(cache.Get(KeyCache::Kind::kText, kLongSecret));
            }),
            0);
}

}  // namespace
}  // namespace jwt_auth::jose
