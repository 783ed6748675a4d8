// Names, ids and numbers as texts: what is accepted has one spelling, and what is written is read again.
#include <algorithm>
#include <iterator>
#include <string>

#include "fuzz.hpp"
#include "jose/jwt/token_type.hpp"
#include "jose/proof/proof.hpp"
#include "session/audit.hpp"
#include "session/binding.hpp"
#include "session/credential.hpp"
#include "session/event.hpp"
#include "session/limit.hpp"
#include "session/policy.hpp"
#include "session/session_class.hpp"
#include "session/token_owner.hpp"
#include "session/user_key_range.hpp"
#include "session/user_number.hpp"
#include "session/version.hpp"

using namespace jwt_auth;
using fuzz::Require;

namespace {

void AnyName(std::string_view text) {
  const session::Event event = session::EventNamed(text);
  Require(event == session::Event::kNone || session::NameOf(event) == text, "an event has one name");
  const bool is_event_of_application = session::IsApplicationEvent(text);
  Require(!is_event_of_application || (text.substr(0, 4) == "app." && text.size() <= 63), "an application's event says so");
  Require(!is_event_of_application || event == session::Event::kNone, "it is none of ours");
  for (const session::AuditLevel level : session::kAuditLevels) (void)session::IsRecorded(level, event);
  if (const auto policy = session::LimitPolicyNamed(text)) Require(session::NameOf(*policy) == text, "a policy has one name");
  if (const auto binding = session::IpBindingNamed(text)) {
    Require(session::NameOf(*binding) == text, "a binding has one name");
    (void)session::Enforces(*binding);
  }
  if (const auto binding = session::FingerprintBindingNamed(text))
    Require(session::NameOf(*binding) == text, "so has the other");
  if (session::IsClassName(text)) {
    Require(!text.empty() && text.size() <= 63 && text.front() != ' ' && text.back() != ' ',
            "a class has a name without blanks");
    Require(std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; }),
            "and one to print");
  }
}

// Of each list of names: the number of the one that is meant.
void EachName(fuzz::Input input) {
  const std::size_t index = input.Byte();
  const auto event = static_cast<session::Event>(index % (static_cast<std::size_t>(session::kLastEvent) + 1));
  Require(session::EventNamed(session::NameOf(event)) == event, "an event is found by its name");
  (void)session::IsSecurityEvent(event);
  const auto level = session::kAuditLevels[index % std::size(session::kAuditLevels)];
  Require(session::NameOf(level)[0] != '\0' &&
              (level == session::AuditLevel::kAll) == session::IsRecorded(level, session::Event::kRefreshed),
          "a refresh is recorded only where all is");
  const auto limit = session::kLimitPolicies[index % std::size(session::kLimitPolicies)];
  Require(session::LimitPolicyNamed(session::NameOf(limit)) == limit, "a limit's policy is found by its name");
  const auto ip = session::kIpBindings[index % std::size(session::kIpBindings)];
  Require(session::IpBindingNamed(session::NameOf(ip)) == ip, "a binding is found by its name");
  const auto fingerprint = session::kFingerprintBindings[index % std::size(session::kFingerprintBindings)];
  Require(session::FingerprintBindingNamed(session::NameOf(fingerprint)) == fingerprint, "so is the other");
  const auto status = static_cast<session::Status>(index % (static_cast<std::size_t>(session::kLastStatus) + 1));
  Require(session::NameOf(status)[0] != '\0', "a status has a name");
  for (const session::LateRetry policy : session::kLateRetries) Require(session::NameOf(policy)[0] != '\0', "so has a policy");
  const auto refusal = static_cast<jose::ProofRefusal>(index % (static_cast<std::size_t>(jose::ProofRefusal::kRepeated) + 1));
  Require(jose::NameOf(refusal)[0] != '\0' && jose::DescriptionOf(refusal)[0] != '\0', "a refusal of a proof is told");
}

