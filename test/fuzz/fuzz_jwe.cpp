// Encrypted tokens: nothing decrypts but what was encrypted.
#include <vector>

#include "fuzz.hpp"
#include "jose/jwe/content_encryption.hpp"
#include "jose/jwe/jwe.hpp"

using namespace jwt_auth;
using fuzz::Require;

namespace {

constexpr std::string_view kPassword = "a password that nobody guesses";
constexpr std::size_t kMostRounds = 2000;

struct Encrypted {
  jose::KeySet keys;
  std::string token;
};

// The examples of the RFCs and of another implementation, each with its key.
const std::vector<Encrypted> &Examples() {
  static const std::vector<Encrypted> examples = [] {
    std::vector<Encrypted> all;
    for (const char *file : {"jwe.json", "jwe_jose.json"}) {
      const auto vectors = jose::LoadVectors(file);
      jose::ForEach(vectors.root(), [&](const jose::JsonValue &vector) {
        const auto key = vector.Find("key");
        all.push_back({fuzz::KeysOf(key ? jose::Text(*key) : jose::Member(vector, "password"), jose::KeyPurpose::kEncryption),
                       jose::Member(vector, "token")});
      });
    }
    return all;
  }();
  return examples;
}

// A key of each kind, as JWKs.
const std::vector<std::string> &Jwks() {
  static const std::vector<std::string> jwks = [] {
    std::vector<std::string> all;
    for (const std::size_t size : {16, 24, 32, 48, 64}) all.push_back(fuzz::OctJwk(size));
    for (const std::string_view source : {"jwe.json", "jwe_jose.json"}) {
      const auto vectors = jose::LoadVectors(std::string(source));
      std::string seen;
      jose::ForEach(vectors.root(), [&](const jose::JsonValue &vector) {
        const auto key = vector.Find("key");
        if (!key || jose::Member(*key, "kty") == "oct") return;
        const std::string kind = jose::Member(*key, "kty") + jose::Member(*key, "crv") + ";";
        if (seen.find(kind) != std::string::npos) return;
        seen += kind;
        all.push_back(jose::Text(*key));
      });
    }
    return all;
  }();
  return jwks;
}

// Each by itself, and a password.
const std::vector<jose::KeySet> &Keys() {
  static const std::vector<jose::KeySet> keys = [] {
    std::vector<jose::KeySet> all;
    for (const std::string &jwk : Jwks()) all.push_back(fuzz::KeysOf(jwk, jose::KeyPurpose::kEncryption));
    all.push_back(fuzz::KeysOf(kPassword, jose::KeyPurpose::kEncryption));
    return all;
  }();
  return keys;
}

const jose::KeySet &AllKeys() {
  static const jose::KeySet keys = [] {
    std::string set = R"({"keys":[)";
    for (const std::string &jwk : Jwks()) set += (set.back() == '[' ? "" : ",") + jwk;
    return fuzz::KeysOf(set + "]}", jose::KeyPurpose::kEncryption);
  }();
  return keys;
}

// Stretching a password is slow on purpose.
bool StretchesLong(const jose::JsonValue &header) {
  const auto rounds = header.Find("p2c");
  return rounds && rounds->is(jose::JsonType::kNumber) &&
         std::strtod(std::string(rounds->text()).c_str(), nullptr) > kMostRounds;
}

Result<std::string> Decrypted(std::string_view token, const jose::KeySet &keys) {
  auto parsed = jose::UnverifiedJwe::Parse(token);
  if (!parsed) {
    Require(fuzz::IsOneOf(parsed, {ErrorCode::kMalformed, ErrorCode::kTooLarge}), "refusals of a form are those documented");
    return parsed.error();
  }
  if (StretchesLong(parsed->header().root())) return Error{ErrorCode::kUndecryptable, nullptr};
  auto decrypted = jose::DecryptJwe(std::move(*parsed), keys, jose::JweAlgorithmSet::All(), jose::JweEncryptionSet::All());
  if (decrypted) return std::string(jose::AsText(decrypted->plaintext()));
  Require(fuzz::IsOneOf(decrypted, {ErrorCode::kNoSuchKey, ErrorCode::kAlgorithmNotAllowed, ErrorCode::kUnusableKey,
                                    ErrorCode::kMalformed, ErrorCode::kUndecryptable}),
          "refusals of a token are those documented");
  Require(decrypted.error().code != ErrorCode::kUndecryptable || decrypted.error().detail == nullptr,
          "why a token does not decrypt is nobody's business");
  return decrypted.error();
}

void AnyToken(fuzz::Input input) {
  const Encrypted &example = Examples()[input.Choice(Examples().size())];
  const std::string_view token = input.Rest();
  if (!Decrypted(token, example.keys)) return;
  bool known = false;
  for (const Encrypted &one : Examples()) known = known || one.token == token;
  Require(known, "no token decrypts that nobody encrypted");
}

// Any header and encrypted key before content that `dir` opens.
void AnyHeader(fuzz::Input input) {
  const jose::KeySet &keys = Keys()[input.Choice(Keys().size())];
  constexpr auto kEncryption = jose::JweEncryption::kA128Gcm;
  const std::string_view header = input.Text();
  const std::string_view encrypted_key = input.Text();
  const std::string_view plaintext = input.Rest();
  const std::string encoded = jose::EncodeBase64Url(header);
  const jose::KeySet &direct = Keys().front();
  const std::string iv(jose::InfoOf(kEncryption).iv_size, 'i');
  const auto sealed = jose::EncryptContent(kEncryption, jose::AsText(direct.keys.front().secret()), iv, encoded, plaintext);
  std::string token = encoded;
  for (const std::string_view part :
       {encrypted_key, std::string_view(iv), std::string_view(sealed.ciphertext), std::string_view(sealed.tag)}) {
    token += "." + jose::EncodeBase64Url(part);
  }
  const auto decrypted = Decrypted(token, keys);
  if (!decrypted) return;
  const auto document = jose::ParseJsonObject(header);
  Require(document && &keys == &direct, "nothing decrypts with a key that it is not for");
  const jose::JsonValue root = document->root();
  Require(jose::Member(root, "alg") == "dir" && jose::Member(root, "enc") == "A128GCM", "the key fixes the algorithm");
  Require(!root.Find("crit") && !root.Find("zip"), "crit and zip are refused");
  Require(encrypted_key.empty() && *decrypted == plaintext, "the plaintext is what was encrypted");
}

void AnyEncrypting(fuzz::Input input) {
  const jose::KeySet &keys = Keys()[input.Choice(Keys().size())];
  // One more than there are: what is not said is chosen by the key.
  const std::size_t algorithm = input.Choice(jose::kJweAlgorithmCount + 1);
  const std::size_t encryption = input.Choice(jose::kJweEncryptionCount + 1);
  const std::size_t where = input.Number();
  const unsigned char what = input.Byte();
  const std::string_view header = input.Text();
  const std::string_view plaintext = input.Rest();
  const bool is_named = algorithm < jose::kJweAlgorithmCount;
  const bool by_password =
      is_named && jose::InfoOf(static_cast<jose::JweAlgorithm>(algorithm)).family == jose::JweFamily::kPbes2;
  const auto extra = jose::ParseJson(header.empty() && by_password ? R"({"p2c":1000})" : header);
  if ((!header.empty() || by_password) && !extra) return;
  if (extra && (StretchesLong(extra->root()) || (by_password && !extra->root().Find("p2c")))) return;
  jose::JweOptions options;
  if (is_named) options.alg = jose::InfoOf(static_cast<jose::JweAlgorithm>(algorithm)).name;
  if (encryption < jose::kJweEncryptionCount) options.enc = jose::InfoOf(static_cast<jose::JweEncryption>(encryption)).name;
  if (extra) options.extra_header = &*extra;
  const auto token = jose::EncryptJwe(plaintext, keys, options);
  if (!token) {
    Require(fuzz::IsOneOf(token, {ErrorCode::kInvalidArgument, ErrorCode::kAlgorithmNotAllowed, ErrorCode::kUnusableKey}),
            "refusals to encrypt are those documented");
    return;
  }
  const auto decrypted = Decrypted(*token, keys);
  Require(decrypted && *decrypted == plaintext, "what is encrypted decrypts");
  // A set has no key for a `kid` that the caller gave to a key without one.
  const bool has_a_foreign_kid = extra && extra->root().Find("kid") && !keys.keys.front().kid();
  if (!by_password && !has_a_foreign_kid) {
    const auto by_one_of_all = Decrypted(*token, AllKeys());
    Require(by_one_of_all && *by_one_of_all == plaintext, "and with its key among others");
  }
  const std::string altered = fuzz::Altered(*token, where, what);
  Require(altered == *token || !Decrypted(altered, keys), "an altered token does not decrypt");
}

}  // namespace

FUZZ_TARGET(input) {
  switch (input.Choice(3)) {
    case 0:
      return AnyToken(input);
    case 1:
      return AnyHeader(input);
    default:
      return AnyEncrypting(input);
  }
}
