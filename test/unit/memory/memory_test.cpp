// What happens when memory is short for a moment: every operation of the core, with each of its allocations failing in turn. It
// answers what it should, or that memory ran out; never that a signature is wrong or a key unusable. And the next call is
// right.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "failing_memory.hpp"
#include "jose/crypto/openssl.hpp"
#include "jose/jwe/jwe.hpp"
#include "jose/keys/issuer_jwks.hpp"
#include "jose/keys/key_cache.hpp"
#include "jose/keys/sealed_jwk.hpp"
#include "jose/keys/signing_jwk.hpp"
#include "session/refresh_token.hpp"
#include "support.hpp"

namespace jwt_auth::jose {
namespace {

using test::FailAllocation;
using test::Failing;

using Operation = std::function<Result<std::string>()>;

struct Case {
  std::string name;
  std::function<Operation()> prepare;  // makes the operation anew: nothing that it keeps is there yet
};

constexpr const char *kOutOfMemory = "out of memory";
constexpr const char *kMissingAlgorithm = "OpenSSL has no such algorithm";

// As the boundary to PostgreSQL does it.
template <class Do>
std::string Answer(Do act) {
  Result<std::string> result = Error{ErrorCode::kInternal, nullptr};
  const char *thrown = nullptr;
  try {
    result = act();
  } catch (const std::bad_alloc &) {
    thrown = kOutOfMemory;
  } catch (const std::exception &exception) {
    thrown = std::strncmp(exception.what(), "OpenSSL has no ", 15) == 0 ? kMissingAlgorithm : "bug";
  }
  DrainErrorQueue();
  if (thrown != nullptr) return thrown;
  if (result) return "answer " + *result;
  if (result.error().code == ErrorCode::kOutOfMemory) return kOutOfMemory;
  return "refused " + std::to_string(static_cast<int>(result.error().code)) + " " +
         (result.error().detail != nullptr ? result.error().detail : "");
}

std::string AnswerWithFailure(const Operation &operation, long n, Failing failing, bool &fired) {
  std::string answer = Answer([&]() -> Result<std::string> {
    FailAllocation failure(n, failing);
    Result<std::string> result = Error{ErrorCode::kInternal, nullptr};
    try {
      result = operation();
    } catch (...) {
      fired = failure.fired();
      failure.Stop();
      throw;
    }
    fired = failure.fired();
    failure.Stop();
    return result;
  });
  return answer;
}

Result<std::string> Done(bool ok) {
  if (!ok) return Error{ErrorCode::kInternal, "not what was expected"};
  return std::string("done");
}

std::string TextOfKey(const JsonValue &vector) { return Text(*vector.Find("key")); }

// Verifying, with a key that has verified nothing before.
Operation Verifying(const std::string &token, const std::string &key) {
  auto keys = std::make_shared<KeySet>(Keys(key));
  return [token, keys]() -> Result<std::string> { return VerifiedPayload(token, *keys); };
}

// An operation with a key that has done it so often before: what OpenSSL keeps with a private RSA key changes with each use,
// and is made anew at the 32nd.
Case After(int uses, const Case &first) {
  return {"after " + std::to_string(uses) + ": " + first.name, [uses, first] {
            Operation operation = first.prepare();
            for (int i = 0; i < uses; ++i) (void)operation();
            return operation;
          }};
}

void AddSignatures(std::vector<Case> &cases) {
  const JsonDocument vectors = LoadVectors("jws.json");
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    const std::string name = Member(vector, "source") + " " + Member(vector, "algorithm");
    const std::string token = Member(vector, "token");
    const std::string key = TextOfKey(vector);
    const std::string alg = Member(vector, "algorithm");
    std::string wrong = token;
    char &c = wrong[wrong.size() - 20];
    c = c == 'A' ? 'B' : 'A';
    cases.push_back({"read the key of " + name + " and verify", [token, key]() -> Operation {
                       return [token, key]() -> Result<std::string> {
                         const auto keys = ParseKeys(key);
                         if (!keys) return keys.error();
                         return VerifiedPayload(token, *keys);
                       };
                     }});
    cases.push_back({"verify " + name, [token, key] { return Verifying(token, key); }});
    cases.push_back({"refuse " + name, [wrong, key] { return Verifying(wrong, key); }});
    cases.push_back({"sign " + name, [key, alg]() -> Operation {
                       auto keys = std::make_shared<KeySet>(Keys(key));
                       return [keys, alg]() -> Result<std::string> {
                         SignOptions options;
                         options.alg_name = alg;
                         const auto signed_token = SignJws("{\"sub\":\"ann\"}", *keys, options);
                         if (!signed_token) return signed_token.error();
                         return VerifiedPayload(*signed_token, *keys);
                       };
                     }});
    const Case first = cases.back();
    cases.push_back(After(1, first));
    if (alg == "RS256") cases.push_back(After(31, first));
  });
}

