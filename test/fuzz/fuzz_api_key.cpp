// What clients write where an API key or a scope is expected.
#include <algorithm>

#include "fuzz.hpp"
#include "session/api_key.hpp"

using namespace jwt_auth;
using fuzz::Require;

namespace {

void AnyApiKey(std::string_view text) {
  const auto key = session::ApiKey::Decode(text);
  if (!key) {
    Require(key.error().code == ErrorCode::kMalformed, "refusals are those documented");
    return;
  }
  Require(session::LooksLikeApiKey(text), "an API key has the prefix");
  Require(jose::AsText(key->Encode()) == text, "an API key has one spelling");
}

void MadeApiKey(fuzz::Input input) {
  session::ApiKeyId id;
  for (unsigned char &byte : id) byte = input.Byte();
  std::string secret;
  for (std::size_t i = 0; i < session::kApiKeySecretSize; ++i) secret.push_back(static_cast<char>(input.Byte()));
  const session::ApiKey key = session::ApiKey::Make(id, secret);
  const std::string text(jose::AsText(key.Encode()));
  const auto again = session::ApiKey::Decode(text);
  Require(again && again->id() == id && again->SecretHash() == session::HashOf(secret), "an API key comes back from its text");
  const std::size_t where = input.Number();
  const std::string altered = fuzz::Altered(text, where, input.Byte());
  Require(altered == text || !session::ApiKey::Decode(altered), "one other character makes it no API key");
}

void AnyScope(fuzz::Input input) {
  const std::string_view wanted = input.Text();
  const std::string_view scope = input.Rest();
  const bool held = session::HasScope(scope, wanted);
  Require(!held || scope.find(wanted) != std::string_view::npos, "a scope that is held is in the text");
  if (!session::IsScopeToken(wanted)) return;
  Require(wanted.find(' ') == std::string_view::npos, "a scope token has no space");
  Require(session::HasScope(std::string(scope) + " " + std::string(wanted), wanted), "a scope that is added is held");
}

}  // namespace

FUZZ_TARGET(input) {
  switch (input.Choice(3)) {
    case 0:
      return AnyApiKey(input.Rest());
    case 1:
      return MadeApiKey(input);
    default:
      return AnyScope(input);
  }
}
