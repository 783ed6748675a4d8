// Which user ids are numbers.
#include "session/user_number.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace jwt_auth::session {
namespace {

TEST(UserNumber, IsTheNumberAsItIsPrinted) {
  EXPECT_EQ(NumberOfUser("0"), 0);
  EXPECT_EQ(NumberOfUser("42"), 42);
  EXPECT_EQ(NumberOfUser("-42"), -42);
  EXPECT_EQ(NumberOfUser("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(NumberOfUser("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
}

TEST(UserNumber, IsNoneForEveryOtherSpelling) {
  for (const char *text : {"", "-", "+42", "042", "-0", "00", " 42", "42 ", "4 2", "42.0", "4e1", "0x2a", "4_2", "ann", "42a",
                           "9223372036854775808", "-9223372036854775809", "99999999999999999999999"})
    EXPECT_EQ(NumberOfUser(text), std::nullopt) << text;
}

}  // namespace
}  // namespace jwt_auth::session
