#include "pg/keyring/session_classes.hpp"

#include "pg/keyring/keyring.hpp"
#include "pg/keyring/ring.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/settings.hpp"

namespace jwt_auth::pg {

using session::Micros;

std::optional<session::SessionClass> FindSessionClass(const OptionalText &name) noexcept {
  if (!name.present) return std::nullopt;
  for (const NamedClass &one : CurrentRing().classes)
    if (one.name == name.text) return one.value;
  return std::nullopt;
}

session::LifetimePolicy LifetimesOfClass(const OptionalText &name) noexcept {
  return session::LifetimesOf(FindSessionClass(name), settings::Lifetimes());
}

void check_class_name(std::string_view name, const char *argument) {
  if (session::IsClassName(name)) return;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s is not a valid name of a session class", argument),
                  errhint("A name has 1 to 63 bytes, no control characters, and no blank at its ends.")));
}

OptionalText class_argument(FunctionCallInfo fcinfo, int index) {
  const OptionalText name = optional_text(fcinfo, index);
  if (name.present) check_class_name(name.text, "class");
  require_session_class(name);
  return name;
}

void require_session_class(const OptionalText &name) {
  if (!name.present || FindSessionClass(name)) return;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("session class \"%s\" does not exist", pnstrdup(name.text.data(), name.text.size())),
                  errhint("Make it with jwt_auth.set_session_class().")));
  pg_unreachable();
}

Micros lifetime_of(const Interval &interval, const char *name, Micros least) {
  constexpr Micros kGreatest = static_cast<Micros>(68) * MONTHS_PER_YEAR * DAYS_PER_MONTH * USECS_PER_DAY;
  const auto days = static_cast<Micros>(interval.month) * DAYS_PER_MONTH + interval.day;
  Micros micros = 0;
  const bool overflows = __builtin_mul_overflow(days, static_cast<Micros>(USECS_PER_DAY), &micros) ||
                         __builtin_add_overflow(micros, interval.time, &micros);
  if (!overflows && micros >= least && micros <= kGreatest) return micros;
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg(least == 0 ? "%s must be an interval from 0 (no end) to 68 years"
                                                                       : "%s must be an interval from 1 second to 68 years",
                                                            name)));
  pg_unreachable();
}

}  // namespace jwt_auth::pg
