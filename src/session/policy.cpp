#include "session/policy.hpp"

#include <algorithm>

namespace jwt_auth::session {
namespace {

Micros SaturatingAdd(Micros a, Micros b) {
  Micros sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kNever : sum;
}

bool SameBits(const Address &a, const Address &b, unsigned bits) {
  const unsigned whole = bits / 8;
  if (!std::equal(a.bytes.begin(), a.bytes.begin() + whole, b.bytes.begin())) return false;
  const unsigned rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xFF << (8 - rest));
  return (a.bytes[whole] & mask) == (b.bytes[whole] & mask);
}

unsigned PrefixOf(const Address &address, const BindingPolicy &policy) {
  return address.is_v4 ? std::min<unsigned>(policy.prefix_v4, 32) : std::min<unsigned>(policy.prefix_v6, 128);
}

bool SameAddress(const Address &a, const Address &b) {
  return a.present == b.present && (!a.present || (a.is_v4 == b.is_v4 && a.bytes == b.bytes));
}

bool SameFingerprint(const FingerprintHash &a, const FingerprintHash &b) {
  return a.present == b.present && (!a.present || Equal(a.hash, b.hash));
}

}  // namespace

Address AddressV4(const unsigned char (&bytes)[4]) {
  Address address;
  address.present = address.is_v4 = true;
  std::copy(std::begin(bytes), std::end(bytes), address.bytes.begin());
  return address;
}

Address AddressV6(const unsigned char (&bytes)[16]) {
  constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(std::begin(kMapped), std::end(kMapped), bytes)) return AddressV4({bytes[12], bytes[13], bytes[14], bytes[15]});
  Address address;
  address.present = true;
  std::copy(std::begin(bytes), std::end(bytes), address.bytes.begin());
  return address;
}

Address NetworkOf(const Address &address, const BindingPolicy &policy) {
  Address network = address;
  const unsigned prefix = PrefixOf(address, policy);
  for (unsigned bit = prefix; bit < 128; ++bit) network.bytes[bit / 8] &= static_cast<unsigned char>(~(0x80 >> bit % 8));
  return network;
}

bool AddressAgrees(const Address &bound, const Address &presented, const BindingPolicy &policy) {
  if (policy.ip == IpBinding::kOff || !bound.present) return true;
  if (!presented.present || bound.is_v4 != presented.is_v4) return false;
  return SameBits(bound, presented, policy.ip == IpBinding::kSubnet ? PrefixOf(bound, policy) : (bound.is_v4 ? 32 : 128));
}

bool FingerprintAgrees(const FingerprintHash &bound, const FingerprintHash &presented, const BindingPolicy &policy) {
  if (policy.fingerprint == FingerprintBinding::kOff || !bound.present) return true;
  return presented.present && Equal(bound.hash, presented.hash);
}

Micros CreatedAt(Micros now, Micros user_cutoff, Micros global_cutoff) {
  const Micros cutoff = std::max(user_cutoff, global_cutoff);
  return cutoff >= now ? SaturatingAdd(cutoff, 1) : now;
}

Micros AbsoluteEnd(Micros created_at, Micros max_age) { return max_age == 0 ? kNever : SaturatingAdd(created_at, max_age); }

Micros IdleEnd(Micros now, Micros idle_ttl, Micros ends_at) { return std::min(SaturatingAdd(now, idle_ttl), ends_at); }

std::int64_t AccessExpiry(Micros now, Micros access_ttl, Micros session_end) {
  // The ttl counts from the second that iat names, so that exp - iat is the ttl.
  const Micros whole = now - now % jose::kMicrosPerSecond;
  return std::min(SaturatingAdd(whole, access_ttl), session_end) / jose::kMicrosPerSecond;
}

bool IsAlive(Micros created_at, Micros ends_at, Micros idle_ends_at, Micros user_cutoff, Micros global_cutoff, Micros now) {
  return created_at > user_cutoff && created_at > global_cutoff && now < ends_at && now < idle_ends_at;
}

Decision Decide(const SessionState &state, const Presentation &presented, const RefreshPolicy &policy, Micros now) {
  Decision decision;
  if (!Equal(state.family, presented.family)) return decision;

  const bool is_current = Equal(state.current, presented.secret);
  const bool is_previous = state.has_previous && Equal(state.previous, presented.secret);
  decision.presented = is_current                                ? PresentedToken::kCurrent
                       : is_previous                             ? PresentedToken::kPrevious
                       : presented.generation > state.generation ? PresentedToken::kAhead
                                                                 : PresentedToken::kOld;
  const auto answer = [&decision](Verdict verdict) {
    decision.verdict = verdict;
    return decision;
  };

  if (state.created_at <= policy.user_cutoff || state.created_at <= policy.global_cutoff) return answer(Verdict::kCutOff);
  if (now >= state.ends_at) return answer(Verdict::kExpired);
  if (now >= state.idle_ends_at) return answer(Verdict::kIdleExpired);

  const bool address_agrees = AddressAgrees(state.bound.address, presented.client.address, policy.binding);
  const bool fingerprint_agrees = FingerprintAgrees(state.bound.fingerprint, presented.client.fingerprint, policy.binding);
  if (!address_agrees && Enforces(policy.binding.ip)) return answer(Verdict::kIpMismatch);
  if (!fingerprint_agrees && Enforces(policy.binding.fingerprint)) return answer(Verdict::kFingerprintMismatch);

  if (is_current) {
    decision.log_ip_mismatch = !address_agrees;
    decision.log_fingerprint_mismatch = !fingerprint_agrees;
    return answer(Verdict::kRotate);
  }
  if (decision.presented == PresentedToken::kAhead) return answer(Verdict::kUnknownRotation);
  // A clock that was set back leaves the rotation in the future: still within the interval.
  if (is_previous && policy.reuse_interval > 0 && now - state.rotated_at < policy.reuse_interval) {
    decision.replayed_elsewhere = !SameAddress(state.last_rotated.address, presented.client.address) ||
                                  !SameFingerprint(state.last_rotated.fingerprint, presented.client.fingerprint);
    return answer(Verdict::kReplayed);
  }
  return answer(Verdict::kReuseDetected);
}

std::size_t SessionsOverLimit(std::size_t live, int limit) {
  if (limit <= 0 || live < static_cast<std::size_t>(limit)) return 0;
  return live - static_cast<std::size_t>(limit) + 1;
}

void OrderForEviction(LiveSession *sessions, std::size_t count, LimitPolicy policy) {
  std::sort(sessions, sessions + count, [policy](const LiveSession &a, const LiveSession &b) {
    if (policy == LimitPolicy::kEvictIdle && a.refreshed_at != b.refreshed_at) return a.refreshed_at < b.refreshed_at;
    if (a.created_at != b.created_at) return a.created_at < b.created_at;
    return a.id < b.id;
  });
}

}  // namespace jwt_auth::session
