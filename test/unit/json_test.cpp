#include "jose/json/json.hpp"

#include "support.hpp"

namespace jwt_auth::jose {
namespace {

std::string RoundTrip(std::string_view text) {
  const auto document = ParseJson(text);
  return document ? Text(document->root()) : std::string(document.error().detail);
}

TEST(Json, KeepsTheDigitsOfNumbers) {
  for (const char *text :
       {"0", "-1", "12345678901234567890123456789012345678901234567890", "1.10", "1.0", "1e400", "1E+5", "0.1e-7", "-0.0",
        "9007199254740993", "18446744073709551616", "-9223372036854775809", "3.141592653589793238462643383279502884197"}) {
    EXPECT_EQ(RoundTrip(text), text);
  }
}

TEST(Json, KeepsUnicodeAndEscapes) {
  EXPECT_EQ(RoundTrip(R"("\ud83d\ude00 \u00e9 \/ \"\\ \u0001\n\t\b\f\r")"),
            "\"\U0001F600 \u00e9 / \\\"\\\\ \\u0001\\n\\t\\b\\f\\r\"");
  EXPECT_EQ(RoundTrip("\"\u007f\u2028\uffff\""), "\"\u007f\u2028\uffff\"");
}

TEST(Json, NumbersThatNumericCanNotHoldAreRefused) {
  const std::string many(131072, '9');
  EXPECT_ACCEPTED(ParseJson(many));
  EXPECT_REFUSED(ParseJson(many + "9"), kMalformed);
  EXPECT_ACCEPTED(ParseJson("0." + std::string(16382, '0') + "1"));
  EXPECT_REFUSED(ParseJson("0." + std::string(16383, '0') + "1"), kMalformed);
  EXPECT_ACCEPTED(ParseJson("1e131071"));
  EXPECT_REFUSED(ParseJson("1e131072"), kMalformed);
  EXPECT_REFUSED(ParseJson("10e131071"), kMalformed);
  EXPECT_ACCEPTED(ParseJson("0.01e131073"));
  EXPECT_REFUSED(ParseJson("0.01e131074"), kMalformed);
  EXPECT_ACCEPTED(ParseJson("1e-16383"));
  EXPECT_REFUSED(ParseJson("1e-16384"), kMalformed);
  EXPECT_REFUSED(ParseJson("0e-16384"), kMalformed);
  EXPECT_REFUSED(ParseJson("1.5e-16383"), kMalformed);
  EXPECT_ACCEPTED(ParseJson("0e999999"));
  EXPECT_REFUSED(ParseJson("0e1073741823"), kMalformed);
  EXPECT_REFUSED(ParseJson("1e99999999999999999999999"), kMalformed);
  EXPECT_REFUSED(ParseJson("1e-99999999999999999999999"), kMalformed);
}

TEST(Json, WhatIsNoNumberIsRefused) {
  for (const char *text : {"01", "+1", "1.", ".5", "1e", "1e+", "NaN", "Infinity", "-Infinity", "0x10", "--1", "1_000"}) {
    EXPECT_REFUSED(ParseJson(text), kMalformed) << text;
  }
}

TEST(Json, DuplicateNamesAreRefusedAtAnyLevel) {
  EXPECT_REFUSED(ParseJson(R"({"a":1,"a":1})"), kMalformed);
  EXPECT_REFUSED(ParseJson(R"({"a":1,"\u0061":2})"), kMalformed);
  EXPECT_REFUSED(ParseJson(R"({"x":[{"a":1,"b":2,"a":3}]})"), kMalformed);
  EXPECT_REFUSED(ParseJson(R"({"":1,"":2})"), kMalformed);
  EXPECT_ACCEPTED(ParseJson(R"({"a":{"a":{"a":1}},"b":{"a":1}})"));
}

TEST(Json, DuplicatesAreFoundAmongManyNames) {
  for (const int count : {12, 13, 14, 1000}) {
    std::string object = "{";
    for (int i = 0; i < count; ++i) object += "\"n" + std::to_string(i * 7919 % 100003) + "\":" + std::to_string(i) + ",";
    EXPECT_ACCEPTED(ParseJson(object + "\"last\":0}"));
    EXPECT_REFUSED(ParseJson(object + "\"n7919\":0}"), kMalformed);
  }
}

TEST(Json, DepthIsBounded) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_ACCEPTED(ParseJson(nested(100)));
  EXPECT_REFUSED(ParseJson(nested(101)), kTooLarge);
  EXPECT_REFUSED(ParseJson(nested(100000)), kTooLarge);
  EXPECT_REFUSED(ParseJson(std::string(100000, '[')), kTooLarge);
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  EXPECT_REFUSED(ParseJson(objects), kTooLarge);
}

TEST(Json, WhatJsonbCanNotHoldIsRefused) {
  EXPECT_REFUSED(ParseJson(R"({"a":"\u0000"})"), kMalformed);
  EXPECT_REFUSED(ParseJson(R"({"\u0000":1})"), kMalformed);
  EXPECT_REFUSED(ParseJson(R"("x\u0000y")"), kMalformed);
  EXPECT_REFUSED(ParseJson(R"("\ud800")"), kMalformed);
  EXPECT_REFUSED(ParseJson(R"("\udc00")"), kMalformed);
  EXPECT_REFUSED(ParseJson(R"("\ud800x")"), kMalformed);
  EXPECT_REFUSED(ParseJson(R"("\ud800\ud800")"), kMalformed);
  EXPECT_REFUSED(ParseJson(R"("\ude00\ud83d")"), kMalformed);
}

TEST(Json, InvalidUtf8IsRefused) {
  for (const char *bytes : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80",
                            "\xff", "\xfe", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_REFUSED(ParseJson("\"" + std::string(bytes) + "\""), kMalformed);
    EXPECT_REFUSED(ParseJson("{\"" + std::string(bytes) + "\":1}"), kMalformed);
  }
}

TEST(Json, NothingMayStandAround) {
  for (const char *text : {"",       " ",       "{} {}",          "{},",
                           "{}x",    "nul",     "[1,]",           "{\"a\":1,}",
                           "{a:1}",  "{'a':1}", "\xEF\xBB\xBF{}", "{}\xEF\xBB\xBF",
                           "/**/{}", "{}//",    "{\"a\"}",        "[",
                           "\"",     "\"\n\"",  "\"\x01\"",       "\"\\x\"",
                           "]"}) {
    EXPECT_REFUSED(ParseJson(text), kMalformed) << text;
  }
  EXPECT_REFUSED(ParseJson(std::string_view("{}\0", 3)), kMalformed);
  EXPECT_REFUSED(ParseJson(std::string_view("{}\0{}", 5)), kMalformed);
  EXPECT_REFUSED(ParseJson(std::string_view("\0", 1)), kMalformed);
  EXPECT_ACCEPTED(ParseJson(" \t\r\n{} \t\r\n"));
}

TEST(Json, OnlyAnObjectIsAnObject) {
  EXPECT_ACCEPTED(ParseJsonObject("{}"));
  for (const char *text : {"[]", "null", "1", "\"{}\"", "true"}) EXPECT_REFUSED(ParseJsonObject(text), kMalformed) << text;
}

TEST(Json, EveryPrefixOfATextIsRefused) {
  const std::string text = R"({"a":[1,-2.5e3,"\u00e9\n",true,false,null,{"b":{}}],"c":""})";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_REFUSED(ParseJson(std::string_view(text).substr(0, size)), kMalformed) << size;
  }
  EXPECT_EQ(RoundTrip(text), "{\"a\":[1,-2.5e3,\"\u00e9\\n\",true,false,null,{\"b\":{}}],\"c\":\"\"}");
}