void AnyId(std::string_view text) {
  session::SessionId id{};
  if (session::ParseSessionId(text, id)) {
    Require(session::FormatSessionId(id) == text, "an id has one spelling");
    (void)session::UserKeyIn(id);
    (void)session::TimeIn(id);
  }
  if (const auto number = session::NumberOfUser(text)) Require(std::to_string(*number) == text, "a number has one spelling");
  const std::int64_t version = session::ReadVersion(text);
  Require(version == 0 || std::to_string(version).size() <= text.size(), "a version is in its text");
  const std::string_view bare = session::WithoutPadding(text);
  Require(bare.empty() || bare.back() != ' ', "an id ends with no blank");
  Require(session::UserKeyOf("", bare) == session::UserKeyOf("", session::WithoutPadding(std::string(text) + " ")),
          "padding makes no other user");
  session::UserKeyRanges ranges;
  if (session::ParseUserKeyRanges(text, ranges)) {
    Require(ranges.count <= session::UserKeyRanges::kMax, "there are not more ranges than fit");
    for (std::uint32_t i = 0; i < ranges.count; ++i)
      Require(ranges.Contains(ranges.ranges[i].first) && ranges.Contains(ranges.ranges[i].last), "a range holds its ends");
  }
  (void)session::ClaimedOwner(text);
  const Error refusal{ErrorCode::kMalformed, "not a token"};
  Require(session::NameCredential(text, refusal).code == ErrorCode::kMalformed, "another credential is no token");
}

void MadeId(fuzz::Input input) {
  session::Micros time = 0;
  for (int i = 0; i < 6; ++i) time = time << 8 | input.Byte();
  const auto key = static_cast<session::UserKey>(input.Number() << 16 | input.Number());
  const session::SessionId id = session::MakeSessionId(time, key, {input.Byte(), input.Byte(), input.Byte(), input.Byte()});
  Require(session::UserKeyIn(id) == key, "an id names its user's key");
  Require(session::TimeIn(id) <= time && time - session::TimeIn(id) <= 1, "and its time");
  Require(session::FirstIdAfter(time) > id, "the next id is greater");
  session::SessionId again{};
  Require(session::ParseSessionId(session::FormatSessionId(id), again) && again == id, "an id comes back from its text");
}

void AnyType(fuzz::Input input) {
  const std::string_view purpose = input.Text();
  const std::string_view type = input.Rest();
  Require(jose::IsSameType(purpose, type) == jose::IsSameType(type, purpose), "two types are the same either way");
  Require(jose::IsSameType(type, type), "a type is itself");
  using Rule = jose::ExpectedType::Rule;
  const std::vector<std::string> names = {std::string(purpose), "JWT"};
  for (const Rule rule : {Rule::kAny, Rule::kAccessToken, Rule::kUntyped, Rule::kNamed, Rule::kPurpose, Rule::kOneOf}) {
    const jose::ExpectedType expected{rule, purpose, false, &names};
    const bool fits = jose::IsExpectedType(type, expected);
    Require(rule != Rule::kAny || fits, "any type is one");
    Require(rule != Rule::kAccessToken || fits == jose::IsSameType(type, jose::kAccessTokenType),
            "an access token says what it is");
    Require(rule != Rule::kNamed || fits == jose::IsSameType(type, purpose), "a named type is that one");
    const bool fits_without = jose::IsExpectedType(std::nullopt, expected);
    Require(!fits_without || rule == Rule::kAny || rule == Rule::kUntyped || rule == Rule::kOneOf,
            "a token without a type has none");
  }
  if (jose::CheckPurpose(purpose) != jose::PurposeCheck::kGood) return;
  const std::string made = jose::TypeOfPurpose(purpose);
  Require(jose::IsExpectedType(made, {Rule::kPurpose, purpose, false, nullptr}), "a token for a purpose is for it");
  Require(!jose::IsExpectedType(made, {Rule::kAccessToken, {}, true, nullptr}), "and opens nothing else");
}

}  // namespace

FUZZ_TARGET(input) {
  switch (input.Choice(5)) {
    case 0:
      return AnyName(input.Rest());
    case 1:
      return EachName(input);
    case 2:
      return AnyId(input.Rest());
    case 3:
      return MadeId(input);
    default:
      return AnyType(input);
  }
}
