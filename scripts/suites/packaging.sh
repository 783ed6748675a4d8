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
