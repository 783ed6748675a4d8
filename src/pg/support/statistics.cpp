#include "pg/support/statistics.hpp"

#include <array>
#include <atomic>
#include <iterator>

#include "pg/support/errors.hpp"
#include "pg/support/shared_memory.hpp"

namespace jwt_auth::pg {

namespace {

constexpr unsigned kErrorCodes = static_cast<unsigned>(ErrorCode::kInternal) + 1;
constexpr unsigned kStatuses = static_cast<unsigned>(session::kLastStatus) + 1;
constexpr unsigned kTokenAges = static_cast<unsigned>(session::TokenAge::kNewer) + 1;
constexpr unsigned kEvents = static_cast<unsigned>(session::kLastEvent) + 1;
constexpr unsigned kOutcomes[kCountedKinds] = {1 + kErrorCodes, kStatuses, kStatuses, kTokenAges, kEvents, 1, 7, 3};
constexpr const char *kNames[kCountedKinds] = {"verify", "login", "refresh", "reuse", "event", "keyring", "purge", "proof"};

constexpr unsigned FirstOf(unsigned kind) noexcept {
  unsigned first = 0;
  for (unsigned i = 0; i < kind; i++) first += kOutcomes[i];
  return first;
}
constexpr unsigned kCounters = FirstOf(kCountedKinds);

// Databases that are counted apart. Those that come later share the last slot, and are told so by nobody: 64 databases with
// this extension in one cluster are not expected.
constexpr unsigned kSlots = 64;

// Lock-free, hence usable by every process that maps it.
struct Slot {
  std::atomic<std::uint32_t> database;
  std::array<std::atomic<std::uint64_t>, kCounters> counts;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::is_trivially_destructible_v<Slot>);

struct Shared {
  TimestampTz since;
  std::array<Slot, kSlots> slots;
};

Shared *shared;  // null unless preloaded
Slot own;        // of a backend whose library was not preloaded
TimestampTz own_since;
Slot *mine;  // of this backend's database, once something was counted

// After a crash of another backend the memory is made anew, and counting starts again.
constexpr SharedPiece kPiece = {"jwt_auth statistics", [] { return sizeof(Shared); }, 0,
                                [](void *memory, bool is_new) {
                                  shared = static_cast<Shared *>(memory);
                                  if (is_new) shared->since = GetCurrentTimestamp();
                                }};

Slot *FindSlot() noexcept {
  if (shared == nullptr) return &own;
  for (unsigned i = 0; i < kSlots - 1; i++) {
    std::atomic<std::uint32_t> &database = shared->slots[i].database;
    std::uint32_t found = database.load(std::memory_order_acquire);
    if (found == 0 && database.compare_exchange_strong(found, MyDatabaseId)) return &shared->slots[i];
    if (found == MyDatabaseId) return &shared->slots[i];
  }
  return &shared->slots[kSlots - 1];
}

Slot &Mine() noexcept {
  if (mine == nullptr) mine = FindSlot();
  return *mine;
}

const char *NameOfPurge(unsigned outcome) noexcept {
  constexpr const char *kPurged[] = {"sessions", "denied_tokens", "left", "events", "session_data", "accounts", "corrected"};
  static_assert(std::size(kPurged) == kOutcomes[static_cast<unsigned>(Counted::kPurge)]);
  return kPurged[outcome];
}

const char *NameOfProof(unsigned outcome) noexcept {
  constexpr const char *kProofs[] = {"shown", "repeated", "displaced"};
  static_assert(std::size(kProofs) == kOutcomes[static_cast<unsigned>(Counted::kProof)]);
  return kProofs[outcome];
}

const char *NameOfOutcome(Counted what, unsigned outcome) noexcept {
  switch (what) {
    case Counted::kVerify:
      return outcome == 0 ? "ok" : SqlStateOf(static_cast<ErrorCode>(outcome - 1));
    case Counted::kLogin:
    case Counted::kRefresh:
      return session::NameOf(static_cast<session::Status>(outcome));
    case Counted::kReuse:
      return session::NameOf(static_cast<session::TokenAge>(outcome));
    case Counted::kEvent:
      return session::NameOf(static_cast<session::Event>(outcome));
    case Counted::kKeyring:
      return "loads";
    case Counted::kPurge:
      return NameOfPurge(outcome);
    case Counted::kProof:
      return NameOfProof(outcome);
  }
  return "";
}

}  // namespace

void Count(Counted what, unsigned outcome, std::uint64_t by) noexcept {
  const auto kind = static_cast<unsigned>(what);
  if (outcome >= kOutcomes[kind]) return;
  Mine().counts[FirstOf(kind) + outcome].fetch_add(by, std::memory_order_relaxed);
}

bool read_statistics(unsigned line, CountedLine &result) {
  for (unsigned kind = 0; kind < kCountedKinds; kind++) {
    if (line < kOutcomes[kind]) {
      result = {kNames[kind], NameOfOutcome(static_cast<Counted>(kind), line),
                Mine().counts[FirstOf(kind) + line].load(std::memory_order_relaxed)};
      return true;
    }
    line -= kOutcomes[kind];
  }
  return false;
}

const char *statistics_scope() { return shared != nullptr ? "server" : "backend"; }
std::int64_t statistics_since() { return shared != nullptr ? shared->since : own_since; }

void init_statistics() {
  own_since = GetCurrentTimestamp();
  share(kPiece);
}

}  // namespace jwt_auth::pg
