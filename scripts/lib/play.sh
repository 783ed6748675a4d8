# Plays scripts/demo.sql in a database: shows, runs and checks.
play_demo() {
  psql -X -q -v ON_ERROR_STOP=1 -d "$1" <<'SQL'
CREATE SCHEMA demo;
GRANT USAGE ON SCHEMA demo TO PUBLIC;

CREATE FUNCTION demo.expect(what text, holds boolean) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF holds IS NOT TRUE THEN
    RAISE EXCEPTION 'expected, but not so: %', what;
  END IF;
  RETURN '  [ok] ' || what;
END $$;

-- An answer with its tokens cut: a screen is no place for a whole one.
CREATE FUNCTION demo.answer(status text, access_token text, refresh_token text, session_id text)
RETURNS TABLE (field text, value text) LANGUAGE sql AS $$
VALUES ('status', status),
       ('access_token', CASE access_token WHEN '' THEN 'none' ELSE left(access_token, 44) || '...' END),
       ('refresh_token', CASE refresh_token WHEN '' THEN 'none' ELSE left(refresh_token, 44) || '...' END),
       ('session_id', session_id)
$$;
SQL
  awk -f scripts/lib/play.awk scripts/demo.sql >"$work/demo.psql"
  psql -X -q -v ON_ERROR_STOP=1 -P pager=off -P footer=off -d "$1" <"$work/demo.psql" 2>&1
}
