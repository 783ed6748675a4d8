// Writes a seed corpus for each fuzz target, made from test/vectors: make_seeds DIRECTORY, which has a directory per target.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <vector>

#include "jose/crypto/openssl.hpp"
#include "jose/json/base64url.hpp"
#include "jose/keys/jwk.hpp"
#include "session/api_key.hpp"
#include "session/refresh_token.hpp"
#include "vectors.hpp"

using namespace jwt_auth;

namespace {

class Seeds {
 public:
  explicit Seeds(std::string directory) : directory_(std::move(directory)) {}
  void Add(const std::string &target, std::string_view text) {
    std::ofstream file(directory_ + "/" + target + "/" + std::to_string(count_[target]++), std::ios::binary);
    file << text;
    if (!file.flush()) throw std::runtime_error("cannot write a seed of " + target);
  }

 private:
  std::string directory_;
  std::map<std::string, int> count_;
};

// The choices at the start of an input, then its texts, each ended by a NUL byte but for the last.
std::string Chosen(std::initializer_list<int> choices, std::initializer_list<std::string_view> texts) {
  std::string out;
  for (const int choice : choices) out += static_cast<char>(choice);
  for (const std::string_view text : texts) out.append(text).append(1, '\0');
  out.pop_back();
  return out;
}

std::string HeaderOf(const std::string &token) { return *jose::DecodeBase64Url(token.substr(0, token.find('.'))); }

void AddTexts(Seeds &seeds, const std::string &token) {
  seeds.Add("base64url", token.substr(0, token.find('.')));
  seeds.Add("json", HeaderOf(token));
}

void AddSigned(Seeds &seeds) {
  const auto vectors = jose::LoadVectors("jws.json");
  int index = 0;
  jose::ForEach(vectors.root(), [&](const jose::JsonValue &vector) {
    const std::string token = jose::Member(vector, "token");
    AddTexts(seeds, token);
    seeds.Add("jws", Chosen({0, index}, {token}));
    seeds.Add("jws", Chosen({1}, {HeaderOf(token), "payload"}));
    for (int algorithm = 0; algorithm < 8; ++algorithm) {
      seeds.Add("jws", Chosen({2, index, algorithm, 0, 5, 'x'}, {R"({"cty":"text","x":[1]})", "payload"}));
    }
    ++index;
  });
  for (const char *header :
       {R"({"alg":"HS256","kid":"k","typ":"JWT"})", R"({"alg":"none"})", R"({"alg":"HS256","crit":["exp"]})",
        R"({"alg":"HS256","b64":false})", R"({"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}})"}) {
    seeds.Add("jws", Chosen({1}, {header, "payload"}));
  }
}

void AddEncrypted(Seeds &seeds) {
  int index = 0;
  for (const char *file : {"jwe.json", "jwe_jose.json"}) {
    const auto vectors = jose::LoadVectors(file);
    jose::ForEach(vectors.root(), [&](const jose::JsonValue &vector) {
      const std::string token = jose::Member(vector, "token");
      AddTexts(seeds, token);
      seeds.Add("jwe", Chosen({0, index}, {token}));
      seeds.Add("jwe", Chosen({1, index % 16}, {HeaderOf(token), "wrapped key", "plaintext"}));
      ++index;
    });
  }
  seeds.Add("jwe", Chosen({1, 0}, {R"({"alg":"dir","enc":"A128GCM"})", "", "plaintext"}));
  seeds.Add("jwe", Chosen({1, 0}, {R"({"alg":"dir","enc":"A128GCM","zip":"DEF"})", "", "plaintext"}));
  for (int key = 0; key < 12; ++key) {
    for (int algorithm = 0; algorithm < jose::kJweAlgorithmCount; ++algorithm) {
      seeds.Add("jwe", Chosen({2, key, algorithm, algorithm % 6, 0, 9, 'x'}, {"", "plaintext"}));
    }
  }
  seeds.Add("jwe", Chosen({2, 8, 9, 5, 0, 9, 'x'}, {R"({"apu":"QWxpY2U","apv":"Qm9i","x":1})", "plaintext"}));
  seeds.Add("jwe", Chosen({2, 5, 13, 0, 0, 9, 'x'}, {R"({"p2c":1000})", "plaintext"}));
}

