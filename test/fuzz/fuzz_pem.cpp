// PEM texts as they arrive, and base64 that hides a key.
#include "fuzz.hpp"
#include "jose/json/base64url.hpp"
#include "jose/keys/foreign_key.hpp"
#include "jose/keys/jwk.hpp"
#include "jose/keys/pem_text.hpp"

using namespace jwt_auth;
using fuzz::Require;

namespace {

std::string Replaced(std::string_view text, char what, std::string_view by) {
  std::string out;
  for (const char c : text) c == what ? out.append(by) : out.append(1, c);
  return out;
}

void RequireSameBlocks(const std::vector<jose::PemBlock> &blocks, const std::string &text) {
  const auto again = jose::ReadPem(text);
  Require(again && again->size() == blocks.size(), "line ends and blanks do not matter");
  for (std::size_t i = 0; i < blocks.size(); ++i)
    Require((*again)[i].label == blocks[i].label && (*again)[i].der == blocks[i].der, "line ends and blanks do not matter");
}

void AnyPem(std::string_view text) {
  const auto blocks = jose::ReadPem(text);
  if (!blocks) {
    Require(fuzz::IsOneOf(blocks, {ErrorCode::kUnusableKey, ErrorCode::kTooLarge}), "refusals of PEM are those documented");
    Require(blocks.error().code == ErrorCode::kTooLarge || blocks.error().hint != nullptr, "each refusal has a hint");
    return;
  }
  Require(!blocks->empty() && blocks->size() <= 64, "there is a block, and not too many");
  if (text.size() < jose::kMaxPemSize / 4) {
    RequireSameBlocks(*blocks, Replaced(text, '\n', "\r\n"));
    // A blank behind the first word of a boundary makes it one.
    if (text.find("-----BEGIN\n") == std::string_view::npos && text.find("-----END\n") == std::string_view::npos)
      RequireSameBlocks(*blocks, Replaced(text, '\n', " \n\n\t"));
    RequireSameBlocks(*blocks, std::string(text) + "\nand then other text\n");
  }
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (text[first] == '{') return;  // a JWK that holds PEM
  if (const auto keys = jose::ParseKeys(text))
    Require(keys->keys.size() == 1 && keys->keys.front().type() != jose::KeyType::kOct, "PEM is one key and no secret");
}

void AnyBase64(std::string_view text) {
  for (const std::string &hidden : {"-----BEGIN " + std::string(text), "{\"kty\":" + std::string(text)}) {
    const std::string once = jose::EncodeBase64Url(hidden);
    Require(jose::ForeignKeyIn(once).has_value(), "base64 of a key is no secret");
    Require(jose::ForeignKeyIn(jose::EncodeBase64Url(once)).has_value(), "nor is base64 of that");
  }
}

}  // namespace

FUZZ_TARGET(input) {
  if (input.Choice(2) == 0) return AnyPem(input.Rest());
  AnyBase64(input.Rest());
}