// What is refused before the key is used says nothing of the key.
Case DecryptingAfterARefusal(const std::string &token, const std::string &key) {
  const std::size_t start = token.find('.') + 1;
  const std::string refused = std::string(token).replace(start, token.find('.', start) - start, "AAAA");
  return {"refuse one and decrypt another", [token, refused, key]() -> Operation {
            auto keys = std::make_shared<KeySet>(Keys(key, KeyPurpose::kEncryption));
            return [token, refused, keys]() -> Result<std::string> {
              const auto decrypt = [&](const std::string &text) {
                return DecryptJwe(std::move(*UnverifiedJwe::Parse(text)), *keys, std::nullopt, JweEncryptionSet::All());
              };
              if (decrypt(refused)) return Done(false);
              const auto decrypted = decrypt(token);
              if (!decrypted) return decrypted.error();
              return std::string(AsText(decrypted->plaintext()));
            };
          }};
}

void AddEncryption(std::vector<Case> &cases) {
  const JsonDocument vectors = LoadVectors("jwe.json");
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    if (!vector.Find("key") || vector.Find("refused")) return;
    const std::string token = Member(vector, "token");
    const std::string key = TextOfKey(vector);
    cases.push_back({"decrypt " + Member(vector, "source"), [token, key]() -> Operation {
                       auto keys = std::make_shared<KeySet>(Keys(key, KeyPurpose::kEncryption));
                       return [token, keys]() -> Result<std::string> {
                         auto parsed = UnverifiedJwe::Parse(token);
                         if (!parsed) return parsed.error();
                         const auto decrypted = DecryptJwe(std::move(*parsed), *keys, std::nullopt, JweEncryptionSet::All());
                         if (!decrypted) return decrypted.error();
                         return std::string(AsText(decrypted->plaintext()));
                       };
                     }});
    const Case first = cases.back();
    cases.push_back(After(1, first));
    if (Member(vector, "source") == "RFC 7516 A.1") {
      cases.push_back(After(31, first));
      cases.push_back(After(31, DecryptingAfterARefusal(token, key)));
    }
    if (Member(vector, "source").find("RSA1_5") != std::string::npos) return;
    cases.push_back({"encrypt for " + Member(vector, "source"), [key]() -> Operation {
                       auto keys = std::make_shared<KeySet>(Keys(key, KeyPurpose::kEncryption));
                       return [keys]() -> Result<std::string> {
                         const auto token = EncryptJwe("text", *keys, {});
                         if (!token) return token.error();
                         auto parsed = UnverifiedJwe::Parse(*token);
                         if (!parsed) return parsed.error();
                         const auto decrypted = DecryptJwe(std::move(*parsed), *keys, std::nullopt, JweEncryptionSet::All());
                         if (!decrypted) return decrypted.error();
                         return std::string(AsText(decrypted->plaintext()));
                       };
                     }});
  });
}

