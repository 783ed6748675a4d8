#include "pg/identity/purpose.hpp"

namespace jwt_auth::pg {

jose::ExpectedType purpose_argument(FunctionCallInfo fcinfo, int index) {
  const std::string_view purpose = required_bytes(fcinfo, index, "purpose");
  const jose::PurposeCheck check = jose::CheckPurpose(purpose);
  if (check == jose::PurposeCheck::kMalformed)
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid purpose of a token"),
             errhint("A purpose has 1 to 64 characters: small letters, digits, \".\" and \"-\", the first one a letter.")));
  if (check == jose::PurposeCheck::kReserved)
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
             errmsg("purpose \"%s\" is reserved", pnstrdup(purpose.data(), purpose.size())),
             errhint("Tokens of type \"%s+jwt\" mean something else to other software. Choose a name of your own, such as "
                     "\"confirm-email\".",
                     pnstrdup(purpose.data(), purpose.size()))));
  return {jose::ExpectedType::Rule::kPurpose, purpose, false};
}

}  // namespace jwt_auth::pg
