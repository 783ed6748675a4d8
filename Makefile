# jwt_auth: a PostgreSQL extension, built with PGXS.
#   make, make install, make installcheck    as for any extension (PG_CONFIG chooses the server)
#   make unit                                builds and runs the tests of the core, which knows no PostgreSQL
EXTENSION   = jwt_auth
EXTVERSION  = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" jwt_auth.control)
MODULE_big  = jwt_auth

JOSE_SOURCES    = $(sort $(wildcard src/jose/*/*.cpp))
SESSION_SOURCES = $(sort $(wildcard src/session/*.cpp))
PG_SOURCES      = $(sort $(wildcard src/pg/*.cpp src/pg/*/*.cpp))
OBJS = $(patsubst %.cpp,%.o,$(JOSE_SOURCES) $(SESSION_SOURCES) $(PG_SOURCES))

SQL_MODULES = $(sort $(wildcard sql/modules/*.sql))
# The install script of this version is built from the modules; those of released versions are frozen, and upgrade scripts lead on.
DATA_built  = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA        = $(filter-out $(DATA_built),$(sort $(wildcard sql/$(EXTENSION)--*.sql)))

REGRESS      = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test --load-extension=$(EXTENSION)
ISOLATION      = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=$(EXTENSION)

PG_CONFIG ?= pg_config
# SANITIZE holds the compiler's flags for scripts/sanitize.sh.
# The server's headers as system headers: our warnings are about our code.
PG_CPPFLAGS = -I$(srcdir)/src -isystem $(shell $(PG_CONFIG) --includedir-server)
PG_CXXFLAGS = -std=c++17 -Wall -Wextra -Wno-register -MMD -MP $(WERROR) $(SANITIZE)
SHLIB_LINK  = $(SANITIZE) -lcrypto -lstdc++ -Wl,--version-script=$(srcdir)/src/exports.map -Wl,--no-undefined-version
EXTRA_CLEAN = build $(DATA_built) output_iso $(OBJS:.o=.d)

# Nothing here is worth inlining into a JIT-compiled expression: each function leaves for OpenSSL, SPI or a hash table.
override with_llvm = no

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# The compiler notes which headers each object was made from.
-include $(OBJS:.o=.d)

sql/$(EXTENSION)--$(EXTVERSION).sql: $(SQL_MODULES)
	cat $^ > $@

.PHONY: unit core
# The core compiled with no PostgreSQL include path: what keeps the arrows pointing one way.
core unit:
	$(MAKE) -C test/unit $@

.PHONY: code-flags
# What the objects are compiled with, for test/timing.
code-flags:
	@echo '$(CXXFLAGS) $(CPPFLAGS)'