void AddKeys(std::vector<Case> &cases) {
  const JsonDocument vectors = LoadVectors("keys.json");
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    const std::string source = Member(vector, "source");
    const std::string key = TextOfKey(vector);
    cases.push_back({"thumbprint of " + source, [key]() -> Operation {
                       return [key]() -> Result<std::string> { return JwkThumbprint(ParseJson(key)->root()); };
                     }});
    if (Member(*vector.Find("key"), "kty") == "oct") return;
    cases.push_back({"public part of " + source, [key]() -> Operation {
                       return [key]() -> Result<std::string> { return PublicJwk(ParseJson(key)->root()); };
                     }});
    cases.push_back({"PEM of " + source, [key]() -> Operation {
                       return [key]() -> Result<std::string> {
                         const auto pem = JwkToPem(ParseJson(key)->root());
                         if (!pem) return pem.error();
                         return std::string(AsText(*pem));
                       };
                     }});
    cases.push_back({"from PEM of " + source, [key]() -> Operation {
                       const auto pem = JwkToPem(ParseJson(key)->root());
                       const std::string text(AsText(*pem));
                       return [text]() -> Result<std::string> {
                         const auto jwk = JwkFromPem(text, std::nullopt, std::nullopt);
                         if (!jwk) return jwk.error();
                         return std::string(AsText(*jwk));
                       };
                     }});
    if (vector.Find("private")->is(JsonType::kTrue)) {
      cases.push_back({"signing key of " + source, [key]() -> Operation {
                         return [key]() -> Result<std::string> {
                           const auto jwk = ReadSigningKey(key);
                           if (!jwk) return jwk.error();
                           return std::string(AsText(jwk->private_jwk));
                         };
                       }});
    }
  });
  cases.push_back({"a secret", []() -> Operation {
                     return []() -> Result<std::string> {
                       const auto keys = ParseKeys(kSecret);
                       return Done(static_cast<bool>(keys));
                     };
                   }});
  cases.push_back({"a set of keys, with one that can't be used",
                   [vectors = std::make_shared<JsonDocument>(LoadVectors("keys.json"))]() -> Operation {
                     std::string set = R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"})";
                     for (const char *source : {"RFC 7517 A.2 EC", "RFC 7520 3.3", "RFC 8037 A.2"}) {
                       ForEach(vectors->root(), [&](const JsonValue &vector) {
                         if (Member(vector, "source") == source) set += "," + TextOfKey(vector);
                       });
                     }
                     set += "]}";
                     return [set]() -> Result<std::string> {
                       const auto keys = ParseKeys(set);
                       if (!keys) return keys.error();
                       return std::to_string(keys->keys.size());
                     };
                   }});
  cases.push_back({"an issuer's set, with a secret and a key that can't be used",
                   [vectors = std::make_shared<JsonDocument>(LoadVectors("keys.json"))]() -> Operation {
                     std::string set = R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"})";
                     set += R"(,{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8"})";
                     ForEach(vectors->root(), [&](const JsonValue &vector) {
                       if (Member(vector, "source") == "RFC 8037 A.2") set += "," + TextOfKey(vector);
                     });
                     set += "]}";
                     return [set]() -> Result<std::string> {
                       const auto keys = ReadIssuerJwks(set);
                       if (!keys) return keys.error();
                       const auto verifying = VerifyingJwks(keys->public_jwks);
                       if (!verifying) return verifying.error();
                       return std::to_string(keys->skipped.size()) + std::string(AsText(keys->secret_jwks)) + *verifying;
                     };
                   }});
  for (const char *algorithm : {"HS256", "ES256", "ES512", "Ed25519", "Ed448", "ECDH-ES", "A256GCM"}) {
    cases.push_back({std::string("generate ") + algorithm, [algorithm]() -> Operation {
                       return [algorithm]() -> Result<std::string> {
                         GenerateOptions options;
                         options.algorithm = algorithm;
                         const auto jwk = GenerateJwk(options);
                         if (!jwk) return jwk.error();
                         return Done(static_cast<bool>(ParseKeys(AsText(*jwk), KeyPurpose::kEncryption)));
                       };
                     }});
  }
  cases.push_back({"a cache of keys", [vectors = std::make_shared<JsonDocument>(LoadVectors("keys.json"))]() -> Operation {
                     auto cache = std::make_shared<KeyCache>(4);
                     return [cache, vectors]() -> Result<std::string> {
                       int count = 0;
                       Error refusal{ErrorCode::kInternal, nullptr};
                       ForEach(vectors->root(), [&](const JsonValue &vector) {
                         const auto keys = cache->Get(KeyCache::Kind::kEncryptionText, TextOfKey(vector));
                         if (keys) ++count;
                         if (!keys) refusal = keys.error();
                       });
                       if (count != 14) return refusal;
                       return Done(cache->size() == 4);
                     };
                   }});
  cases.push_back({"a sealed key", []() -> Operation {
                     const SecretBytes key(kKeyEncryptionKeySize, 7);
                     return [key]() -> Result<std::string> {
                       const auto sealed = SealJwk("{}", key, "kid");
                       if (!sealed) return sealed.error();
                       const auto opened = OpenJwk(*sealed, key, "kid");
                       if (!opened) return opened.error();
                       return std::string(AsText(*opened));
                     };
                   }});
}

