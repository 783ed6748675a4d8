// The kind of a token (typ) and what accepts it: RFC 7515 section 4.1.9, RFC 8725 section 3.11.
#include "jose/jwt/token_type.hpp"

#include <gtest/gtest.h>

namespace jwt_auth::jose {
namespace {

using Rule = ExpectedType::Rule;

TEST(TokenType, IsComparedWithoutCaseAndWithOrWithoutApplication) {
  struct Case {
    const char *a, *b;
    bool same;
  };
  for (const Case &c : {Case{"at+jwt", "AT+JWT", true}, Case{"application/at+jwt", "at+jwt", true},
                        Case{"APPLICATION/JWT", "jwt", true}, Case{"at+jwt", "at+jwtx", false}, Case{"jwt", "", false},
                        Case{"application/", "", false}, Case{"application/a/b", "a/b", false}, Case{"text/jwt", "jwt", false},
                        Case{"at jwt", "at+jwt", false}, Case{" jwt", "jwt", false}}) {
    EXPECT_EQ(IsSameType(c.a, c.b), c.same) << c.a << " and " << c.b;
  }
}

TEST(TokenType, PurposesAreSmallNamesThatMeanNothingElsewhere) {
  struct Case {
    std::string purpose;
    PurposeCheck check;
  };
  for (const Case &c : {Case{"confirm-email", PurposeCheck::kGood},
                        Case{"a", PurposeCheck::kGood},
                        Case{"a.b-9", PurposeCheck::kGood},
                        Case{std::string(64, 'a'), PurposeCheck::kGood},
                        Case{std::string(65, 'a'), PurposeCheck::kMalformed},
                        Case{"", PurposeCheck::kMalformed},
                        Case{"9a", PurposeCheck::kMalformed},
                        Case{"-a", PurposeCheck::kMalformed},
                        Case{"Confirm", PurposeCheck::kMalformed},
                        Case{"a b", PurposeCheck::kMalformed},
                        Case{"a+b", PurposeCheck::kMalformed},
                        Case{"a/b", PurposeCheck::kMalformed},
                        Case{"a\n", PurposeCheck::kMalformed},
                        Case{"\xc3\xa4", PurposeCheck::kMalformed},
                        Case{"at", PurposeCheck::kReserved},
                        Case{"jwt", PurposeCheck::kReserved},
                        Case{"dpop", PurposeCheck::kReserved},
                        Case{"dbsc", PurposeCheck::kReserved},
                        Case{"logout", PurposeCheck::kReserved},
                        Case{"secevent", PurposeCheck::kReserved},
                        Case{"statuslist", PurposeCheck::kReserved},
                        Case{"token-introspection", PurposeCheck::kReserved}}) {
    EXPECT_EQ(static_cast<int>(CheckPurpose(c.purpose)), static_cast<int>(c.check)) << c.purpose;
  }
  EXPECT_EQ(TypeOfPurpose("confirm-email"), "confirm-email+jwt");
  const std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
  for (int byte = 0; byte < 256; byte++) {
    const auto c = static_cast<char>(byte);
    const bool is_letter = letters.find(c) != std::string_view::npos;
    const bool is_inner = is_letter || std::string_view("0123456789.-").find(c) != std::string_view::npos;
    EXPECT_EQ(CheckPurpose(std::string(1, c) + "x") == PurposeCheck::kGood, is_letter) << byte;
    EXPECT_EQ(CheckPurpose(std::string("x") + c) == PurposeCheck::kGood, is_inner) << byte;
  }
}

TEST(TokenType, EachKindIsGoodWhereItIsExpectedAndNowhereElse) {
  const ExpectedType access{Rule::kAccessToken, {}, true}, typed_access{Rule::kAccessToken, {}, false},
      untyped{Rule::kUntyped, {}, true}, mail{Rule::kPurpose, "mail", false},
      named{Rule::kNamed, "application/logout+jwt", false};
  struct Case {
    std::optional<std::string_view> typ;
    bool access, typed_access, untyped, mail, named;
  };
  for (const Case &c :
       {Case{std::nullopt, true, false, true, false, false}, Case{"JWT", true, false, true, false, false},
        Case{"application/jwt", true, false, true, false, false}, Case{"at+jwt", true, true, false, false, false},
        Case{"application/AT+jwt", true, true, false, false, false}, Case{"mail+jwt", false, false, false, true, false},
        Case{"application/Mail+JWT", false, false, false, true, false}, Case{"mails+jwt", false, false, false, false, false},
        Case{"mail", false, false, false, false, false}, Case{"logout+jwt", false, false, false, false, true},
        Case{"", false, false, false, false, false}, Case{"secevent+jwt", false, false, false, false, false}}) {
    const std::string typ(c.typ.value_or("(none)"));
    EXPECT_EQ(IsExpectedType(c.typ, access), c.access) << typ;
    EXPECT_EQ(IsExpectedType(c.typ, typed_access), c.typed_access) << typ;
    EXPECT_EQ(IsExpectedType(c.typ, untyped), c.untyped) << typ;
    EXPECT_EQ(IsExpectedType(c.typ, mail), c.mail) << typ;
    EXPECT_EQ(IsExpectedType(c.typ, named), c.named) << typ;
    EXPECT_TRUE(IsExpectedType(c.typ, {})) << typ;
  }
}

TEST(TokenType, OneOfSeveralNamesIsEnough) {
  const std::vector<std::string> typed{"application/at+jwt", "x+jwt"}, untyped{"jwt"}, none;
  const auto taken = [](const std::optional<std::string_view> &typ, const std::vector<std::string> &names) {
    return IsExpectedType(typ, {Rule::kOneOf, {}, false, &names});
  };
  EXPECT_TRUE(taken("AT+JWT", typed));
  EXPECT_TRUE(taken("application/x+jwt", typed));
  EXPECT_FALSE(taken("JWT", typed));
  EXPECT_FALSE(taken(std::nullopt, typed));
  // A token without a type is a JWT.
  EXPECT_TRUE(taken(std::nullopt, untyped));
  EXPECT_TRUE(taken("JWT", untyped));
  EXPECT_FALSE(taken("at+jwt", untyped));
  EXPECT_FALSE(taken(std::nullopt, none));
}

}  // namespace
}  // namespace jwt_auth::jose
