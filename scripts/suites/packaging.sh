# What a packager uses: the archives of a release, the metadata, and the install script that the Dockerfile calls.
if ! git rev-parse -q --verify HEAD >/dev/null 2>&1; then
  skip "packaging: this is no git clone"
  exit 0
fi

check() {
  local what=$1
  shift
  if "$@"; then echo "ok $what" && count 1 0; else echo "not ok $what" && count 0 1; fi
}

bash scripts/release.sh >"$work/release.1"
bash scripts/release.sh >"$work/release.2"
check "a release made twice is the same" cmp "$work/release.1" "$work/release.2"
mkdir "$work/release"
tar -xzf build/release/jwt_auth-*.tar.gz -C "$work/release"
unpacked=$(echo "$work"/release/jwt_auth-*)
for file in LICENSE META.json README.md CHANGELOG.md SECURITY.md Makefile jwt_auth.control debian/control.in scripts/test.sh; do
  check "the archive has $file" test -s "$unpacked/$file"
done
check "and nothing that was built" test -z "$(find "$unpacked" -name '*.o' -o -name '*.so' -o -name node_modules)"
check "META.json is JSON" perl -MJSON::PP -e 'local $/; decode_json(<>)' META.json
mapfile -t locks < <(git ls-files '*package-lock.json')
check "no npm package of ours asks for a later Node.js than the 18 of Debian 12" \
  test "${#locks[@]}" -gt 0 -a -z "$(grep -hE '"node": ">= ?(19|[2-9][0-9])' "${locks[@]}" || true)"

# From the archive, as the Dockerfile's build stage does it.
check "the Dockerfile builds with scripts/install.sh --destdir alone" \
  test "$(grep -c '^RUN' Dockerfile) $(grep -c '^RUN bash /usr/src/jwt_auth/scripts/install.sh --destdir ' Dockerfile)" = "1 1"
destination=$work/destination
COPT=-O0 bash "$unpacked/scripts/install.sh" --destdir "$destination"
top=$("$PG_CONFIG" --pkglibdir | cut -d / -f 2)
check "everything is below /$top (the image's last stage copies /usr)" test "$(ls "$destination")" = "$top"
check "the library exports what the tested one does" diff \
  <(nm -D --defined-only "$destination$("$PG_CONFIG" --pkglibdir)/jwt_auth.so" | cut -d ' ' -f 3 | sort) \
  <(nm -D --defined-only "$work/server$("$PG_CONFIG" --pkglibdir)/jwt_auth.so" | cut -d ' ' -f 3 | sort)
check "the SQL side is what was tested, every file of it" diff \
  <(cd "$destination$("$PG_CONFIG" --sharedir)/extension" && cat jwt_auth*) \
  <(cd "$work/server$("$PG_CONFIG" --sharedir)/extension" && cat jwt_auth*)

# PGXN's own client takes the archive: it reads the metadata, builds, installs, makes and drops the extension, and runs tests. The objects
# are those of the build above: that they can be made of this archive is known by now, and one regression test shows that they are run.
if command -v pgxn >/dev/null; then
  need_cluster
  cat >"$work/make" <<'MAKE'
#!/usr/bin/env bash
set -e
if [ -e src/pg ] && [ -z "$(find src/pg -name '*.o' -print -quit)" ]; then
  (cd "$OBJECTS" && find src -name '*.o' -print0 | tar -cf - --null -T -) | tar -xf - -C .
  find src -name '*.o' -exec touch {} +
fi
case " $* " in *' installcheck '*) exec make "$@" REGRESS=jws ISOLATION= ;; *) exec make "$@" ;; esac
MAKE
  chmod +x "$work/make"
  mkdir -p "$work/server$("$PG_CONFIG" --libdir)"
  pgxn_does() {
    local what=$1
    shift
    OBJECTS=$unpacked pgxn "$what" --yes --pg_config "$(server_bin)/pg_config" "$@" "$(echo "$repository"/build/release/jwt_auth-*.zip)"
  }
  createdb pgxn
  check "pgxn installs the archive" pgxn_does install --nosudo --make "$work/make"
  check "pgxn makes the extension" pgxn_does load -h "$PGHOST" -p "$PGPORT" -U postgres -d pgxn
  check "of the version that META.json provides" test "$(psql -XAtqc "SELECT extversion || '.0' FROM pg_extension WHERE extname = 'jwt_auth'" pgxn)" = \
    "$(perl -MJSON::PP -e 'local $/; print decode_json(<>)->{provides}{jwt_auth}{version}' META.json)"
  check "pgxn drops it" pgxn_does unload -h "$PGHOST" -p "$PGPORT" -U postgres -d pgxn
  check "pgxn runs its tests" pgxn_does check --make "$work/make" -h "$PGHOST" -p "$PGPORT" -U postgres -d pgxn_check
else
  skip "the archive with PGXN's client: pgxnclient is not installed" 5
fi
