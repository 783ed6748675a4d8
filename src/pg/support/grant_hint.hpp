// The server refuses a role that may not call one of our functions, before any code of ours runs, and says nothing of what
// would grant it. This adds a hint to that message wherever the library is loaded.
#pragma once

namespace jwt_auth::pg {

// Once, when the library is loaded.
void init_grant_hint();

}  // namespace jwt_auth::pg
