#include "pg/keyring/secret_statement.hpp"

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

}  // namespace

std::uint64_t execute_with_secret(Statement &statement, const Parameters &parameters, std::string_view secret) {
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

}  // namespace jwt_auth::pg
