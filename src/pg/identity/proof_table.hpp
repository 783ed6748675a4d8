// Proofs that authenticate() and pre_request() accepted lately, in shared memory where the library is preloaded, so that each
// is good once on this server. These functions work where nothing can be written, so no table of the database has it.
//
// The size is fixed (jwt_auth.proof_table_size), and the memory is lost when the server is restarted: what it has forgotten is
// refused for its age, at most jwt_auth.proof_max_age later. session/shown_proof.hpp says who makes room.
#pragma once

#include "pg/identity/proof.hpp"

namespace jwt_auth::pg {

// Asks for the memory, and to be told of the end of transactions; called once, when the library is loaded.
void init_proof_table();

// Postgres phase: notes that a proof that was found good is shown. False: another transaction showed it. The transaction that
// showed it may show it again, and one that fails with an error has not shown it, so that it can be tried again as a whole.
// Always true where there is no table.
bool show_proof(const CheckedProof &proof, jose::Micros now);

}  // namespace jwt_auth::pg
