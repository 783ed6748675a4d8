// Which access tokens were made before a change of their user's rights or their session's claims.
#include "session/version.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace jwt_auth::session {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr jose::Micros kNow = 1'700'000'000'900'000;

TEST(Version, GrowsAndKeepsUpWithTheClock) {
  struct Row {
    std::int64_t before;
    jose::Micros now;
    std::int64_t next;
  };
  for (const Row &row :
       {Row{0, kNow, kNow}, Row{kNow - 1, kNow, kNow}, Row{kNow, kNow, kNow + 1},
        // The clock stepped back.
        Row{kNow, kNow - 1'000'000, kNow + 1}, Row{0, -1, 1}, Row{kMost - 1, kNow, kMost}, Row{kMost, kNow, kMost}})
    EXPECT_EQ(NextVersion(row.before, row.now), row.next);
}

TEST(Version, ATokenFromBeforeAChangeIsStale) {
  struct Row {
    Versions token, now;
    bool stale;
  };
  for (const Row &row : {Row{{}, {}, false}, Row{{}, {1, 0}, true}, Row{{}, {0, 1}, true}, Row{{5, 0}, {5, 0}, false},
                         Row{{4, 0}, {5, 0}, true}, Row{{6, 0}, {5, 0}, false}, Row{{5, 7}, {5, 8}, true},
                         Row{{5, 8}, {6, 8}, true}, Row{{6, 8}, {5, 9}, true}, Row{{6, 9}, {5, 8}, false},
                         // Rows that lost their versions in a restore.
                         Row{{6, 9}, {}, false}})
    EXPECT_EQ(IsStale(row.token, row.now), row.stale);
}

TEST(Version, IsReadFromAClaimOrIsNone) {
  struct Row {
    const char *text;
    std::int64_t version;
  };
  for (const Row &row : {Row{"0", 0}, Row{"1", 1}, Row{"1700000000900000", kNow}, Row{"9223372036854775807", kMost},
                         Row{"9223372036854775808", 0}, Row{"-1", 0}, Row{"", 0}, Row{"1.0", 0}, Row{"1e3", 0}, Row{" 1", 0},
                         Row{"1 ", 0}, Row{"true", 0}})
    EXPECT_EQ(ReadVersion(row.text), row.version) << row.text;
}

}  // namespace
}  // namespace jwt_auth::session
