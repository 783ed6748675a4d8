#include "pg/support/result_row.hpp"

namespace jwt_auth::pg {

namespace {

void check_types(TupleDesc columns, std::initializer_list<Oid> types) {
  int index = 0;
  for (const Oid type : types) {
    const bool fits = index < columns->natts && !TupleDescAttr(columns, index)->attisdropped &&
                      TupleDescAttr(columns, index)->atttypid == type;
    if (!fits)
      ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the result type of a function of jwt_auth has been altered"),
                      errdetail("Its attribute %d must have the type %s.", index + 1, format_type_be(type)),
                      errhint("Attributes may be added to the type, but those of the extension must stay.")));
    index++;
  }
}

// Looked up once for all calls of a query.
TupleDesc columns_of(FunctionCallInfo fcinfo, std::initializer_list<Oid> types) {
  if (fcinfo->flinfo->fn_extra != nullptr) return static_cast<TupleDesc>(fcinfo->flinfo->fn_extra);
  TupleDesc found;
  if (get_call_result_type(fcinfo, nullptr, &found) != TYPEFUNC_COMPOSITE) elog(ERROR, "function must return a row");
  check_types(found, types);
  MemoryContext former = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
  fcinfo->flinfo->fn_extra = BlessTupleDesc(CreateTupleDescCopy(found));
  MemoryContextSwitchTo(former);
  return static_cast<TupleDesc>(fcinfo->flinfo->fn_extra);
}

}  // namespace

ResultRow result_row(FunctionCallInfo fcinfo, std::initializer_list<Oid> types) {
  ResultRow row{columns_of(fcinfo, types), nullptr, nullptr};
  const auto count = static_cast<Size>(row.columns->natts);
  row.values = static_cast<Datum *>(palloc0(sizeof(Datum) * count));
  row.nulls = static_cast<bool *>(palloc(count));
  std::memset(row.nulls, 1, count);
  return row;
}

}  // namespace jwt_auth::pg
