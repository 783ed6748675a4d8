// What clients write around a session: refresh tokens, Authorization and X-Forwarded-For headers, addresses, cookies, ids.
#include <algorithm>

#include "fuzz.hpp"
#include "session/bearer.hpp"
#include "session/client_address.hpp"
#include "session/cookie.hpp"
#include "session/refresh_token.hpp"

using namespace jwt_auth;
using fuzz::Require;

namespace {

void AnyRefreshToken(std::string_view text) {
  const auto token = session::RefreshToken::Decode(text);
  if (!token) {
    Require(token.error().code == ErrorCode::kMalformed, "refusals are those documented");
    return;
  }
  Require(jose::AsText(token->Encode()) == text, "a refresh token has one spelling");
  const session::Nonce nonce{};
  const auto next = token->Successor(token->generation() + 1, nonce, "pepper");
  const auto again = token->Successor(token->generation() + 1, nonce, "pepper");
  Require(next.SecretHash() == again.SecretHash() && next.FamilyHash() == token->FamilyHash(), "a successor can be made again");
  Require(next.SecretHash() != token->SecretHash(), "a successor has a secret of its own");
  Require(!token->ProvesGeneration("a secret of 32 bytes of the server"), "nobody but the server proves a generation");
  Require(token->Successor(7, nonce, "pepper", "server").ProvesGeneration("server"), "the server does");
}

void MadeRefreshToken(fuzz::Input input) {
  session::SessionId id{};
  for (unsigned char &byte : id) byte = input.Byte();
  const bool is_imported = input.Choice(2) == 1;
  std::string random(session::kFreshSecretSize, 'r');
  for (char &c : random) c = static_cast<char>(c + input.Byte());
  const std::size_t where = input.Number();
  const unsigned char what = input.Byte();
  const auto token = is_imported ? session::RefreshToken::Imported(id, input.Rest()) : session::RefreshToken::First(id, random);
  const session::RefreshTokenHashes hashes = token.Hashes();
  Require(hashes.session_id == id && hashes.generation == 0 && hashes.family_hash != hashes.secret_hash,
          "a new token is the first");
  const std::string text(jose::AsText(token.Encode()));
  const auto again = session::RefreshToken::Decode(text);
  Require(again && again->SecretHash() == token.SecretHash(), "a refresh token comes back from its text");
  const std::string altered = fuzz::Altered(text, where, what);
  const auto other = session::RefreshToken::Decode(altered);
  if (altered == text || !other) return;
  const session::RefreshTokenHashes others = other->Hashes();
  Require(others.session_id != id || others.generation != 0 || others.family_hash != hashes.family_hash ||
              others.secret_hash != hashes.secret_hash,
          "another text is another token");
}

void AnyAuthorization(std::string_view header) {
  const auto token = session::BearerToken(header);
  if (!token || !*token) return;
  Require(!(*token)->empty() && (*token)->data() >= header.data() &&
              (*token)->data() + (*token)->size() <= header.data() + header.size(),
          "the token is a part of the header");
  Require((*token)->find_first_of(" \t\r\n,;\"\\") == std::string_view::npos, "the token is one token");
}

void AnyAddress(std::string_view text, int hops) {
  const session::Address client = session::ForwardedClient(text, hops);
  if (client.known()) {
    const auto again = session::ParseNetwork(session::FormatNetwork(session::NetworkOf(client, client.bits())));
    Require(again && session::SameAddress(again->address, client), "an address comes back from its text");
  }
  const auto network = session::ParseNetwork(text);
  if (!network) return;
  Require(network->prefix >= 0 && network->prefix <= network->address.bits(), "a prefix lies within its address");
  Require(session::Contains(*network, network->address), "a network holds its address");
  const auto again = session::ParseNetwork(session::FormatNetwork(*network));
  Require(again && again->prefix == network->prefix && session::SameAddress(again->address, network->address),
          "a network comes back from its text");
}

void AnyCookie(fuzz::Input input) {
  const std::size_t choices = input.Byte();
  session::Cookie cookie{};
  cookie.name = input.Text();
  cookie.path = input.Text();
  const std::string_view domain = input.Text();
  const std::string_view same_site = input.Text();
  const std::string_view value = input.Rest();
  if (choices & 1) cookie.domain = domain;
  if (choices & 2) cookie.value = value;
  cookie.same_site = (choices & 4) != 0 ? same_site : "Strict";
  const auto text = session::SetCookie(cookie);
  if (!text) {
    Require(text.error().code == ErrorCode::kInvalidArgument, "refusals are those documented");
    return;
  }
  Require(std::none_of(text->begin(), text->end(), [](char c) { return c < ' ' || c > '~'; }), "a cookie is printable ASCII");
  Require(std::count(text->begin(), text->end(), ';') == (cookie.domain ? 6 : 5), "no value ends its attribute");
  Require(text->find("; HttpOnly; Secure; SameSite=") != std::string::npos, "a cookie is HttpOnly and Secure");
}

}  // namespace

FUZZ_TARGET(input) {
  switch (input.Choice(5)) {
    case 0:
      return AnyRefreshToken(input.Rest());
    case 1:
      return AnyAuthorization(input.Rest());
    case 2: {
      const auto hops = static_cast<int>(input.Choice(4)) + 1;
      return AnyAddress(input.Rest(), hops);
    }
    case 3:
      return AnyCookie(input);
    default:
      return MadeRefreshToken(input);
  }
}
