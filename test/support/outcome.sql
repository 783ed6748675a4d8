-- What tests share that ask many statements for their outcome: read by \i behind a comment that says what they are about.
\set QUIET on
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
-- What a statement answers, or its SQLSTATE; it is undone in any case.
CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  EXECUTE statement INTO answer;
  RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZ000';
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
  RETURN answer;
WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
