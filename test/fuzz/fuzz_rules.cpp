// The rules of a session at any times, those in damaged rows among them: what each header promises of an answer.
#include <algorithm>
#include <iterator>
#include <vector>

#include "fuzz.hpp"
#include "session/answer_window.hpp"
#include "session/api_key.hpp"
#include "session/challenge.hpp"
#include "session/forgetting.hpp"
#include "session/import.hpp"
#include "session/limit.hpp"
#include "session/policy.hpp"
#include "session/session_class.hpp"
#include "session/shown_proof.hpp"
#include "session/standby.hpp"
#include "session/token_verdict.hpp"

using namespace jwt_auth;
using fuzz::Require;
using session::kNever;
using session::kNoCutoff;
using session::Micros;

namespace {

// What the clock of the server may say: 1970 to some year after 60,000.
constexpr Micros kLatestClock = 2000000000000000000;

Micros Raw(fuzz::Input &input) {
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | input.Byte();
  return static_cast<Micros>(bits);
}
Micros Clock(fuzz::Input &input) { return (Raw(input) & kNever) % kLatestClock; }
// Any time, often one that lies close to `now` or is a limit.
Micros Time(fuzz::Input &input, Micros now) {
  switch (input.Choice(5)) {
    case 0:
      return kNever;
    case 1:
      return kNoCutoff;
    case 2:
      return now - 128 + input.Byte();
    case 3:
      return now - (static_cast<Micros>(input.Number()) - 32768) * jose::kMicrosPerSecond;
    default:
      return Raw(input);
  }
}
// Settings are bounded: up to 68 years.
Micros Lifetime(fuzz::Input &input) { return static_cast<Micros>(input.Number()) * 32767 * jose::kMicrosPerSecond; }

session::Hash HashOf(fuzz::Input &input) {
  session::Hash hash{};
  hash[0] = static_cast<unsigned char>(input.Choice(3));
  return hash;
}
session::Cutoffs CutoffsOf(fuzz::Input &input, Micros now) { return {Time(input, now), Time(input, now), Time(input, now)}; }
session::LifetimePolicy LifetimesOf(fuzz::Input &input) { return {Lifetime(input), Lifetime(input), Lifetime(input)}; }
session::Client ClientOf(fuzz::Input &input) {
  session::Client client = session::kUnknownClient;
  unsigned char bytes[16] = {192, 0, 2};
  const std::size_t family = input.Choice(3);
  bytes[3] = input.Byte();
  if (family != 0)
    client.address = session::MakeAddress(family == 1 ? session::Address::Family::kV4 : session::Address::Family::kV6, bytes);
  client.has_fingerprint = input.Choice(2) == 0;
  client.fingerprint = HashOf(input);
  return client;
}

void Lifetimes(fuzz::Input input) {
  const Micros now = Clock(input);
  const session::Cutoffs cutoffs = CutoffsOf(input, now);
  const session::LifetimePolicy policy = LifetimesOf(input);
  const Micros created_at = session::CreationTime(now, cutoffs);
  Require(created_at >= now, "a session begins now or later");
  Require(session::IsAfterCutoffs(created_at, cutoffs) || std::max(cutoffs.user, cutoffs.global) == kNever,
          "a new session is after every cutoff that ends");
  const Micros end = session::AbsoluteEnd(created_at, policy);
  Require(end >= created_at, "a session does not end before it begins");
  const Micros idle = session::IdleEnd(now, end, policy);
  Require(idle <= end, "the idle end is not after the absolute one");
  const std::int64_t expiry = session::AccessExpiry(now, idle, policy);
  Require(expiry <= session::WholeSeconds(idle), "an access token ends with its session");
  const Micros stored = Time(input, now);
  Require(session::AuthTime(stored, created_at, now) <= now, "nobody has logged in later than now");
  if (session::LiesAhead(stored, created_at, now)) {
    const Micros refreshed_at = Time(input, now);
    const session::SessionTimes times = session::CorrectedTimes(created_at, refreshed_at, end, idle, now);
    Require(times.auth_time <= now && times.absolute_end <= end && times.idle_end <= idle,
            "correcting a clock lengthens nothing");
  }
  Require(session::SweepDay(idle) > session::DayOf(idle), "a session is swept after its end");
  const Micros end_at_refresh = session::EndAtRefresh(created_at, end, input.Choice(2) == 0, policy);
  Require(end_at_refresh >= created_at, "a refreshed session does not end before it began");
}

void Endings(fuzz::Input input) {
  const Micros now = Clock(input);
  const session::Cutoffs cutoffs = CutoffsOf(input, now);
  const Micros created_at = Time(input, now), idle = Time(input, now), absolute = Time(input, now);
  const auto ending = session::EndOf(created_at, idle, absolute, cutoffs, now);
  const bool lives = session::IsAfterCutoffs(created_at, cutoffs) && now < idle && now < absolute;
  Require(lives == !ending.has_value(), "a session lives after the cutoffs and before its ends");
  const Micros later = std::max(now, Time(input, now));
  Require(!ending || session::EndOf(created_at, idle, absolute, cutoffs, later), "what has ended stays ended");

  session::SessionTokenState state{
      created_at, absolute, idle, input.Choice(2) == 1, {Raw(input), Raw(input)}, {Raw(input), Raw(input)}};
  const session::TokenVerdict verdict = session::JudgeSessionToken(state, cutoffs, now);
  const bool good = lives && !session::IsLocked(cutoffs, now) && !state.is_denied && !session::IsStale(state.token, state.now);
  Require(good == (verdict == session::TokenVerdict::kGood), "a token is good while its session lives and nothing refuses it");
  Require(good == (session::RefusalOf(verdict) == nullptr), "each refusal is told");
  const session::Replay replay{input.Choice(2) == 1, input.Choice(2) == 1, Clock(input), static_cast<Micros>(input.Number())};
  const session::TokenVerdict on_standby = session::JudgeOnStandby(verdict, {created_at, Time(input, now)}, replay);
  Require((on_standby == session::TokenVerdict::kGood) == good, "a standby accepts what the primary accepts");

  const Micros issued_at = Time(input, now);
  const std::int64_t version = Raw(input);
  const bool issued_good = session::JudgeIssuedToken(issued_at, cutoffs, version, now) == session::TokenVerdict::kGood;
  Require(!issued_good || (issued_at >= cutoffs.user && issued_at >= cutoffs.global && !session::IsLocked(cutoffs, now)),
          "no token from before a cutoff is good");
  const bool actor_good = session::JudgeActor(issued_at, cutoffs, now) == session::TokenVerdict::kGood;
  Require(!actor_good || (issued_at > cutoffs.user && !session::IsLocked(cutoffs, now)), "a cutoff of the actor ends it");

  const auto any =
      static_cast<session::TokenVerdict>(input.Choice(static_cast<std::size_t>(session::TokenVerdict::kStale) + 1));
  Require((any == session::TokenVerdict::kGood) == (session::RefusalOf(any) == nullptr), "each verdict but one is a refusal");

  const session::AnswerWindow window = session::WindowOf(now, issued_at, absolute);
  Require(!session::IsWithin(window, later) || (later >= now && later < absolute), "a kept answer ends with its token");
  const std::int64_t next = session::NextVersion(version, now);
  Require(next >= now && (next > version || version == kNever), "a version rises");
}

void Refreshes(fuzz::Input input) {
  const Micros now = Clock(input);
  const session::Cutoffs cutoffs = CutoffsOf(input, now);
  session::SessionState state{};
  state.created_at = Time(input, now);
  state.auth_time = Time(input, now);
  state.refreshed_at = Time(input, now);
  state.idle_end = Time(input, now);
  state.absolute_end = Time(input, now);
  state.generation = static_cast<std::uint32_t>(Raw(input));
  state.current_hash = HashOf(input);
  state.has_previous = input.Choice(2) == 0;
  state.previous_hash = HashOf(input);
  state.bound = ClientOf(input);
  state.latest = ClientOf(input);
  if (input.Choice(2) == 0) state.late = session::LateReplay{static_cast<std::uint32_t>(Raw(input)), Time(input, now)};
  session::RefreshTokenHashes token{};
  token.generation = input.Choice(2) == 0 ? state.generation + 1 : static_cast<std::uint32_t>(Raw(input));
  token.family_hash = HashOf(input);
  token.secret_hash = HashOf(input);
  token.has_proven_generation = input.Choice(2) == 0;
  const session::Client client = ClientOf(input);
  session::RefreshPolicy policy{};
  policy.binding = {session::kIpBindings[input.Choice(std::size(session::kIpBindings))], input.Byte() % 33, input.Byte() % 129,
                    session::kFingerprintBindings[input.Choice(std::size(session::kFingerprintBindings))]};
  policy.reuse_interval = static_cast<Micros>(input.Number()) * 10000;
  policy.key = static_cast<session::KeyProof>(input.Choice(4));
  policy.late_retry = session::kLateRetries[input.Choice(2)];

  const session::Decision decision = session::Decide(state, token, client, policy, cutoffs, now);
  Require(session::NameOf(decision.status)[0] != '\0' && session::NameOf(decision.token_age)[0] != '\0',
          "each answer has a name");
  const bool knows_family = token.family_hash == state.family_hash;
  const bool is_accepted = decision.status == session::Status::kOk || decision.status == session::Status::kReplayed;
  Require(knows_family || (decision.status == session::Status::kInvalid && !decision.ends), "a stranger ends nothing");
  if (!is_accepted) return;
  Require(!session::EndOf(state.created_at, state.idle_end, state.absolute_end, cutoffs, now), "only a living session goes on");
  Require(policy.key == session::KeyProof::kNotBound || policy.key == session::KeyProof::kProven, "its key was proven");
  Require(session::CheckAddress(policy.binding, state.bound.address, client.address) != session::BindingCheck::kViolated &&
              session::CheckFingerprint(policy.binding, state.bound, client) != session::BindingCheck::kViolated,
          "its binding holds");
  const bool is_current = token.secret_hash == state.current_hash;
  const bool is_previous = state.has_previous && token.secret_hash == state.previous_hash;
  Require(decision.status == session::Status::kOk ? is_current : is_previous, "the token is the current one or the one before");
  Require(!decision.ends, "what goes on does not end");
  const auto network = session::BoundNetwork(policy.binding, state.bound.address);
  Require(!network || session::Contains(*network, state.bound.address), "a session is bound to where it began");
  (void)session::CarriesFingerprint(policy.binding, state.bound);
}

void Limits(fuzz::Input input) {
  const session::LimitPolicy policy = session::kLimitPolicies[input.Choice(std::size(session::kLimitPolicies))];
  const int limit = static_cast<int>(input.Choice(6));
  const session::SessionClass its_class{
      {}, {}, {}, input.Choice(2) == 0 ? std::optional<int>(limit) : std::nullopt, policy, input.Choice(4) != 0};
  const bool has_class = input.Choice(2) == 0;
  const session::LimitRule rule =
      session::LimitOf(has_class ? std::optional<session::SessionClass>(its_class) : std::nullopt, {limit, policy}, {});
  Require(rule.limit == limit || (rule.limit == 0 && has_class && !its_class.listed), "a limit is the one that was set");
  const session::LifetimePolicy settings = LifetimesOf(input);
  const session::LifetimePolicy lifetimes = session::LifetimesOf(has_class ? std::optional(its_class) : std::nullopt, settings);
  Require(lifetimes.access_token_ttl == settings.access_token_ttl && lifetimes.refresh_token_ttl == settings.refresh_token_ttl,
          "what a class does not say is as the settings have it");
  std::vector<session::LiveSession> live(input.Choice(9));
  for (std::size_t i = 0; i < live.size(); ++i) {
    live[i].id[15] = static_cast<unsigned char>(i);
    live[i].created_at = input.Byte();
    live[i].refreshed_at = input.Byte();
    live[i].is_same_device = input.Choice(4) == 3;
  }
  const session::Room room = session::MakeRoom(live, limit, policy);
  if (!room.granted) {
    Require(policy == session::LimitPolicy::kReject && room.evicted.empty() && room.replaced.empty(), "only kReject refuses");
    return;
  }
  Require(room.evicted.empty() || policy != session::LimitPolicy::kReject, "kReject ends nobody's session");
  const std::size_t left = live.size() - room.evicted.size() - room.replaced.size() + 1;
  Require(limit == 0 || left <= static_cast<std::size_t>(limit), "the limit holds with the new session");
  const bool is_needed = room.evicted.empty() || left == static_cast<std::size_t>(limit);
  Require(is_needed, "no more sessions end than have to");
}

void Keys(fuzz::Input input) {
  const Micros now = Clock(input);
  const session::Cutoffs cutoffs = CutoffsOf(input, now);
  const session::Client client = ClientOf(input);
  const session::Network network = session::NetworkOf(client.address, input.Byte() % (client.address.bits() + 1));
  const session::ApiKeyState state{HashOf(input), Time(input, now), Time(input, now), &network, input.Choice(2)};
  const session::PresentedApiKey presented{{}, HashOf(input)};
  const session::Address from = ClientOf(input).address;
  const session::ApiKeyVerdict verdict = session::JudgeApiKey(state, presented, from, cutoffs, now);
  if (verdict == session::ApiKeyVerdict::kGood) {
    Require(presented.secret_hash == state.secret_hash && now < state.expires_at && !session::IsLocked(cutoffs, now) &&
                session::IsAfterCutoffs(state.created_at, cutoffs) && session::IsAllowedFrom(state, from),
            "a good key is known, young enough and used from where it may be");
    Require(session::JudgeExchangedKey(state, cutoffs, now) == session::ApiKeyVerdict::kGood,
            "so is what it was exchanged for");
  } else {
    Require(session::StatusOf(verdict) != session::Status::kOk, "a refusal has a status");
    (void)session::RefusalOf(verdict);
  }

  std::vector<session::KeyHistory> ring(input.Choice(4));
  for (session::KeyHistory &key : ring)
    key = {Time(input, now), Lifetime(input), Time(input, now), input.Choice(2) == 1, Time(input, now)};
  const Micros ttl = Lifetime(input);
  const Micros leeway = static_cast<Micros>(input.Number()) * jose::kMicrosPerSecond;
  const Micros spent = session::SpentCutoffs(ring.data(), ring.size(), now, leeway);
  const Micros end = session::LastTokenEnd(ring.data(), ring.size(), session::SignedTokens::kAll, ttl, now);
  const Micros end_of_ours = session::LastTokenEnd(ring.data(), ring.size(), session::SignedTokens::kOurs, ttl, now);
  Require(spent <= now && end >= now && end_of_ours <= end,
          "cutoffs of the future are not spent, and the last token ends later");
  const Micros forgotten_at = Time(input, now);
  Require(session::CutoffSinceForgotten(cutoffs.user, forgotten_at) >= std::max(cutoffs.user, forgotten_at),
          "who was forgotten stays cut off");
  Require(session::TombstoneName("server", "ann") != session::TombstoneName("another", "ann"), "a tombstone is one server's");

  const session::ImportedTimes times{Time(input, now), Time(input, now)};
  const session::LifetimePolicy lifetimes = LifetimesOf(input);
  const session::ImportDecision imported = session::DecideImport(times, lifetimes, cutoffs, now);
  if (imported.verdict != session::ImportVerdict::kGood) return;
  Require(times.created_at <= now && imported.idle_end > now && imported.idle_end <= times.expires_at &&
              imported.idle_end <= imported.absolute_end,
          "an imported session has begun, lives, and ends when its token would have");
  Require(!session::EndOf(times.created_at, imported.idle_end, imported.absolute_end, cutoffs, now), "and it lives here");
}

void Proofs(fuzz::Input input) {
  const Micros now = Clock(input);
  session::ProofBucket bucket{};
  // Several are shown, few names and keys, so that they meet.
  for (int i = 0; i < 40; ++i) {
    session::ShownProof shown{};
    shown.name[0] = static_cast<unsigned char>(1 + input.Choice(48));
    shown.key = 1 + input.Choice(4);
    shown.good_until = Time(input, now);
    shown.transaction = 1 + input.Choice(3);
    const session::ShowingDecision decision = session::DecideShowing(bucket, shown, now);
    Require(decision.showing == session::Showing::kRepeated || decision.place < bucket.size(), "a place is in the bucket");
    if (decision.showing != session::Showing::kFirst) continue;
    bucket[decision.place] = shown;
    if (shown.good_until < now) continue;
    session::ShownProof again = shown;
    again.transaction += 3;
    Require(session::DecideShowing(bucket, again, now).showing == session::Showing::kRepeated, "another can not show it");
    Require(session::DecideShowing(bucket, shown, now).showing == session::Showing::kAgain, "the same transaction can");
    if (input.Choice(4) != 3) continue;
    session::ForgetShowing(bucket, shown);
    Require(session::DecideShowing(bucket, again, now).showing == session::Showing::kFirst, "what is forgotten was not shown");
  }

  constexpr std::string_view kSecret = "a secret of thirty-two bytes.....";
  const std::string nonce = session::MakeProofNonce(kSecret, now);
  const Micros lifetime = Lifetime(input) + jose::kMicrosPerSecond;
  Require(session::IsFreshProofNonce(kSecret, nonce, now, lifetime, 0), "a new nonce is fresh");
  Require(!session::IsFreshProofNonce("another", nonce, now, lifetime, 0), "a nonce is one server's");
  session::ChallengedSession challenged{{}, static_cast<std::uint32_t>(input.Number()), HashOf(input), input.Choice(2) == 0};
  const std::string challenge = session::MakeChallenge(kSecret, challenged, now);
  Require(session::IsGoodChallenge(kSecret, challenge, challenged, now, 0), "a new challenge is good");
  ++challenged.generation;
  Require(!session::IsGoodChallenge(kSecret, challenge, challenged, now, 0), "a rotation uses it up");
  const std::string_view other = input.Rest();
  Require(other == nonce || !session::IsFreshProofNonce(kSecret, other, now, lifetime, 0), "only what was made is a nonce");
}

}  // namespace

FUZZ_TARGET(input) {
  switch (input.Choice(6)) {
    case 0:
      return Lifetimes(input);
    case 1:
      return Endings(input);
    case 2:
      return Refreshes(input);
    case 3:
      return Limits(input);
    case 4:
      return Keys(input);
    default:
      return Proofs(input);
  }
}
