#include "pg/keyring/secret_statement.hpp"

#include "pg/store/citus.hpp"
#include "pg/support/compat.hpp"

extern "C" {
#include <utils/queryenvironment.h>
}

namespace jwt_auth::pg {

namespace {

void put_row(Tuplestorestate *rows, TupleDesc columns, std::string_view secret) {
  Datum value = text_datum(secret);
  bool is_null = false;
  tuplestore_putvalues(rows, columns, &value, &is_null);
  cleanse({VARDATA_ANY(DatumGetPointer(value)), secret.size()});
}

// Overwrites the row where it is stored.
void cleanse_row(Tuplestorestate *rows, TupleDesc columns) {
  TupleTableSlot *slot = MakeSingleTupleTableSlot(columns, &TTSOpsMinimalTuple);
  tuplestore_rescan(rows);
  if (tuplestore_gettupleslot(rows, true, false, slot)) {
    bool is_null;
    auto *stored = reinterpret_cast<struct varlena *>(DatumGetPointer(slot_getattr(slot, 1, &is_null)));
    cleanse({VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored)});
  }
  ExecDropSingleTupleTableSlot(slot);
}

// A private JWK in the clear is an object; a sealed one is a compact JWE.
void require_sealed(std::string_view secret) {
  if (secret.empty() || secret.front() != '{') return;
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
           errmsg("private keys must be sealed where the keyring is distributed"),
           errhint("Set jwt_auth.key_encryption_key_file on every node, to the same key, and reload the configuration.")));
}

std::uint64_t execute_distributed(Statement &statement, Parameters parameters, std::string_view secret) {
  require_sealed(secret);
  add_text(parameters, secret);
  return execute(statement, parameters);
}

std::uint64_t execute_locally(Statement &statement, const Parameters &parameters, std::string_view secret) {
  TupleDesc columns = CreateTemplateTupleDesc(1);
  TupleDescInitEntry(columns, 1, "secret", TEXTOID, -1, 0);
  finish_descriptor(columns);
  Tuplestorestate *rows = tuplestore_begin_heap(false, false, work_mem);
  put_row(rows, columns, secret);

  EphemeralNamedRelationData relation{};
  relation.md.name = const_cast<char *>(ARRIVING_SECRET);
  relation.md.tupdesc = columns;
  relation.md.enrtype = ENR_NAMED_TUPLESTORE;
  relation.md.enrtuples = 1;
  relation.reldata = rows;
  if (SPI_register_relation(&relation) != SPI_OK_REL_REGISTER) elog(ERROR, "could not register " ARRIVING_SECRET);
  const std::uint64_t count = execute(statement, parameters);
  SPI_unregister_relation(ARRIVING_SECRET);

  cleanse_row(rows, columns);
  tuplestore_end(rows);
  return count;
}

}  // namespace

std::uint64_t execute_with_secret(SecretStatement &statement, const Parameters &parameters, std::string_view secret) {
  return is_distributed(statement.table) ? execute_distributed(statement.distributed, parameters, secret)
                                         : execute_locally(statement.local, parameters, secret);
}

}  // namespace jwt_auth::pg
