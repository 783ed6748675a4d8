// The one way into PostgreSQL's headers. Their macros (snprintf, gettext, ...) break the standard library's headers, so those
// and the core's come first: include this file last.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

extern "C" {
#include <postgres.h>

#include <access/detoast.h>
#include <access/htup_details.h>
#include <catalog/namespace.h>
#include <catalog/pg_type.h>
#include <executor/spi.h>
#include <fmgr.h>
#include <funcapi.h>
#include <miscadmin.h>
#include <utils/acl.h>
#include <utils/array.h>
#include <utils/builtins.h>
#include <utils/guc.h>
#include <utils/inval.h>
#include <utils/json.h>
#include <utils/jsonb.h>
#include <utils/lsyscache.h>
#include <utils/memutils.h>
#include <utils/numeric.h>
#include <utils/snapmgr.h>
#include <utils/syscache.h>
#include <utils/timestamp.h>
#include <utils/tuplestore.h>
#include <utils/uuid.h>
}

#undef gettext
#undef ngettext
#undef dgettext
#undef dngettext

#include "pg/support/compat.hpp"

// Declares an SQL-callable function. Its name starts with jwt_auth_, which is what src/exports.map lets out.
#define JWT_AUTH_FUNCTION(name) \
  extern "C" {                  \
  PG_FUNCTION_INFO_V1(name);    \
  }                             \
  extern "C" Datum name(PG_FUNCTION_ARGS)
