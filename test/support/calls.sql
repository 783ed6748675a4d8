-- The calls of test/t/Calls.pm, with what each answers and changes when nothing disturbs it. faults.tried() is the test's own.
CREATE SCHEMA faults;
CREATE TABLE faults.call (
  signature text PRIMARY KEY,
  before text NOT NULL,
  call text NOT NULL,
  code text,
  answer text,
  other_answer text,
  -- Whether the answer depends on the arguments alone.
  exact boolean NOT NULL,
  effects text,
  other_effects text,
  -- In a backend that has not called it before, and in one that has.
  first_allocations integer,
  allocations integer
);

-- A text without times.
CREATE FUNCTION faults.timeless(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace($1, '\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:\d\d)?|Z)?|-?\d\d:\d\d:\d\d(\.\d+)?|\m1\d{9}(\.\d+)?\M', 'TIME', 'g')
$$;
CREATE FUNCTION faults.numberless(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace(faults.timeless($1), '\m\d+\M', '9', 'g')
$$;
-- And without what is random or counted.
CREATE FUNCTION faults.shape(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace(regexp_replace(faults.timeless($1), '[A-Za-z0-9_-]{16,}(\.[A-Za-z0-9_-]+)*', '#', 'g'), '[0-9]+', '9', 'g')
$$;

-- How many rows each table has, the rows that the call has changed (those from after this transaction), and the role and path that
-- it has left, which a rollback would put right.
SELECT pg_current_xact_id() AS beginning \gset
SELECT format('CREATE FUNCTION faults.effects() RETURNS text LANGUAGE plpgsql AS $f$ BEGIN RETURN concat_ws(%L, %s,
  (SELECT string_agg(row, %L ORDER BY faults.shape(row), faults.numberless(row), row) FROM (%s) AS changed(row)),
  CASE WHEN current_user <> session_user THEN %L || current_user END,
  CASE WHEN current_setting(%L) <> %L THEN %L || current_setting(%L) END); END $f$', ', ',
  string_agg(format('(SELECT %L || count(*) FROM %s)', oid::regclass || ' ', oid::regclass), ', ' ORDER BY relname), E'\n',
  string_agg(format('SELECT %L || t FROM %s AS t WHERE t.xmin::text::bigint > %s', relname, oid::regclass, :beginning), ' UNION ALL ' ORDER BY relname),
  'the role ', 'search_path', '"$user", public', 'the path ', 'search_path')
FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind = 'r' \gexec

-- Whether a text says what two earlier ones said: where they had the same words, these; where they had others (ids, tokens, numbers),
-- words of that shape.
CREATE FUNCTION faults.says(this text, one text, other text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  words text[] := regexp_split_to_array(faults.timeless(this), '[^A-Za-z0-9_.-]+');
  first text[] := regexp_split_to_array(faults.timeless(one), '[^A-Za-z0-9_.-]+');
  second text[] := regexp_split_to_array(faults.timeless(other), '[^A-Za-z0-9_.-]+');
BEGIN
  IF this IS NULL OR one IS NULL THEN
    RETURN this IS NULL AND one IS NULL;
  END IF;
  RETURN faults.shape(this) = faults.shape(one) AND (cardinality(first) <> cardinality(second) OR (
    cardinality(words) = cardinality(first) AND NOT EXISTS (
      SELECT FROM unnest(words, first, second) AS w(now_said, always, also) WHERE always = also AND now_said <> always)));
END $$;

-- Runs the call and writes down what it did; then, later and in a backend that has called it, once more. Answers in what they differ.
CREATE FUNCTION faults.learn(signature text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  c faults.call;
  r record;
BEGIN
  SELECT * INTO STRICT c FROM faults.call k WHERE k.signature = learn.signature;
  r := faults.tried(0, 1, c.before, c.call, 'SELECT faults.effects()');
  UPDATE faults.call k SET code = r.code, other_answer = r.answer, other_effects = r.effects, first_allocations = r.allocations
  WHERE k.signature = learn.signature;
END $$;
CREATE FUNCTION faults.learn_again(signature text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c faults.call;
  r record;
BEGIN
  SELECT * INTO STRICT c FROM faults.call k WHERE k.signature = learn_again.signature;
  PERFORM faults.tried(0, 1, c.before, c.call, 'SELECT faults.effects()');
  r := faults.tried(0, 1, c.before, c.call, 'SELECT faults.effects()');
  UPDATE faults.call k SET answer = r.answer, effects = r.effects, allocations = r.allocations
  WHERE k.signature = learn_again.signature RETURNING * INTO c;
  RETURN CASE WHEN NOT faults.is_as_usual(c, r.code, c.other_answer, c.other_effects) THEN
    format('%s: answers %s %s %s, then %s', signature, c.code, c.other_answer, c.other_effects, r) END;
END $$;

CREATE FUNCTION faults.is_as_usual(c faults.call, code text, answer text, effects text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT code IS NOT DISTINCT FROM c.code AND faults.says(effects, c.effects, c.other_effects)
    AND CASE WHEN c.exact THEN answer IS NOT DISTINCT FROM c.answer ELSE faults.says(answer, c.answer, c.other_answer) END
$$;

-- What a call that was undone has left in this backend: locks, a role, a search path. PostgreSQL keeps a sequence locked until the
-- transaction ends.
CREATE FUNCTION faults.left_behind() RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(', ',
    (SELECT string_agg(format('a lock (%s)', concat_ws(' ', locktype, relation::regclass, mode)), ', ') FROM pg_locks
     WHERE pid = pg_backend_pid() AND (locktype = 'advisory' OR relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind <> 'S'))),
    CASE WHEN current_user <> session_user THEN 'the role ' || current_user END,
    CASE WHEN current_setting('search_path') <> '"$user", public' THEN 'the path ' || current_setting('search_path') END)
$$;
