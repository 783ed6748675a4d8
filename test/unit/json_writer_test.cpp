// Writing JSON: what the writer writes is what the parser reads.
#include "jose/json/json_writer.hpp"

#include <functional>
#include <limits>

#include "support.hpp"

namespace jwt_auth::jose {
namespace {

struct Case {
  const char *what;
  std::string before;
  std::function<void(JsonWriter<std::string> &)> write;
  std::string expected;
};

TEST(JsonWriter, PutsQuotesColonsAndCommasWhereTheyBelong) {
  using Writer = JsonWriter<std::string>;
  const auto document = ParseJson(R"({"a":[1.50,{"b":null}]})");
  const JsonValue value = *document->root().Find("a");
  const Case cases[] = {
      {"nothing", "", [](Writer &) {}, ""},
      {"an empty object", "", [](Writer &w) { w.BeginObject(), w.EndObject(); }, "{}"},
      {"an empty array", "", [](Writer &w) { w.BeginArray(), w.EndArray(); }, "[]"},
      {"one member", "", [](Writer &w) { w.BeginObject(), w.Add("a", "x"), w.EndObject(); }, R"({"a":"x"})"},
      {"members without braces", "", [](Writer &w) { w.Add("a", "x"), w.Add("b", std::int64_t{1}); }, R"("a":"x","b":1)"},
      {"members behind others", R"({"a":"x")", [](Writer &w) { w.Add("b", "y"), w.EndObject(); }, R"({"a":"x","b":"y"})"},
      {"members behind an empty array", R"({"a":[])", [](Writer &w) { w.Add("b", "y"); }, R"({"a":[],"b":"y")"},
      {"behind a string that ends like an open object", R"({"a":"{")", [](Writer &w) { w.Add("b", "["); },
       R"({"a":"{","b":"[")"},
      {"behind a string that ends like a name", R"(["a:")", [](Writer &w) { w.Value(":"), w.Value("{"), w.EndArray(); },
       R"(["a:",":","{"])"},
      {"elements", "[", [](Writer &w) { w.Value("x"), w.Value(std::int64_t{-7}), w.Bytes("\xff\xfe"), w.EndArray(); },
       R"(["x",-7,"__4"])"},
      {"an object in an object", "{",
       [](Writer &w) { w.Name("a"), w.BeginObject(), w.Add("b", "x"), w.EndObject(), w.Add("c", "y"), w.EndObject(); },
       R"({"a":{"b":"x"},"c":"y"})"},
      {"objects in an array", "[",
       [](Writer &w) { w.BeginObject(), w.EndObject(), w.BeginObject(), w.EndObject(), w.EndArray(); }, "[{},{}]"},
      {"arrays in an array", "[", [](Writer &w) { w.BeginArray(), w.EndArray(), w.BeginArray(), w.EndArray(), w.EndArray(); },
       "[[],[]]"},
      {"values that were parsed", "[", [&](Writer &w) { w.Value(value), w.Value(value), w.EndArray(); },
       R"([[1.50,{"b":null}],[1.50,{"b":null}]])"},
      {"a member that was parsed", "{", [&](Writer &w) { w.Add("v", value), w.EndObject(); }, R"({"v":[1.50,{"b":null}]})"},
      {"a value behind its name", "{", [](Writer &w) { w.Name("a"), w.Value("x"), w.Name("b"), w.Value(std::int64_t{2}); },
       R"({"a":"x","b":2)"},
      {"bytes", "{", [](Writer &w) { w.AddBytes("k", std::string_view("\0\1\2", 3)), w.AddBytes("e", ""); },
       R"({"k":"AAEC","e":"")"},
      {"text as it is", "{", [](Writer &w) { w.AddJson(R"("a":1)"), w.AddJson(""), w.AddJson(R"("b":2)"), w.EndObject(); },
       R"({"a":1,"b":2})"},
      {"only empty text", "{", [](Writer &w) { w.AddJson(""), w.EndObject(); }, "{}"},
      {"the smallest and the largest number", "[",
       [](Writer &w) {
         w.Value(std::numeric_limits<std::int64_t>::min()), w.Value(std::numeric_limits<std::int64_t>::max()), w.EndArray();
       },
       "[-9223372036854775808,9223372036854775807]"},
      {"contents that need escapes", "{", [](Writer &w) { w.Add("a", "\"\\\n\x01\xc3\xa4"), w.EndObject(); },
       "{\"a\":\"\\\"\\\\\\n\\u0001\xc3\xa4\"}"},
      {"a name that needs an escape", "{", [](Writer &w) { w.Add(std::string_view("a\"b"), "x"), w.EndObject(); },
       R"({"a\"b":"x"})"},
  };
  for (const Case &c : cases) {
    std::string text = c.before;
    JsonWriter writer(text);
    c.write(writer);
    EXPECT_EQ(text, c.expected) << c.what;
  }
}

TEST(JsonWriter, WritesTheSameIntoMemoryThatIsCleansed) {
  const auto write = [](auto &text) {
    JsonWriter writer(text);
    writer.BeginObject();
    writer.Add("kty", "oct");
    writer.AddBytes("k", "secret");
    writer.Add(std::string_view("\n"), std::int64_t{-1});
    writer.Name("list");
    writer.BeginArray();
    writer.Value("a");
    writer.EndArray();
    writer.AddJson(R"("x":{})");
    writer.EndObject();
  };
  std::string text;
  SecretBytes secret;
  write(text);
  write(secret);
  EXPECT_EQ(text, R"({"kty":"oct","k":"c2VjcmV0","\n":-1,"list":["a"],"x":{}})");
  EXPECT_EQ(AsText(secret), text);
  EXPECT_ACCEPTED(ParseJsonObject(text));
}

}  // namespace
}  // namespace jwt_auth::jose