TEST(Json, NodesLeadThroughTheDocument) {
  const auto document = ParseJson(R"({"first":[1,[2,3],{"x":4}],"second":"s"})");
  ASSERT_ACCEPTED(document);
  const JsonValue root = document->root();
  EXPECT_EQ(root.size(), 2U);
  EXPECT_EQ(root.Find("first")->size(), 3U);
  EXPECT_EQ(root.Find("second")->text(), "s");
  EXPECT_FALSE(root.Find("third"));
  EXPECT_FALSE(root.Find("x"));
  EXPECT_FALSE(root.Find("second")->Find("s"));
  EXPECT_EQ(document->nodes()[0].next, document->nodes().size());
}

TEST(Json, MembersAndElementsAreWalkedOverInTheirOrder) {
  const auto walked = [](const char *text) {
    auto document = ParseJson(text);
    // Values outlive a move of their document.
    const JsonValue root = document->root();
    const JsonDocument moved = std::move(*document);
    std::string out;
    for (const auto &[name, value] : root.members()) out.append(name).append("=").append(Text(value)).append(" ");
    for (const JsonValue element : root.elements()) out.append(Text(element)).append(" ");
    return out;
  };
  EXPECT_EQ(walked(R"({"b":[1,[2]],"a":{"x":"y"},"":null,"\u0041":true})"), R"(b=[1,[2]] a={"x":"y"} =null A=true )");
  EXPECT_EQ(walked(R"(["b",{"a":1},[],[[]],0.50])"), R"("b" {"a":1} [] [[]] 0.50 )");
  for (const char *text : {"{}", "[]", "null", "true", "1.5", "\"a\""}) EXPECT_EQ(walked(text), "") << text;
}

TEST(Json, OnlyStringsAndNumbersHaveText) {
  const auto document =
      ParseJson(R"({"text":"t","number":1e2,"list":[[],[],[],[]],"object":{"a":{},"b":{}},"none":null,"no":false})");
  const JsonValue root = document->root();
  EXPECT_EQ(root.Find("text")->text(), "t");
  EXPECT_EQ(root.Find("number")->text(), "1e2");
  for (const char *name : {"list", "object", "none", "no"}) EXPECT_EQ(root.Find(name)->text(), "") << name;
  EXPECT_EQ(root.text(), "");
  EXPECT_EQ(root.FindText("text"), "t");
  for (const char *name : {"number", "list", "object", "none", "no", "missing"})
    EXPECT_EQ(root.FindText(name), std::nullopt) << name;
  EXPECT_EQ(root.Find("text")->FindText("text"), std::nullopt);
}

TEST(Json, AnArrayOfStringsHoldsNothingElse) {
  for (const char *text : {"[]", R"(["a"])", R"(["a","b",""])"}) EXPECT_TRUE(IsArrayOfStrings(ParseJson(text)->root())) << text;
  for (const char *text : {"null", "\"a\"", R"({"a":"b"})", "{}", R"(["a",1])", R"([["a"]])", "[null]"})
    EXPECT_FALSE(IsArrayOfStrings(ParseJson(text)->root())) << text;
}

}  // namespace
}  // namespace jwt_auth::jose
