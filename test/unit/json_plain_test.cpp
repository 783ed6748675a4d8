#include "jose/json/json_plain.hpp"

#include <random>

#include "support.hpp"

namespace jwt_auth::jose {
namespace {

// What the full parser makes of the text: an escape in front of it keeps it from the short way.
std::string InFull(const std::string &text) {
  const auto document = ParseJson(R"(["\u0041",)" + text + "]");
  if (!document || document->root().size() != 2) return "refused";
  std::string last;
  ForEach(document->root(), [&last](const JsonValue &value) { last = Text(value); });
  return last;
}

TEST(PlainJson, ReadsWhatTokensHold) {
  for (const char *text :
       {R"({"alg":"HS256","typ":"JWT"})", R"({"sub":"a","exp":4102444800,"aud":["x","y"],"app":{"roles":["r"],"on":true}})",
        "{}", "[]", "null", "true", "false", "0", "-7", "123456789012345678", R"("")", " { \"a\" : [ 1 , { } ] }\n"}) {
    const auto plain = PlainJson::Read(text);
    ASSERT_TRUE(plain) << text;
    EXPECT_EQ(Text(plain->root()), InFull(text)) << text;
  }
}

TEST(PlainJson, LeavesTheRestToTheFullParser) {
  for (const char *text : {"",
                           " ",
                           "{",
                           "}",
                           "[1,]",
                           "[,1]",
                           R"({"a":1,})",
                           R"({"a" 1})",
                           R"({1:1})",
                           R"({"a":1 "b":2})",
                           "01",
                           "-",
                           "-0",
                           "00",
                           "1.5",
                           "1e3",
                           "1234567890123456789",
                           "+1",
                           "tru",
                           "nulls",
                           "truefalse",
                           "[1 2]",
                           R"("a)",
                           R"("\n")",
                           "\"\x01\"",
                           "\"\xC3\xA9\"",
                           R"({"a":1,"a":2})",
                           R"({"x":{"b":1,"b":1}})",
                           "1 2",
                           "[[[[[[[[[1]]]]]]]]]",
                           "\xEF\xBB\xBF{}",
                           "nan",
                           "'a'",
                           "[1]//"}) {
    EXPECT_FALSE(PlainJson::Read(text)) << text;
  }
  EXPECT_FALSE(PlainJson::Read(std::string_view("{}\0", 3)));
  EXPECT_FALSE(PlainJson::Read(std::string_view("\"a\0b\"", 5)));
}

// Whatever it accepts, the full parser accepts and reads alike.
TEST(PlainJson, NeverDiffersFromTheFullParser) {
  const std::vector<std::string> seeds = {
      R"({"iss":"https://auth.example.com","sub":"u1","aud":["a","b"],"exp":4102444800,"iat":-12,"on":true,"off":false,"no":null})",
      R"([1,[2,[3,{"a":{"b":{"c":[]}}}]],"x"])", R"({"a":1,"b":2,"ab":3,"ba":[{},{"a":0}]})", R"( [ true , null , "" , 0 ] )"};
  const std::string alphabet = "{}[]\",:0123456789-+.eE \n\t\\/abtrufalsn\x7f\x1f\xc3";
  std::mt19937 random(7);
  int accepted = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string text = seeds[random() % seeds.size()];
    for (auto changes = random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      const char c = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.insert(at, 1, c);
          break;
        default:
          text.erase(at, 1);
      }
    }
    const auto plain = PlainJson::Read(text);
    if (!plain) continue;
    ++accepted;
    ASSERT_EQ(Text(plain->root()), InFull(text)) << text;
  }
  EXPECT_GT(accepted, 20000);
}

}  // namespace
}  // namespace jwt_auth::jose