// The bytes in the armour of a PEM text of one block.
std::string DerOf(std::string_view pem) {
  std::string base64(pem.substr(pem.find('\n') + 1));
  base64.resize(base64.find("-----"));
  base64.erase(std::remove(base64.begin(), base64.end(), '\n'), base64.end());
  std::string der(base64.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char *>(der.data()),
                                   reinterpret_cast<const unsigned char *>(base64.data()), static_cast<int>(base64.size()));
  der.resize(static_cast<std::size_t>(size) - static_cast<std::size_t>(std::count(base64.begin(), base64.end(), '=')));
  return der;
}

void AddKey(Seeds &seeds, std::string_view jwk) {
  seeds.Add("jwk", jwk);
  seeds.Add("json", jwk);
  for (int choice = 0; choice < 8; ++choice) {
    if (choice != 3) seeds.Add("keys", Chosen({choice}, {jwk}));
  }
  const auto document = jose::ParseJsonObject(jwk);
  const auto pem = jose::JwkToPem(document->root());
  if (!pem) return;
  seeds.Add("keys", Chosen({0}, {jose::AsText(*pem)}));
  seeds.Add("pem", Chosen({0}, {jose::AsText(*pem)}));
  seeds.Add("pem", Chosen({1}, {jose::AsText(*pem)}));
  const bool is_private = document->root().Find("d").has_value();
  seeds.Add("keys", Chosen({3, is_private ? 1 : 0}, {DerOf(jose::AsText(*pem))}));
}

void AddKeys(Seeds &seeds) {
  std::string set = R"({"keys":[)";
  const auto vectors = jose::LoadVectors("keys.json");
  jose::ForEach(vectors.root(), [&](const jose::JsonValue &vector) {
    const std::string jwk = jose::Text(*vector.Find("key"));
    AddKey(seeds, jwk);
    set += set.back() == '[' ? jwk : "," + jwk;
    seeds.Add("keys", Chosen({0}, {R"({"keys":[)" + jwk + "]}"}));
  });
  seeds.Add("keys", Chosen({0}, {set + "]}"}));
  for (const char *curve : {"P-256", "P-384", "P-521", "X25519", "X448"}) {
    jose::GenerateOptions options;
    options.algorithm = "ECDH-ES";
    options.curve = curve;
    AddKey(seeds, jose::AsText(*jose::GenerateJwk(options)));
  }
  for (const char *algorithm : {"HS384", "ES256K", "Ed25519", "Ed448", "A256GCM", "A128KW", "PBES2-HS256+A128KW"}) {
    jose::GenerateOptions options;
    options.algorithm = algorithm;
    AddKey(seeds, jose::AsText(*jose::GenerateJwk(options)));
  }
  for (const char *text : {"a raw secret of more than thirty-two bytes", "ssh-rsa AAAAB3NzaC1yc2E",
                           "\xEF\xBB\xBF{\"kty\":\"oct\"}", " -----BEGIN PUBLIC KEY-----"}) {
    for (const int choice : {0, 4, 5, 7}) seeds.Add("keys", Chosen({choice}, {text}));
  }
}

std::string TextOf(BIO *out) {
  char *text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string CertificateOf(EVP_PKEY *key) {
  static const jose::OpenSslPtr<EVP_PKEY> issuer(EVP_EC_gen("P-256"));
  const jose::OpenSslPtr<X509> certificate(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key);
  if (X509_sign(certificate.get(), issuer.get(), EVP_sha256()) == 0) throw std::runtime_error("cannot sign a certificate");
  const jose::OpenSslPtr<BIO> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), certificate.get());
  return TextOf(out.get());
}