void AddSessions(std::vector<Case> &cases) {
  cases.push_back({"a refresh token", []() -> Operation {
                     return []() -> Result<std::string> {
                       const auto first = session::RefreshToken::First({}, std::string(session::kFreshSecretSize, 'x'));
                       const auto next = first.Successor(1, session::Nonce{}, "pepper");
                       const auto read = session::RefreshToken::Decode(AsText(next.Encode()));
                       if (!read) return read.error();
                       const auto hash = read->SecretHash();
                       return EncodeBase64Url({reinterpret_cast<const char *>(hash.data()), hash.size()});
                     };
                   }});
}

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  AddSignatures(cases);
  AddEncryption(cases);
  AddKeys(cases);
  AddSessions(cases);
  return cases;
}

void CheckEachAllocation(const Case &test, Failing failing) {
  SCOPED_TRACE(test.name);
  const std::string expected = Answer(test.prepare());
  int wrong = 0;
  // The first allocations each, of the many that large numbers need every few.
  constexpr long kEach = 60;
  constexpr long kStep = 83;
  for (long n = 1;; n += n < kEach ? 1 : kStep) {
    const Operation operation = test.prepare();
    bool fired = false;
    const std::string first = AnswerWithFailure(operation, n, failing, fired);
    const std::string second = Answer(operation);
    if (first != expected && first != kOutOfMemory) {
      ADD_FAILURE() << "allocation " << n << " failed: " << first << ", expected " << expected;
      ++wrong;
    }
    if (second != expected) {
      ADD_FAILURE() << "the call after allocation " << n << " failed: " << second << ", expected " << expected;
      ++wrong;
    }
    if (!fired || wrong > 5) break;
  }
}

TEST(Memory, OneFailedAllocationIsNoVerdict) {
  for (const Case &test : AllCases()) CheckEachAllocation(test, Failing::kOnce);
}

TEST(Memory, ThatStaysShortIsNoVerdict) {
  for (const Case &test : AllCases()) CheckEachAllocation(test, Failing::kFromThenOn);
}

// Whether an answer to a good question is right, or says truthfully that there is none. OpenSSL 3.0 notes a provider's
// algorithms as loaded also where keeping them failed, and then has none of them for as long as the process lives: an error
// each time (XX000) and not a verdict.
bool IsTruthful(const std::string &answer) { return answer.compare(0, 6, "answer") == 0 || answer == kMissingAlgorithm; }

// A fresh process each time, in which the core has fetched nothing yet. OpenSSL itself has started, as it has in a backend,
// whose postmaster drew random numbers: OpenSSL does not try to start again if that failed. Returns 0: right; 1: wrong; 2:
// there were no n allocations.
int RunCold(const std::string &name, long n) {
  (void)RandomBytes(1);
  for (const Case &test : AllCases()) {
    if (test.name != name) continue;
    bool fired = false;
    const Operation operation = test.prepare();
    const std::string first = AnswerWithFailure(operation, n, Failing::kOnce, fired);
    const std::string second = Answer(operation);
    if (!IsTruthful(first) && first != kOutOfMemory) {
      std::fprintf(stderr, "%s: allocation %ld failed: %s\n", name.c_str(), n, first.c_str());
      return 1;
    }
    if (!IsTruthful(second)) {
      std::fprintf(stderr, "%s: the call after allocation %ld failed: %s\n", name.c_str(), n, second.c_str());
      return 1;
    }
    return fired ? 0 : 2;
  }
  return 1;
}

TEST(Memory, AFailureAtTheFirstUseIsNotKept) {
  // A step that is no divisor of anything: each run looks at other allocations of those that a first use makes.
  constexpr long kStep = 37;
  for (const char *name : {"verify RFC 7515 A.1 HS256", "a secret", "a refresh token"}) {
    for (long n = 1;; n += n < 60 ? 1 : kStep) {
      const pid_t child = fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        execl("/proc/self/exe", "memory_tests", "--cold", name, std::to_string(n).c_str(), static_cast<char *>(nullptr));
        _exit(1);
      }
      int status = 0;
      ASSERT_EQ(waitpid(child, &status, 0), child);
      ASSERT_TRUE(WIFEXITED(status)) << name << " " << n;
      EXPECT_NE(WEXITSTATUS(status), 1) << name << " " << n;
      if (WEXITSTATUS(status) != 0) break;
    }
  }
}

}  // namespace

int RunColdCase(const char *name, const char *n) { return RunCold(name, std::stol(n)); }

}  // namespace jwt_auth::jose

int main(int argc, char **argv) {
  if (argc == 4 && std::strcmp(argv[1], "--cold") == 0) return jwt_auth::jose::RunColdCase(argv[2], argv[3]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
