// What is recorded, and what an application may call its own events.
#include "session/audit.hpp"

#include <gtest/gtest.h>

namespace jwt_auth::session {
namespace {

TEST(Audit, SecurityIsWhatEndsRefusesOrChangesSomething) {
  for (unsigned number = static_cast<unsigned>(Event::kNone); NameOf(static_cast<Event>(number))[0] != '\0' || number == 0;
       number++) {
    const auto event = static_cast<Event>(number);
    const bool routine = event == Event::kLogin || event == Event::kRefreshed;
    EXPECT_TRUE(IsRecorded(AuditLevel::kAll, event)) << NameOf(event);
    EXPECT_EQ(IsRecorded(AuditLevel::kSecurity, event), !routine) << NameOf(event);
    EXPECT_FALSE(IsRecorded(AuditLevel::kOff, event)) << NameOf(event);
  }
}

TEST(Audit, NamesOfTheLevels) {
  EXPECT_STREQ(NameOf(AuditLevel::kAll), "all");
  EXPECT_STREQ(NameOf(AuditLevel::kSecurity), "security");
  EXPECT_STREQ(NameOf(AuditLevel::kOff), "off");
}

TEST(Audit, ApplicationEventsHaveTheirPrefix) {
  for (const char *good : {"app.export", "app.password_failed", "app.x", "app.a.b-c_9"})
    EXPECT_TRUE(IsApplicationEvent(good)) << good;
  EXPECT_TRUE(IsApplicationEvent("app." + std::string(59, 'a')));
  EXPECT_FALSE(IsApplicationEvent("app." + std::string(60, 'a')));
  for (const char *bad :
       {"", "app", "app.", "login", "apps.x", "App.x", "app.X", "app.x y", "app.x\n", "app.\xc3\xa9", " app.x"})
    EXPECT_FALSE(IsApplicationEvent(bad)) << bad;
  EXPECT_FALSE(IsApplicationEvent(std::string_view("app.x\0y", 7)));
  for (int byte = 0; byte < 256; byte++) {
    const auto c = static_cast<char>(byte);
    const bool is_allowed = std::string_view("abcdefghijklmnopqrstuvwxyz0123456789_.-").find(c) != std::string_view::npos;
    EXPECT_EQ(IsApplicationEvent(std::string("app.") + c), is_allowed) << byte;
  }
}

}  // namespace
}  // namespace jwt_auth::session
