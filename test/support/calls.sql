-- The calls of test/t/Calls.pm, with what each answers and changes when nothing disturbs it. faults.tried() is the test's own.
CREATE SCHEMA faults;
CREATE TABLE faults.call (
  signature text PRIMARY KEY,
  before text NOT NULL,
  call text NOT NULL,
  code text,
  answer text,
  -- Whether the answer depends on the arguments alone.
  exact boolean NOT NULL,
  effects text,
  -- In a backend that has not called it before, and in one that has.
  first_allocations integer,
  allocations integer
);

-- How many rows each table has, and the signing keys by state.
SELECT format('CREATE FUNCTION faults.effects() RETURNS text LANGUAGE plpgsql AS $f$ BEGIN RETURN concat_ws(%L, %s,
  (SELECT string_agg(state, %L ORDER BY state) FROM jwt_auth.signing_key)); END $f$', ', ',
  string_agg(format('(SELECT %L || count(*) FROM %s)', oid::regclass || ' ', oid::regclass), ', ' ORDER BY relname), ' ')
FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind = 'r' \gexec

-- An answer without what is random in it or comes from the clock.
CREATE FUNCTION faults.shape(answer text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace(regexp_replace(answer, '[A-Za-z0-9_-]{16,}(\.[A-Za-z0-9_-]+)*', '#', 'g'), '[0-9]+', '9', 'g')
$$;

-- Runs the call twice, the first time in this connection, if it is a new one, and writes down what it did. Answers in what they differ.
CREATE FUNCTION faults.learn(signature text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c faults.call;
  first record;
  again record;
BEGIN
  SELECT * INTO STRICT c FROM faults.call k WHERE k.signature = learn.signature;
  first := faults.tried(0, 1, c.before, c.call, 'SELECT faults.effects()');
  again := faults.tried(0, 1, c.before, c.call, 'SELECT faults.effects()');
  UPDATE faults.call k SET code = again.code, answer = again.answer, effects = again.effects, first_allocations = first.allocations,
    allocations = again.allocations WHERE k.signature = learn.signature RETURNING * INTO c;
  RETURN CASE WHEN NOT faults.is_as_usual(c, first.code, first.answer, first.effects) THEN format('%s: answers %s, then %s', signature, first, again) END;
END $$;

CREATE FUNCTION faults.is_as_usual(c faults.call, code text, answer text, effects text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT code IS NOT DISTINCT FROM c.code AND effects IS NOT DISTINCT FROM c.effects
    AND CASE WHEN c.exact THEN answer IS NOT DISTINCT FROM c.answer ELSE faults.shape(answer) IS NOT DISTINCT FROM faults.shape(c.answer) END
$$;