// Certificates, keys for RSASSA-PSS alone, several blocks in one text.
void AddPemOfKinds(Seeds &seeds) {
  std::string blocks;
  for (const char *hash : {"", "SHA256", "SHA384"}) {
    const jose::OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr));
    EVP_PKEY_keygen_init(context.get());
    if (*hash != '\0') {
      EVP_PKEY_CTX_set_rsa_pss_keygen_md_name(context.get(), hash, nullptr);
      EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md_name(context.get(), hash);
      EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(context.get(), hash[3] == '2' ? 32 : 64);
    }
    EVP_PKEY *made = nullptr;
    if (EVP_PKEY_generate(context.get(), &made) != 1) throw std::runtime_error("cannot make a key");
    const jose::OpenSslPtr<EVP_PKEY> key(made);
    const jose::OpenSslPtr<BIO> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PUBKEY(out.get(), key.get());
    const std::string certificate = CertificateOf(key.get());
    for (const std::string &pem : {TextOf(out.get()), certificate, TextOf(out.get()) + certificate, certificate + blocks}) {
      seeds.Add("keys", Chosen({0}, {pem}));
      seeds.Add("pem", Chosen({0}, {pem}));
    }
    blocks += certificate;
  }
  seeds.Add("keys", Chosen({0}, {blocks}));
}

