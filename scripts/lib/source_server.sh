# A PostgreSQL server of the distribution's own source, built to find mistakes with memory, in one of two forms. "cassert" has
# assertions, and catalog caches that keep nothing longer than it is referenced. "valgrind" tells valgrind what is allocated and
# freed; it has no assertions, which the other form tries in a fraction of the time, and no programs that the regression tests
# do not use. Both overwrite what is freed and guard each allocation's end. It is kept, for building it takes minutes.

servers=${JWT_AUTH_SERVERS:-/var/cache/jwt_auth/servers}

need_to_build_server() {
  need_command gcc gcc
  need_command make make
  need_command bison bison
  need_command flex flex
  need_command dpkg-source dpkg-dev
  need_command pkg-config pkg-config
  need_command perl perl
  need_command valgrind valgrind
  need_file '/usr/include/openssl/evp.h' libssl-dev
  need_file '/usr/include/zlib.h' zlib1g-dev
  need_file '/usr/include/unicode/ucol.h' libicu-dev
  need_file '/usr/include/valgrind/memcheck.h' valgrind
  need_perl_module IPC::Run libipc-run-perl
}

# fetch_server_source MAJOR DIRECTORY: unpacks it as DIRECTORY/source. The system's own list of package sources may have no
# entries for source packages, so they are read with lists of our own, and the system's stay as they are.
fetch_server_source() {
  local package=postgresql-$1 directory=$2 list version options
  rm -rf "$directory"
  mkdir -p "$directory/apt/lists/partial" "$directory/apt/sources"
  for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -e "$list" ] || sed -n 's/^deb /deb-src /p' "$list" >"$directory/apt/sources/$(basename "$list" .list).list"
  done
  for list in /etc/apt/sources.list.d/*.sources; do
    sed 's/^Types:.*/Types: deb-src/' "$list" >"$directory/apt/sources/$(basename "$list")"
  done
  options=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$directory/apt/sources"
    -o "Dir::State::lists=$directory/apt/lists" -o APT::Sandbox::User=root -o Acquire::Retries=3)
  # Sources of third parties may be without source packages.
  apt-get "${options[@]}" update || true
  # The newest whose files are there: an archive of security updates may keep the index longer than the files.
  for version in $(apt-cache "${options[@]}" showsrc --only-source "$package" | sed -n 's/^Version: //p' | sort -rV -u); do
    (cd "$directory" && apt-get "${options[@]}" source "$package=$version") || continue
    mv "$directory/$package"-*/ "$directory/source"
    return 0
  done
  echo "no source of $package could be had"
  return 1
}

# make_source_server MAJOR FORM: builds the form cassert or valgrind below $servers unless it is there; sets PG_CONFIG. With a
# prefix that names PostgreSQL the build keeps its libraries to itself: with another, Debian's source would take plpgsql from where
# its package installs it.
make_source_server() {
  local major=$1 prefix build=$servers/build-$1 options parts=()
  case "$2" in
    cassert)
      prefix=$servers/postgresql-$major-checked
      options=(--enable-cassert CPPFLAGS='-DRELCACHE_FORCE_RELEASE -DCATCACHE_FORCE_RELEASE')
      ;;
    valgrind)
      prefix=$servers/postgresql-$major-valgrind
      options=(CPPFLAGS=-DUSE_VALGRIND)
      parts=(port common timezone backend backend/utils/mb/conversion_procs backend/snowball include interfaces/libpq fe_utils
        bin/initdb bin/pg_ctl bin/psql bin/pg_config pl/plpgsql makefiles test/regress)
      ;;
    *) die "there is no form '$2' of a server" ;;
  esac
  PG_CONFIG=$prefix/bin/pg_config
  export PG_CONFIG
  [ ! -x "$PG_CONFIG" ] || return 0
  quietly "Fetching the source of postgresql-$major" fetch_server_source "$major" "$build"
  quietly "Building it ($2)" build_source_server "$build/source" "$prefix" "${options[@]}"
  rm -rf "$build/apt"
}

# A server is made under another name, so that one that was interrupted is not taken for whole. `parts`: directories below src; all
# and the contributed modules if there are none. --enable-cassert and USE_VALGRIND imply CLOBBER_FREED_MEMORY and
# MEMORY_CONTEXT_CHECKING.
build_source_server() {
  local prefix=$2
  rm -rf "$prefix" "$prefix.destination"
  cd "$1"
  ./configure --quiet --prefix="$prefix" --enable-debug --enable-tap-tests --with-openssl --with-icu \
    --without-readline --with-system-tzdata=/usr/share/zoneinfo CFLAGS='-O1 -g -fno-omit-frame-pointer' "${@:3}"
  if [ "${#parts[@]}" -eq 0 ]; then
    nice -n 10 make -s -j"$(jobs_at_once)" world-bin
    nice -n 10 make -s install-world-bin DESTDIR="$prefix.destination"
  else
    build_server_parts "$prefix.destination"
  fi
  install -D -m 644 src/tools/valgrind.supp "$prefix.destination$prefix/share/valgrind.supp"
  mv "$prefix.destination$prefix" "$prefix"
  rm -rf "$prefix.destination"
}

build_server_parts() {
  local part
  nice -n 10 make -s -j"$(jobs_at_once)" -C src/backend generated-headers
  for part in "${parts[@]}"; do nice -n 10 make -s -j"$(jobs_at_once)" -C "src/$part" all; done
  for part in config "${parts[@]/#/src/}"; do nice -n 10 make -s -C "$part" install DESTDIR="$1"; done
  make -s -C src install-local DESTDIR="$1"
}

# HEAD, where what is built for that server stays apart from what is built here.
clone_for_source_server() {
  exec 9>"$servers/jwt_auth.lock"
  flock -n 9 || die "$servers/jwt_auth is in use"
  [ -d "$servers/jwt_auth/.git" ] || git init -q "$servers/jwt_auth"
  git push -q --force "$servers/jwt_auth" HEAD:refs/heads/tested
  git -C "$servers/jwt_auth" -c advice.detachedHead=false checkout -q --force --detach tested
}
