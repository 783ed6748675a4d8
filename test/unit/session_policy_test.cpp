// What a presentation means, over every combination of row, token, client, policy and time.
#include "session/policy.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "refresh_rules.hpp"

namespace jwt_auth::session {
namespace {

constexpr Micros kNow = 1'700'000'000'123'456;
constexpr Micros kSecond = kMicrosPerSecond;
constexpr Micros kInterval = 10 * kSecond;

Hash Filled(unsigned char byte) {
  Hash hash;
  hash.fill(byte);
  return hash;
}

Address V4(unsigned char a, unsigned char b, unsigned char c, unsigned char d) {
  const unsigned char bytes[] = {a, b, c, d};
  return MakeAddress(Address::Family::kV4, bytes);
}

// The labels of one combination. The oracle below sees only these, the code under test only the structs built from them.
enum class Family { kRight, kWrong };
enum class Secret {
  kCurrent,
  kCurrentGenerationAhead,
  kPrevious,
  kPreviousGenerationAhead,
  kOld,
  kSameGeneration,
  kAhead,
  kAheadUnproven
};
enum class Cut { kNone, kLongAgo, kUserAtCreation, kUserAfter, kGlobalAtCreation, kGlobalAfter };
enum class End { kFarAway, kInAMicrosecond, kIdleNow, kIdlePast, kBothNow, kBothPast, kNoAbsoluteIdlePast };
enum class Where { kSame, kSameSubnet, kElsewhere, kOtherFamily, kNowhere };
enum class Print { kSame, kOther, kNone };
enum class Late { kNever, kNone, kTwoGenerationsAgo, kLastGeneration, kJustNow, kAtTheLimit };
enum class Rotated { kNow, kAtTheLimit, kJustInside, kPast, kFutureInside, kFutureFar };

struct Case {
  Family family;
  Secret secret;
  bool row_has_previous;
  Cut cut;
  End end;
  bool bound_ip, bound_print;
  Where where;
  Print print;
  IpBinding ip;
  FingerprintBinding fingerprint;
  Rotated rotated;
  bool retry_allowed;
  Late late;
};

const Address kHome = V4(192, 0, 2, 7);
const Address kNeighbour = V4(192, 0, 2, 200);
const Address kAway = V4(198, 51, 100, 7);
const unsigned char kV6Bytes[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};

Micros RotationTime(Rotated rotated) {
  switch (rotated) {
    case Rotated::kNow:
      return kNow;
    case Rotated::kAtTheLimit:
      return kNow - kInterval;
    case Rotated::kJustInside:
      return kNow - kInterval + 1;
    case Rotated::kPast:
      return kNow - 3600 * kSecond;
    case Rotated::kFutureInside:
      return kNow + kInterval - 1;
    case Rotated::kFutureFar:
      return kNow + 3600 * kSecond;
  }
  return 0;
}

std::optional<LateReplay> LateReplayOf(Late late) {
  switch (late) {
    case Late::kNone:
      return std::nullopt;
    case Late::kTwoGenerationsAgo:
      return LateReplay{5, kNow - 1};
    case Late::kLastGeneration:
      return LateReplay{6, kNow - 1};
    case Late::kNever:
    case Late::kJustNow:
      return LateReplay{7, kNow - kInterval + 1};
    case Late::kAtTheLimit:
      return LateReplay{7, kNow - kInterval};
  }
  return std::nullopt;
}

SessionState StateOf(const Case &c) {
  SessionState state{};
  state.created_at = kNow - 86400 * kSecond;
  state.refreshed_at = RotationTime(c.rotated);
  switch (c.end) {
    case End::kFarAway:
      state.idle_end = kNow + 100 * kSecond;
      state.absolute_end = kNow + 200 * kSecond;
      break;
    case End::kInAMicrosecond:
      state.idle_end = state.absolute_end = kNow + 1;
      break;
    case End::kIdleNow:
      state.idle_end = kNow;
      state.absolute_end = kNow + 1;
      break;
    case End::kIdlePast:
      state.idle_end = kNow - 5 * kSecond;
      state.absolute_end = kNow + 5 * kSecond;
      break;
    case End::kBothNow:
      state.idle_end = state.absolute_end = kNow;
      break;
    case End::kBothPast:
      state.idle_end = kNow - 5 * kSecond;
      state.absolute_end = kNow - kSecond;
      break;
    case End::kNoAbsoluteIdlePast:
      state.idle_end = kNow - 1;
      state.absolute_end = kNever;
      break;
  }
  state.generation = 7;
  state.family_hash = Filled(0xF0);
  state.current_hash = Filled(0xC0);
  state.has_previous = c.row_has_previous;
  if (c.row_has_previous) state.previous_hash = Filled(0xB0);
  state.bound = state.latest = kUnknownClient;
  if (c.bound_ip) state.bound.address = kHome;
  if (c.bound_print) state.bound = {state.bound.address, true, Filled(0x11)};
  state.latest = {kHome, true, Filled(0x11)};
  state.late = LateReplayOf(c.late);
  return state;
}

RefreshTokenHashes TokenOf(const Case &c) {
  RefreshTokenHashes token{};
  token.family_hash = Filled(c.family == Family::kRight ? 0xF0 : 0xF1);
  switch (c.secret) {
    case Secret::kCurrent:
      token.generation = 7;
      token.secret_hash = Filled(0xC0);
      break;
    case Secret::kCurrentGenerationAhead:
      token.generation = 4'000'000'000;
      token.secret_hash = Filled(0xC0);
      break;
    case Secret::kPrevious:
      token.generation = 6;
      token.secret_hash = Filled(0xB0);
      break;
    case Secret::kPreviousGenerationAhead:
      token.generation = 8;
      token.has_proven_generation = true;
      token.secret_hash = Filled(0xB0);
      break;
    case Secret::kOld:
      token.generation = 5;
      token.secret_hash = Filled(0xA0);
      break;
    case Secret::kSameGeneration:
      token.generation = 7;
      token.has_proven_generation = true;
      token.secret_hash = Filled(0xA0);
      break;
    case Secret::kAhead:
      token.generation = 8;
      token.has_proven_generation = true;
      token.secret_hash = Filled(0xD0);
      break;
    case Secret::kAheadUnproven:
      token.generation = 4'000'000'000;
      token.secret_hash = Filled(0xA0);
      break;
  }
  return token;
}

Client ClientOf(const Case &c) {
  Client client = kUnknownClient;
  switch (c.where) {
    case Where::kSame:
      client.address = kHome;
      break;
    case Where::kSameSubnet:
      client.address = kNeighbour;
      break;
    case Where::kElsewhere:
      client.address = kAway;
      break;
    case Where::kOtherFamily:
      client.address = MakeAddress(Address::Family::kV6, kV6Bytes);
      break;
    case Where::kNowhere:
      break;
  }
  if (c.print != Print::kNone) {
    client.has_fingerprint = true;
    client.fingerprint = Filled(c.print == Print::kSame ? 0x11 : 0x22);
  }
  return client;
}

Cutoffs CutoffsOf(const Case &c, Micros created_at) {
  switch (c.cut) {
    case Cut::kNone:
      return {kNoCutoff, kNoCutoff};
    case Cut::kLongAgo:
      return {created_at - 1, created_at - 1};
    case Cut::kUserAtCreation:
      return {created_at, kNoCutoff};
    case Cut::kUserAfter:
      return {created_at + kSecond, kNoCutoff};
    case Cut::kGlobalAtCreation:
      return {kNoCutoff, created_at};
    case Cut::kGlobalAfter:
      return {created_at - 1, created_at + kSecond};
  }
  return {};
}

struct Expected {
  Status status;
  bool ends;
  Event event;
  bool logs_ip, logs_print;
  const RefreshRules::Rule *rule;
};

TokenAge OracleAge(const Case &c) {
  switch (c.secret) {
    case Secret::kCurrent:
    case Secret::kCurrentGenerationAhead:
      return TokenAge::kCurrent;
    case Secret::kPrevious:
      return c.row_has_previous ? TokenAge::kPrevious : TokenAge::kOld;
    case Secret::kPreviousGenerationAhead:
      return c.row_has_previous ? TokenAge::kPrevious : TokenAge::kNewer;
    case Secret::kOld:
    case Secret::kSameGeneration:
    case Secret::kAheadUnproven:
      return TokenAge::kOld;
    case Secret::kAhead:
      return TokenAge::kNewer;
  }
  return {};
}

const RefreshRules &Rules() {
  static const RefreshRules rules(VECTORS "/refresh_rules.tsv");
  return rules;
}

// The labels of the rules as numbers.
int Label(const char *column, const char *value) { return Rules().Value(column, value); }

int EndLabel(const Case &c) {
  static const int user = Label("end", "user_cutoff"), global = Label("end", "global_cutoff"), none = Label("end", "none"),
                   absolute = Label("end", "absolute"), idle = Label("end", "idle");
  if (c.cut == Cut::kUserAtCreation || c.cut == Cut::kUserAfter) return user;
  if (c.cut == Cut::kGlobalAtCreation || c.cut == Cut::kGlobalAfter) return global;
  if (c.end == End::kBothNow || c.end == End::kBothPast) return absolute;
  return c.end == End::kIdleNow || c.end == End::kIdlePast || c.end == End::kNoAbsoluteIdlePast ? idle : none;
}

int TokenLabel(const Case &c) {
  static const int current = Label("token", "current"), previous = Label("token", "previous"), old = Label("token", "old"),
                   newer = Label("token", "newer");
  switch (OracleAge(c)) {
    case TokenAge::kCurrent:
      return current;
    case TokenAge::kPrevious:
      return previous;
    case TokenAge::kOld:
      return old;
    case TokenAge::kNewer:
      return newer;
  }
  return 0;
}

int WindowLabel(const Case &c) {
  static const int inside = Label("window", "inside"), outside = Label("window", "outside");
  const bool lately = c.rotated == Rotated::kNow || c.rotated == Rotated::kJustInside || c.rotated == Rotated::kFutureInside;
  return c.retry_allowed && lately ? inside : outside;
}

// Whether an enforcing policy refuses the client, held against that of the latest rotation.
bool IsRefusedElsewhere(const Case &c) {
  const bool other_subnet = c.where != Where::kSame && c.where != Where::kSameSubnet;
  return (c.ip == IpBinding::kExact && c.where != Where::kSame) || (c.ip == IpBinding::kSubnet && other_subnet) ||
         (c.fingerprint == FingerprintBinding::kExact && c.print != Print::kSame);
}

int LateLabel(const Case &c) {
  static const int off = Label("late", "off"), first = Label("late", "first"), again = Label("late", "again"),
                   spent = Label("late", "spent");
  if (c.late == Late::kNever) return off;
  if (IsRefusedElsewhere(c)) return spent;
  if (c.late == Late::kNone || c.late == Late::kTwoGenerationsAgo) return first;
  return c.late == Late::kJustNow && c.retry_allowed ? again : spent;
}

// What the rules say of a combination. Mismatches that are only logged are not in them: they go with every `ok`.
Expected Oracle(const Case &c) {
  static const int right = Label("family", "right"), wrong = Label("family", "wrong"), ip = Label("binding", "ip"),
                   fingerprint = Label("binding", "fingerprint"), holds = Label("binding", "holds"),
                   here = Label("elsewhere", "no"), elsewhere = Label("elsewhere", "yes");
  const bool other_address = c.bound_ip && c.where != Where::kSame;
  const bool other_subnet = other_address && c.where != Where::kSameSubnet;
  const bool other_print = c.bound_print && c.print != Print::kSame;
  const bool ip_refused = (c.ip == IpBinding::kExact && other_address) || (c.ip == IpBinding::kSubnet && other_subnet);
  const bool print_refused = c.fingerprint == FingerprintBinding::kExact && other_print;
  const bool is_elsewhere = (c.where != Where::kSame && c.where != Where::kNowhere) || c.print == Print::kOther;

  const RefreshRules::Situation situation = {c.family == Family::kWrong ? wrong : right,
                                             EndLabel(c),
                                             ip_refused      ? ip
                                             : print_refused ? fingerprint
                                                             : holds,
                                             TokenLabel(c),
                                             WindowLabel(c),
                                             LateLabel(c),
                                             is_elsewhere ? elsewhere : here};
  const RefreshRules::Rule &rule = Rules().Find(situation);
  const bool ok = rule.status == Status::kOk;
  return {rule.status,
          rule.ends,
          rule.event,
          ok && c.ip == IpBinding::kLog && other_address,
          ok && c.fingerprint == FingerprintBinding::kLog && other_print,
          &rule};
}

std::string Describe(const Case &c) {
  const auto n = [](auto value) { return std::to_string(static_cast<int>(value)); };
  return "family " + n(c.family) + " secret " + n(c.secret) + " previous " + n(c.row_has_previous) + " cut " + n(c.cut) +
         " end " + n(c.end) + " bound " + n(c.bound_ip) + n(c.bound_print) + " where " + n(c.where) + " print " + n(c.print) +
         " ip " + NameOf(c.ip) + " fingerprint " + NameOf(c.fingerprint) + " rotated " + n(c.rotated) + " retry " +
         n(c.retry_allowed) + " late " + n(c.late);
}

template <class Enum>
std::vector<Enum> UpTo(Enum last) {
  std::vector<Enum> all;
  for (int i = 0; i <= static_cast<int>(last); ++i) all.push_back(static_cast<Enum>(i));
  return all;
}

// Compares one combination; true if it is as the table has it.
bool Agrees(const Case &c, std::set<const RefreshRules::Rule *> &used) {
  const SessionState state = StateOf(c);
  const RefreshPolicy policy = {{c.ip, 24, 64, c.fingerprint},
                                c.retry_allowed ? kInterval : 0,
                                KeyProof::kNotBound,
                                c.late == Late::kNever ? LateRetry::kNever : LateRetry::kOnce};
  const Decision decision = Decide(state, TokenOf(c), ClientOf(c), policy, CutoffsOf(c, state.created_at), kNow);
  const Expected expected = Oracle(c);
  used.insert(expected.rule);
  return decision.status == expected.status && decision.ends == expected.ends && decision.event == expected.event &&
         decision.logs_ip_mismatch == expected.logs_ip && decision.logs_fingerprint_mismatch == expected.logs_print &&
         (c.family == Family::kWrong || decision.token_age == OracleAge(c));
}

// A late retry is one of the previous token: with any other, one state of it is enough, another one each time.
std::vector<Late> LateOf(Secret secret, std::uint64_t combinations) {
  const std::vector<Late> all = UpTo(Late::kAtTheLimit);
  if (secret == Secret::kPrevious || secret == Secret::kPreviousGenerationAhead) return all;
  return {all[combinations % all.size()]};
}

TEST(SessionPolicy, EveryCombinationMeansWhatTheTableSays) {
  std::set<const RefreshRules::Rule *> used;
  std::uint64_t combinations = 0;
  for (const Family family : UpTo(Family::kWrong))
    for (const Secret secret : UpTo(Secret::kAheadUnproven))
      for (const bool row_has_previous : {false, true})
        for (const Cut cut : UpTo(Cut::kGlobalAfter))
          for (const End end : UpTo(End::kNoAbsoluteIdlePast))
            for (const int bound : {0, 1, 2, 3})
              for (const Where where : UpTo(Where::kNowhere))
                for (const Print print : UpTo(Print::kNone))
                  for (const IpBinding ip : UpTo(IpBinding::kExact))
                    for (const FingerprintBinding fingerprint : UpTo(FingerprintBinding::kExact))
                      for (const Rotated rotated : UpTo(Rotated::kFutureFar))
                        for (const bool retry_allowed : {false, true})
                          for (const Late late : LateOf(secret, combinations)) {
                            const Case c = {family,
                                            secret,
                                            row_has_previous,
                                            cut,
                                            end,
                                            (bound & 1) != 0,
                                            (bound & 2) != 0,
                                            where,
                                            print,
                                            ip,
                                            fingerprint,
                                            rotated,
                                            retry_allowed,
                                            late};
                            ++combinations;
                            ASSERT_TRUE(Agrees(c, used)) << Describe(c);
                          }
  EXPECT_EQ(combinations, 2ULL * (6 + 2 * 6) * 2 * 6 * 7 * 4 * 5 * 3 * 4 * 3 * 6 * 2);
  std::set<Status> statuses;
  for (const RefreshRules::Rule &rule : Rules().rules()) {
    const std::string &event = Rules().Cell(rule, "event");
    EXPECT_EQ(used.count(&rule), 1U) << "no combination met the rule of late " << Rules().Cell(rule, "late") << ", event "
                                     << event;
    EXPECT_EQ(event, rule.event == Event::kNone ? "none" : NameOf(rule.event));
    statuses.insert(rule.status);
  }
  EXPECT_EQ(statuses.size(), 8U) << "every status that a presentation can have, limit_reached being a log-in's";
}

// The binding is that of the latest rotation where the log-in gave none: an enforcing policy grants no late retry elsewhere.
TEST(SessionPolicy, ALateRetryIsHeldAgainstTheLatestRotation) {
  Case c = {};
  c.row_has_previous = true;
  c.secret = Secret::kPrevious;
  c.rotated = Rotated::kPast;
  c.retry_allowed = true;
  c.late = Late::kNone;
  SessionState state = StateOf(c);
  const Cutoffs none = {kNoCutoff, kNoCutoff};
  const auto status_of = [&](IpBinding ip, FingerprintBinding fingerprint, const Client &client) {
    const RefreshPolicy policy = {{ip, 24, 64, fingerprint}, kInterval, KeyProof::kNotBound, LateRetry::kOnce};
    return Decide(state, TokenOf(c), client, policy, none, kNow).status;
  };
  const Client home = {kHome, true, Filled(0x11)}, neighbour = {kNeighbour, true, Filled(0x22)}, away = {kAway, false, {}};
  EXPECT_EQ(status_of(IpBinding::kExact, FingerprintBinding::kExact, home), Status::kReplayed);
  EXPECT_EQ(status_of(IpBinding::kExact, FingerprintBinding::kOff, neighbour), Status::kReuseDetected);
  EXPECT_EQ(status_of(IpBinding::kSubnet, FingerprintBinding::kOff, neighbour), Status::kReplayed);
  EXPECT_EQ(status_of(IpBinding::kSubnet, FingerprintBinding::kOff, away), Status::kReuseDetected);
  EXPECT_EQ(status_of(IpBinding::kLog, FingerprintBinding::kLog, away), Status::kReplayed);
  EXPECT_EQ(status_of(IpBinding::kOff, FingerprintBinding::kExact, neighbour), Status::kReuseDetected);
  EXPECT_EQ(status_of(IpBinding::kOff, FingerprintBinding::kExact, away), Status::kReuseDetected);
  // What the rotation's client did not tell is not compared.
  state.latest = kUnknownClient;
  EXPECT_EQ(status_of(IpBinding::kExact, FingerprintBinding::kExact, away), Status::kReplayed);
}

// A thief and a victim who take turns one step apart: whoever comes second presents the previous token of a successor that was
// used, which is no longer the previous one.
TEST(SessionPolicy, TwoHoldersWhoAlternateAreCaught) {
  Case c = {};
  c.row_has_previous = true;
  c.secret = Secret::kPrevious;
  c.retry_allowed = true;
  c.rotated = Rotated::kNow;
  SessionState state = StateOf(c);
  const RefreshPolicy policy = {{IpBinding::kOff, 24, 64, FingerprintBinding::kOff}, kInterval};
  const Cutoffs none = {kNoCutoff, kNoCutoff};
  // The thief used the token; the victim, late, gets the same successor again and again within the window.
  EXPECT_EQ(Decide(state, TokenOf(c), ClientOf(c), policy, none, kNow).status, Status::kReplayed);
  EXPECT_EQ(Decide(state, TokenOf(c), ClientOf(c), policy, none, kNow + kInterval - 1).status, Status::kReplayed);
  // One of them uses the successor: the other's token is now two steps old.
  state.previous_hash = state.current_hash;
  state.current_hash = Filled(0xD0);
  state.generation = 8;
  EXPECT_EQ(Decide(state, TokenOf(c), ClientOf(c), policy, none, kNow).status, Status::kReuseDetected);
}

TEST(SessionPolicy, NamesAreTheDocumentedOnes) {
  EXPECT_STREQ(NameOf(Status::kOk), "ok");
  EXPECT_STREQ(NameOf(Status::kReplayed), "replayed");
  EXPECT_STREQ(NameOf(Status::kLimitReached), "limit_reached");
  EXPECT_STREQ(NameOf(Status::kInvalid), "invalid");
  EXPECT_STREQ(NameOf(Status::kExpired), "expired");
  EXPECT_STREQ(NameOf(Status::kIdleExpired), "idle_expired");
  EXPECT_STREQ(NameOf(Status::kReuseDetected), "reuse_detected");
  EXPECT_STREQ(NameOf(Status::kIpMismatch), "ip_mismatch");
  EXPECT_STREQ(NameOf(Status::kFingerprintMismatch), "fingerprint_mismatch");
  EXPECT_STREQ(NameOf(Status::kProofRequired), "proof_required");
  EXPECT_STREQ(NameOf(Status::kProofInvalid), "proof_invalid");
  EXPECT_STREQ(NameOf(TokenAge::kCurrent), "current");
  EXPECT_STREQ(NameOf(TokenAge::kPrevious), "previous");
  EXPECT_STREQ(NameOf(TokenAge::kOld), "old");
  EXPECT_STREQ(NameOf(TokenAge::kNewer), "newer");
}

TEST(SessionEvent, AClosedListOfWhichSecurityEventsAreTold) {
  std::set<std::string> names, told;
  for (const Event event : UpTo(kLastEvent)) {
    names.insert(NameOf(event));
    EXPECT_EQ(EventNamed(NameOf(event)), event);
    if (IsSecurityEvent(event)) told.insert(NameOf(event));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kLastEvent) + 1) << "each has a name of its own";
  const std::set<std::string> expected = {"replay_elsewhere", "reuse_detected",  "ip_mismatch",    "fingerprint_mismatch",
                                          "session_revoked",  "others_revoked",  "user_revoked",   "all_revoked",
                                          "token_denied",     "api_key_revoked", "proof_mismatch", "locked",
                                          "unlocked",         "impersonated",    "late_replay"};
  EXPECT_EQ(told, expected);
  EXPECT_EQ(EventNamed("Login"), Event::kNone);
}

// Since when a session is over: by the user's cutoff before everybody's, by its greatest age before its idle end.
TEST(SessionPolicy, EndOfSaysWhyAndSinceWhen) {
  const Cutoffs none = {kNoCutoff, kNoCutoff};
  const auto end_of = [](Micros idle_end, Micros absolute_end, const Cutoffs &cutoffs) {
    return EndOf(kNow - 100 * kSecond, idle_end, absolute_end, cutoffs, kNow);
  };
  EXPECT_FALSE(end_of(kNow + 1, kNow + 1, none));
  EXPECT_FALSE(end_of(kNever, kNever, {kNow - 101 * kSecond, kNow - 101 * kSecond}));

  const auto idle = end_of(kNow, kNever, none);
  EXPECT_TRUE(idle && idle->status == Status::kIdleExpired && idle->event == Event::kExpired && idle->at == kNow);
  const auto old = end_of(kNow - 3, kNow - 3, none);
  EXPECT_TRUE(old && old->status == Status::kExpired && old->event == Event::kExpired && old->at == kNow - 3);
  const auto all = end_of(kNow - 3, kNow - 3, {kNoCutoff, kNow - 100 * kSecond});
  EXPECT_TRUE(all && all->status == Status::kInvalid && all->event == Event::kAllRevoked && all->at == kNow - 100 * kSecond);
  const auto user = end_of(kNow - 3, kNow - 3, {kNow - 50, kNow - 40});
  EXPECT_TRUE(user && user->status == Status::kInvalid && user->event == Event::kUserRevoked && user->at == kNow - 50);
}

}  // namespace
}  // namespace jwt_auth::session
