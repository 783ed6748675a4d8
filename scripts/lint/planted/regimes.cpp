// Violations of the boundary, each named on its line, beside code that is right. boundary.py --self-test must see exactly these.
// Nothing here is compiled into anything.
#include <memory>
#include <string>
#include <vector>

#include "pg/store/plans.hpp"
#include "pg/support/boundary.hpp"

namespace jwt_auth::pg {

namespace {

// What may be called from where.
Datum reads_a_setting() { return CStringGetTextDatum(GetConfigOption("jwt_auth.issuer", false, false)); }
Datum calls_what_reads() { return reads_a_setting(); }
int harmless(int value) { return value + 1; }
int harmless_and_says_so(int value) noexcept { return value + 1; }
int promises_too_much(int value) noexcept {  // violation: ereport
  CHECK_FOR_INTERRUPTS();
  return value;
}
std::size_t Measure(std::string_view text) { return std::string(text).size(); }
std::size_t MeasureNothing() noexcept { return 0; }

std::size_t MeasuresAndAllocates(std::string_view text) {
  std::string copy(text);
  void *memory = palloc(copy.size());  // violation: ereport
  return reinterpret_cast<std::size_t>(memory);
}
std::size_t CallsAcrossTwo() {
  return static_cast<std::size_t>(calls_what_reads());  // violation: ereport
}
int CallsByName() {
  return harmless(1);  // violation: name
}
int CallsWhatSaysSo() { return harmless_and_says_so(1); }
void Refuses() {
  ereport(ERROR, (errmsg("no")));  // violation: ereport
}

}  // namespace

Datum has_a_string(std::string_view text) {
  const std::string copy(text);  // violation: destructor
  return PointerGetDatum(palloc(copy.size()));
}
Datum has_a_temporary(std::string_view text) {
  return PointerGetDatum(palloc(std::string(text).size()));  // violation: destructor
}
Datum takes_a_vector(std::vector<int> numbers) {  // violation: destructor
  return PointerGetDatum(palloc(numbers.size()));
}
Datum has_a_result() {
  const Result<std::string> text = [] { return Result<std::string>(std::string("x")); }();  // violation: destructor
  return BoolGetDatum(text ? true : false);
}
Datum has_an_owner() {
  auto owned = std::make_unique<int>(1);  // violation: destructor
  return Int32GetDatum(*owned);
}
Datum has_a_local_struct() {
  struct Holder {
    int number;
    std::string text;
  };
  Holder holder{};  // violation: destructor
  return Int32GetDatum(holder.number);
}
Datum catches() {
  try {  // violation: throw
    return Int32GetDatum(harmless(1));
  } catch (...) {
    return 0;
  }
}
Datum measures() {
  return Int64GetDatum(static_cast<std::int64_t>(Measure("x") + MeasureNothing()));  // violation: throw
}

Datum guards(std::string_view text) {
  const auto outcome = Guard([&]() -> Result<std::size_t> {
    const std::string copy(text);
    return Measure(copy) + static_cast<std::size_t>(CallsWhatSaysSo());
  });
  if (!outcome.ok) raise_error(outcome.error);
  return Int64GetDatum(static_cast<std::int64_t>(outcome.value) + harmless(1));
}
Datum guards_and_ereports(std::string_view text) {
  return Int64GetDatum(static_cast<std::int64_t>(value_or_raise([&]() -> Result<std::size_t> {
    const std::string copy(text);
    return copy.size() + VARSIZE_ANY(text_datum(copy));  // violation: ereport
  })));
}
// A body that is passed on to Guard() is a C++ phase; one that is called is a part of its function.
template <class Body>
std::size_t passes_on(Body &&body) {
  const auto outcome = guard_interruptible(std::forward<Body>(body));
  if (!outcome.ok) raise_error(outcome.error);
  return outcome.value;
}
template <class Body>
std::size_t calls_itself(Body &&body) {
  (void)reads_a_setting();
  return body();
}
Datum passes(std::string_view text) {
  return Int64GetDatum(static_cast<std::int64_t>(passes_on([&]() -> Result<std::size_t> { return std::string(text).size(); })));
}
Datum does_not_pass(std::string_view text) {
  return Int64GetDatum(static_cast<std::int64_t>(calls_itself([&] {
    return std::string(text).size();  // violation: destructor
  })));
}
Datum keeps_the_body(std::string_view text) {
  const auto body = [&]() -> Result<std::size_t> { return std::string(text).size(); };
  return Int64GetDatum(static_cast<std::int64_t>(value_or_raise(body)));
}
Datum reads_in_a_lambda() {
  const auto read = [] { return reads_a_setting(); };
  return read();
}

// A class with CamelCase methods is C++, one with snake_case methods is Postgres, its constructor too.
class Writer {
 public:
  Writer() { text_.reserve(10); }
  void Add(std::string_view text) {
    text_ += text;
    StartTransactionCommand();  // violation: ereport
  }
  ~Writer() {
    pg_usleep(1);  // violation: ereport
  }

 private:
  std::string text_;
};
class builder {
 public:
  builder() { initStringInfo(&text_); }
  void add(std::string_view text) { appendBinaryStringInfo(&text_, text.data(), static_cast<int>(text.size())); }

 private:
  StringInfoData text_;
};
Datum builds() {
  builder made;
  made.add("x");
  return 0;
}
std::size_t Builds() {
  builder made;  // violation: ereport
  return sizeof(made);
}

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_planted) {
  const std::string text = "x";  // violation: destructor
  return jwt_auth::pg::guards(text) + jwt_auth::pg::measures() + fcinfo->nargs;
}
