// Late retries as a session lives through them: every order of up to eight presentations by a client, its second tab and a
// thief is played against session::Decide, and what is promised of them is asserted.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "session/policy.hpp"

namespace jwt_auth::session {
namespace {

constexpr int kSteps = 8;
constexpr Micros kStart = 1'700'000'000'000'000;
constexpr Micros kInterval = 10 * kMicrosPerSecond;
constexpr Micros kSoon = kMicrosPerSecond / 2;  // so small that a whole order of them is within the interval
constexpr Micros kLater = 2 * kInterval;

// Tokens are numbered as they are made: number n is of generation n. 0 is the log-in's.
struct Session {
  SessionState row{};
  Micros now = kStart;
  LateRetry late_retry = LateRetry::kOnce;
  bool ended = false;
  int late_replays = 0;  // as events tell of them

  explicit Session(LateRetry policy) : late_retry(policy) {
    row.created_at = row.refreshed_at = kStart;
    row.absolute_end = row.idle_end = kNever;
    row.current_hash = HashOfToken(0);
    row.bound = row.latest = kUnknownClient;
  }

  static Hash HashOfToken(int token) {
    Hash hash{};
    hash[0] = static_cast<unsigned char>(token + 1);
    return hash;
  }

  int current() const { return static_cast<int>(row.generation); }

  // What refresh_session does: the token of the answer, or -1.
  int Present(int token) {
    if (ended) return -1;
    const RefreshPolicy policy = {
        {IpBinding::kOff, 24, 64, FingerprintBinding::kOff}, kInterval, KeyProof::kNotBound, late_retry};
    const RefreshTokenHashes hashes = {SessionId{}, static_cast<std::uint32_t>(token), Hash{}, HashOfToken(token), true};
    const Decision decision = Decide(row, hashes, kUnknownClient, policy, {kNoCutoff, kNoCutoff}, now);
    ended = decision.ends;
    if (decision.status == Status::kOk) {
      row.has_previous = true;
      row.previous_hash = row.current_hash;
      row.current_hash = HashOfToken(current() + 1);
      row.generation++;
      row.refreshed_at = now;
      return current();
    }
    if (decision.event == Event::kLateReplay) {
      row.late = LateReplay{row.generation, now};
      late_replays++;
    }
    return decision.status == Status::kReplayed ? current() : -1;
  }
};

// A client with one request at a time.
struct Holder {
  int held = 0;
  bool has_lost = false;  // an answer of the latest rotation