// What a JWK may say of its use, and where its certificates are.
void AddUses(Seeds &seeds) {
  for (const char *members :
       {R"("key_ops":["sign","verify"])", R"("key_ops":["encrypt","decrypt","wrapKey","unwrapKey"])",
        R"("key_ops":["sign","sign"])", R"("use":"sig","key_ops":["verify"])", R"("use":"enc","key_ops":["sign"])",
        R"("key_ops":[1])", R"("key_ops":["deriveKey","deriveBits","x"],"x5u":"https://a.example","x5t":"AA","x5c":["MII"])"}) {
    const std::string oct = R"({"kty":"oct","k":")" + std::string(43, 'A') + R"(",)" + members + "}";
    seeds.Add("jwk", oct);
    for (int choice = 0; choice < 8; ++choice) {
      if (choice != 3) seeds.Add("keys", Chosen({choice}, {oct}));
    }
    for (const char *algorithm : {"ES256", "ECDH-ES", "RSA-OAEP"}) {
      jose::GenerateOptions options;
      options.algorithm = algorithm;
      std::string jwk(jose::AsText(*jose::GenerateJwk(options)));
      if (const std::size_t use = jwk.find(R"("use":)"); use != std::string::npos) jwk.replace(use, 5, R"("us_")");
      jwk.replace(jwk.size() - 1, 1, std::string(",") + members + "}");
      seeds.Add("jwk", jwk);
      for (const int choice : {0, 2, 8}) seeds.Add("keys", Chosen({choice}, {jwk}));
    }
  }
  // Two keys of one name: the same, another, and ones for different algorithms.
  const std::string first = R"({"kty":"oct","kid":"k","alg":"HS256","k":")" + std::string(43, 'A') + R"("})";
  const std::string other = R"({"kty":"oct","kid":"k","alg":"HS256","k":")" + std::string(43, 'B') + R"("})";
  const std::string longer = R"({"kty":"oct","kid":"k","alg":"HS384","k":")" + std::string(64, 'A') + R"("})";
  for (const std::string &second : {first, other, longer}) {
    const std::string set = R"({"keys":[)" + first + "," + second + "]}";
    for (const int choice : {0, 1, 4, 8}) seeds.Add("keys", Chosen({choice}, {set}));
  }
  for (const char *header : {R"({"x5c":["MII"],"x5t":"AA","jku":"https://a.example"})", R"({"x5c":[1]})", R"({"alg":"HS256"})",
                             R"({"typ":1,"cty":2})", R"({"enc":"A128GCM"})", R"({"p2c":7})"}) {
    seeds.Add("jws", Chosen({2, 0, 1, 0, 5, 'x'}, {header, "payload"}));
    seeds.Add("jwe", Chosen({2, 0, 0, 0, 0, 9, 'x'}, {header, "plaintext"}));
  }
  for (const char *payload : {R"({"sub":"ann","exp":2})", "[]", R"({"exp":"x"})", "{", R"({"aud":"me","exp":2,"iss":"joe"})"}) {
    for (const char *header :
         {R"({"alg":"HS256"})", R"({"alg":"HS256","typ":"at+jwt","kid":"b"})", R"({"alg":"HS256","kid":"z"})"}) {
      for (int rule = 0; rule < 6; ++rule) seeds.Add("jws", Chosen({3, rule, rule % 2, 1}, {header, "joe", payload}));
    }
  }
}

// Keys of kty AKP, whether they can be used here or not, and sets as issuers publish them.
void AddSets(Seeds &seeds) {
  std::string set = R"({"keys":[{"kty":"new","kid":"a"},7)";
  const auto vectors = jose::LoadVectors("ml_dsa.json");
  jose::ForEach(vectors.root(), [&](const jose::JsonValue &vector) {
    const std::string jwk = jose::Text(*vector.Find("key"));
    seeds.Add("jwk", jwk);
    for (const int choice : {0, 2, 8}) seeds.Add("keys", Chosen({choice}, {jwk}));
    // The public key as DER: what is in front of its bytes, then these.
    const std::string pub = *jose::DecodeBase64Url(jose::Member(*vector.Find("key"), "pub"));
    seeds.Add("keys",
              Chosen({3, 0},
                     {std::string("\x30\x82\x05\x32\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x11\x03\x82\x05\x21", 21) +
                      std::string(1, '\0') + pub}));
    set += "," + jwk;
  });
  jose::GenerateOptions options;
  options.algorithm = "ES256";
  options.kid = "T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o";  // that of the first one
  const auto jwk = jose::GenerateJwk(options);
  set += "," + *jose::PublicJwk(jose::ParseJsonObject(jose::AsText(*jwk))->root()) + R"(],"spiffe_sequence":1})";
  for (const std::string &text :
       {set, std::string(R"({"keys":[{"kty":"oct","kid":"h","use":"jwt-svid","k":")") + std::string(43, 'A') + R"("}]})"}) {
    seeds.Add("jwk", text);
    for (const int choice : {0, 1, 8}) seeds.Add("keys", Chosen({choice}, {text}));
  }
}

void AddClaims(Seeds &seeds) {
  for (const char *claims :
       {R"({"iss":"joe","sub":"u","aud":"me","exp":1300819380,"nbf":1300819000,"iat":1300819000.25,"jti":"x"})",
        R"({"iss":"joe","aud":["me","you"],"exp":1.3e9})", R"({"exp":"1"})", R"({"exp":null})", R"({"exp":1e400})",
        R"({"exp":-9223372036854.775808})", R"({"aud":[1]})", R"({"aud":{}})", R"({"a":{"exp":"nested"}})", "[]"}) {
    for (int choices = 0; choices < 16; choices += 5) {
      seeds.Add("claims", Chosen({choices, 1, 0, 80, 0}, {"joe", "me", claims}));
    }
    // Several audiences; nbf and iat that may lie ahead; exp that has to be there.
    for (const int choices : {16, 32, 64, 112}) seeds.Add("claims", Chosen({choices, 1, 0, 80, 0}, {"joe", "you,me", claims}));
    seeds.Add("json", claims);
  }
  for (const char *text :
       {R"(["\u00e9\ud83d\ude00\n\/",1.50,-0,1E+2,true,false,null,{}])", R"("\ud800")", R"("\u0000")", R"({"a":1,"a":2})",
        R"("\b\f\r\t\"\\\u001f")", "\"\xC0\xAF\"", "[[[[[[[[[[[]]]]]]]]]]]", "123456789012345678901234567890", "1e400"}) {
    seeds.Add("json", text);
  }
}

void AddSessions(Seeds &seeds) {
  const session::SessionId id{};
  const auto token = session::RefreshToken::First(id, std::string(session::kFreshSecretSize, 's'));
  seeds.Add("session", Chosen({0}, {jose::AsText(token.Encode())}));
  for (const char *header : {"Bearer abc.def.ghi", "bearer \t x", "Basic dTpw", ""})
    seeds.Add("session", Chosen({1}, {header}));
  for (const char *header : {"192.0.2.1", "203.0.113.9, [2001:db8::1]:443", "::ffff:192.0.2.1", "192.0.2.0/24", "2001:db8::/32",
                             "::ffff:192.0.2.0/120", "192.0.2.1:443, 10.0.0.1"}) {
    seeds.Add("session", Chosen({2, 0}, {header}));
    seeds.Add("session", Chosen({2, 1}, {header}));
  }
  seeds.Add("session", Chosen({4}, {std::string(80, 'i')}));
  seeds.Add("session", Chosen({4}, {std::string(16, 'i') + '\1' + std::string(80, 'i')}));
  seeds.Add("session", Chosen({3, 7}, {"refresh_token", "/auth", "example.com", "lax", "value"}));
  seeds.Add("session", Chosen({3, 6}, {"__Host-refresh", "/", "", "None", "value"}));
  const auto key = session::ApiKey::Make(id, std::string(session::kApiKeySecretSize, 's'));
  seeds.Add("api_key", Chosen({0}, {jose::AsText(key.Encode())}));
  seeds.Add("api_key", Chosen({1}, {std::string(52, 'k')}));
  seeds.Add("api_key", Chosen({2}, {"orders:read", "orders:read orders:write"}));
}

void AddProofs(Seeds &seeds) {
  const auto vectors = jose::LoadVectors("dpop.json");
  jose::ForEach(vectors.root(), [&](const jose::JsonValue &vector) {
    const std::string proof = jose::Member(vector, "proof");
    const std::size_t first = proof.find('.');
    const std::string claims = *jose::DecodeBase64Url(proof.substr(first + 1, proof.rfind('.') - first - 1));
    seeds.Add("proof", Chosen({1}, {proof}));
    seeds.Add("proof",
              Chosen({2}, {jose::Member(vector, "method"), jose::Member(vector, "url"), R"("typ":"dpop+jwt")", claims}));
  });
  for (const char *url : {"https://a.example:443/b/../%7ec?d#e", "HTTP://[2001:db8::1]:80", "https://u@a.example/", "/b"}) {
    seeds.Add("proof", Chosen({0}, {url}));
  }
  for (const int with_key : {0, 1}) {
    seeds.Add("proof", Chosen({3, with_key}, {R"("typ":"dbsc+jwt")", R"({"jti":"challenge"})"}));
    seeds.Add("proof", Chosen({3, with_key}, {R"("typ":"dbsc+jwt")", R"({"jti":"c","key":{"kty":"EC"}})"}));
  }
}

void AddRulesAndNames(Seeds &seeds) {
  // Three patterns of choices and times for each of the rules.
  for (int rule = 0; rule < 6; ++rule) {
    for (const int step : {1, 3, 7}) {
      std::string input(1, static_cast<char>(rule));
      for (int i = 0; i < 240; ++i) input += static_cast<char>(i * step);
      seeds.Add("rules", input);
    }
  }
  for (const char *name : {"login", "app.export", "evict_oldest", "subnet", "exact", "remembered"})
    seeds.Add("names", Chosen({0}, {name}));
  for (int index = 0; index < 64; ++index) seeds.Add("names", Chosen({1, index}, {""}));
  const auto key = session::ApiKey::Make({}, std::string(session::kApiKeySecretSize, 's'));
  const std::string token =
      jose::EncodeBase64Url(R"({"alg":"HS256"})") + "." + jose::EncodeBase64Url(R"({"sub":"ann"})") + ".AA";
  for (const std::string &text :
       {std::string("11111111-1111-8111-8111-111111111111"), std::string("42"), std::string("-9223372036854775808"),
        std::string("ann  "), std::string("1..2, 5 .. 2147483647"), token, std::string(jose::AsText(key.Encode()))})
    seeds.Add("names", Chosen({2}, {text}));
  seeds.Add("names", Chosen({3}, {std::string(16, 'i')}));
  for (const char *purpose : {"reset-password", "at", "JWT"})
    for (const char *type : {"at+jwt", "application/at+JWT", "reset-password+jwt", "jwt", "a/b"})
      seeds.Add("names", Chosen({4}, {purpose, type}));
}

}  // namespace

int main(int argc, char **argv) try {
  if (argc != 2) throw std::runtime_error("usage: make_seeds DIRECTORY");
  Seeds seeds(argv[1]);
  AddSigned(seeds);
  AddEncrypted(seeds);
  AddKeys(seeds);
  AddSets(seeds);
  AddClaims(seeds);
  AddSessions(seeds);
  AddProofs(seeds);
  AddRulesAndNames(seeds);
  AddPemOfKinds(seeds);
  AddUses(seeds);
  return 0;
} catch (const std::exception &e) {
  std::cerr << e.what() << "\n";
  return 1;
}