  // Whether the next answer is the first of a rotation, and none of the rotation before was lost.
  bool MayLose(const Session &session) const { return held == session.current() && !has_lost; }
  // False if it was refused.
  bool Present(Session &session, bool is_lost) {
    const bool rotates = held == session.current();
    const int answer = session.Present(held);
    if (answer < 0) return false;
    has_lost = is_lost || (has_lost && !rotates);
    if (!is_lost) held = answer;
    return true;
  }
};

// Calls `play` with every sequence of choices, each below `choices`, of exactly kSteps.
template <class Play>
void EveryOrder(int choices, const Play &play) {
  std::array<int, kSteps> order{};
  for (bool more = true; more;) {
    play(order);
    more = false;
    for (int &choice : order) {
      if (++choice < choices) {
        more = true;
        break;
      }
      choice = 0;
    }
  }
}

std::string Text(const std::array<int, kSteps> &order) {
  std::string text;
  for (const int choice : order) text += std::to_string(choice);
  return text;
}

// The promise: a client that presents one request at a time and loses no answer in two successive rotations keeps its session.
// Each step is a presentation, soon or later than the one before; its answer arrives or is lost.
TEST(LateRetryOrders, AClientThatLosesNoAnswerInTwoSuccessiveRotationsKeepsItsSession) {
  int kept = 0;
  EveryOrder(4, [&](const std::array<int, kSteps> &order) {
    Session session(LateRetry::kOnce);
    Holder client;
    for (const int choice : order) {
      session.now += (choice & 1) != 0 ? kLater : kSoon;
      ASSERT_TRUE(client.Present(session, (choice & 2) != 0 && client.MayLose(session))) << Text(order);
    }
    kept++;
  });
  EXPECT_EQ(kept, 65536);
}

// What is not promised is not given: who is late in two successive rotations is refused.
TEST(LateRetryOrders, WhoIsLateInTwoSuccessiveRotationsIsRefused) {
  Session session(LateRetry::kOnce);
  Holder client;
  const auto present = [&](bool is_lost) {
    session.now += kLater;
    return client.Present(session, is_lost);
  };
  EXPECT_TRUE(present(true));
  EXPECT_TRUE(present(false));
  EXPECT_TRUE(present(true));
  EXPECT_FALSE(present(false));
}

// With `never` a retry after the interval ends the session, as in version 1.1, and nothing else has changed.
TEST(LateRetryOrders, WithNeverEveryLateRetryIsTheft) {
  EveryOrder(4, [&](const std::array<int, kSteps> &order) {
    Session session(LateRetry::kNever);
    Holder client;
    for (const int choice : order) {
      session.now += (choice & 1) != 0 ? kLater : kSoon;
      const bool rotates = client.held == session.current();
      const bool is_inside = session.now - session.row.refreshed_at < kInterval;
      const bool was_ended = session.ended;
      const bool answered = client.Present(session, (choice & 2) != 0);
      ASSERT_EQ(answered, !was_ended && (rotates || is_inside)) << Text(order);
    }
    ASSERT_EQ(session.late_replays, 0);
  });
}

// The promise: of a thief with an old token, outside the interval, the first presentation is an event, the second is refused.
// The client goes on meanwhile and may lose answers. Choices: client soon, client later, client later and its answer is lost,
// thief later.
TEST(LateRetryOrders, AThiefWithAnOldTokenIsAnEventAndThenRefused) {
  int refused = 0;
  for (int copied = 0; copied < kSteps; copied++) {
    EveryOrder(4, [&](const std::array<int, kSteps> &order) {
      Session session(LateRetry::kOnce);
      Holder client;
      int stolen = copied, served = 0;
      for (const int choice : order) {
        if (choice < 3) {
          session.now += choice == 0 ? kSoon : kLater;
          client.Present(session, choice == 2);
          continue;
        }
        session.now += kLater;
        if (session.ended || stolen >= session.current()) continue;  // there is no such token yet, or it is the current one
        const int events = session.late_replays;
        const int answer = session.Present(stolen);
        if (answer < 0) {
          refused++;
          ASSERT_TRUE(session.ended) << Text(order);
          continue;
        }
        served++;
        ASSERT_EQ(session.late_replays, events + 1) << Text(order);
        ASSERT_EQ(served, 1) << Text(order) << " with token " << copied;
        stolen = answer;  // it goes on with what it got once that is old too
      }
    });
  }
  EXPECT_GT(refused, 0);
}

// A thief who copied the current token and the client go on with their copies, outside the interval: whoever is behind is found
// out at its second turn, with `never` at its first. Choices: client, thief. Turns count how often the one who presents
// changes.
TEST(LateRetryOrders, AThiefWithTheCurrentTokenIsFoundOut) {
  for (const LateRetry policy : kLateRetries) {
    int most_turns = 0;
    EveryOrder(2, [&](const std::array<int, kSteps> &order) {
      Session session(policy);
      std::array<int, 2> held{};  // of client and thief: the same copy
      int turns = 0, last = order[0];
      for (const int who : order) {
        session.now += kLater;
        if (who != last) turns++;
        last = who;
        const int answer = session.Present(held[who]);
        if (answer < 0) break;
        held[who] = answer;
        most_turns = std::max(most_turns, turns);
      }
    });
    // Once: one rotates, the other gets the same token late (1), the first rotates (2), and the other's second turn is refused.
    EXPECT_EQ(most_turns, policy == LateRetry::kOnce ? 2 : 0);
  }
}

// No more and no less than the rule, whoever presents what: a client that loses any answers, and a thief who goes on from a
// copy of one of the first tokens, soon or later. Choices: client soon, later, later and its answer is lost; thief soon, later.
TEST(LateRetryOrders, AnOldTokenIsServedAsTheRuleAllowsAndElseEndsTheSession) {
  int late = 0, ended = 0;
  for (int copied = 0; copied < 2; copied++) {
    EveryOrder(5, [&](const std::array<int, kSteps> &order) {
      Session session(LateRetry::kOnce);
      int client = 0, thief = copied;
      int late_generation = -1;  // of the latest late replay
      Micros late_at = 0;
      for (const int choice : order) {
        const bool is_client = choice < 3;
        session.now += choice == 0 || choice == 3 ? kSoon : kLater;
        int &held = is_client ? client : thief;
        if (held > session.current()) continue;  // there is no such token yet
        const int generation = session.current(), events = session.late_replays;
        const bool is_previous = held + 1 == generation;
        const bool is_soon = session.now - session.row.refreshed_at < kInterval;
        const bool is_again = late_generation == generation && session.now - late_at < kInterval;
        const bool is_first = late_generation < 0 || generation >= late_generation + 2;
        const int answer = session.Present(held);
        if (held == generation) {
          ASSERT_EQ(answer, generation + 1) << Text(order);
        } else if (is_previous && (is_soon || is_again || is_first)) {
          ASSERT_EQ(answer, generation) << Text(order);
        } else {
          ASSERT_EQ(answer, -1) << Text(order);
          ASSERT_TRUE(session.ended) << Text(order);
          ended++;
          break;
        }
        // Whoever is served late is an event, once.
        const bool is_event = is_previous && !is_soon && !is_again;
        ASSERT_EQ(session.late_replays - events, is_event ? 1 : 0) << Text(order);
        if (is_event) {
          late_generation = generation;
          late_at = session.now;
          late++;
        }
        if (choice != 2) held = answer;
      }
    });
  }
  EXPECT_GT(late, 0);
  EXPECT_GT(ended, 0);
}

// Two tabs of one browser share the token that they hold. Those that wake together present the same copy, one soon after the
// other, and every pause is longer than the interval. Choices of a wake: one tab; both; both, and no answer arrives; one, and
// it is lost.
TEST(LateRetryOrders, TwoTabsThatWakeTogetherStayLoggedIn) {
  for (const LateRetry policy : kLateRetries) {
    EveryOrder(policy == LateRetry::kOnce ? 4 : 2, [&](const std::array<int, kSteps> &order) {
      Session session(policy);
      Holder browser;
      for (const int choice : order) {
        session.now += kLater;
        const bool is_lost = choice >= 2 && browser.MayLose(session);
        const int woken_with = browser.held;
        ASSERT_TRUE(browser.Present(session, is_lost)) << Text(order);
        if (choice != 1 && choice != 2) continue;
        session.now += kSoon;
        ASSERT_EQ(session.Present(woken_with), session.current()) << Text(order);
      }
    });
  }
}

}  // namespace
}  // namespace jwt_auth::session
