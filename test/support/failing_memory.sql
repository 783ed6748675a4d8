-- For test/t/127_failing_allocations.pl, beside calls.sql.
CREATE FUNCTION faults.tried(n integer, in_a_row integer, before text, call text, after text,
  OUT code text, OUT answer text, OUT effects text, OUT allocations integer, OUT failures integer) LANGUAGE c AS :'library', 'tried';
CREATE FUNCTION faults.heap_in_use() RETURNS bigint LANGUAGE c AS :'library', 'heap_in_use';

-- The call with a failure: 53200 or what it answers without one. Then the call again, which answers as if nothing had been.
CREATE FUNCTION faults.check(signature text, n integer, in_a_row integer DEFAULT 1,
  OUT failures integer, OUT code text, OUT problem text) LANGUAGE plpgsql AS $$
DECLARE
  c faults.call;
  r record;
  again record;
  rest text;
BEGIN
  SELECT * INTO STRICT c FROM faults.call k WHERE k.signature = "check".signature;
  r := faults.tried(n, in_a_row, c.before, c.call, 'SELECT faults.effects()');
  rest := faults.left_behind();
  failures := r.failures;
  code := coalesce(r.code, 'answered');
  -- PostgreSQL's regular expressions have one code for all that goes wrong, and so have its reader of control files,
  -- timestamptz_in and the checks of its own settings.
  IF r.failures > 0 AND r.code IS DISTINCT FROM '53200' AND (r.code = '2201B' AND r.answer LIKE '%: out of memory') IS NOT TRUE
     AND (r.code = 'XX000' AND r.answer SIMILAR TO 'out of dynamic memory in yy%|could not convert epoch to timestamp: Cannot allocate memory') IS NOT TRUE
     AND (r.code = '22023' AND r.answer SIMILAR TO 'invalid value for parameter "(TimeZone|DateStyle)": %') IS NOT TRUE
     AND NOT faults.is_as_usual(c, r.code, r.answer, r.effects) THEN
    problem := format('%s, allocation %s fails: %s %s; %s', signature, n, r.code, left(r.answer, 200), r.effects);
  END IF;
  again := faults.tried(0, 1, c.before, c.call, 'SELECT faults.effects()');
  IF NOT faults.is_as_usual(c, again.code, again.answer, again.effects) THEN
    problem := concat_ws(E'\n', problem, format('%s, after allocation %s failed: %s %s; %s', signature, n, again.code, left(again.answer, 200), again.effects));
  END IF;
  IF rest <> '' THEN
    problem := concat_ws(E'\n', problem, format('%s, allocation %s fails: it leaves %s', signature, n, rest));
  END IF;
END $$;

-- Says what the backend has from malloc, and then lets the call fail so many times. What a failure leaves behind shows in the next
-- transaction: PostgreSQL keeps much of an undone subtransaction until its transaction ends.
CREATE FUNCTION faults.repeat(signature text, n integer, in_a_row integer, repetitions integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c faults.call;
  heap bigint := faults.heap_in_use();
BEGIN
  SELECT * INTO STRICT c FROM faults.call k WHERE k.signature = repeat.signature;
  FOR repetition IN 1 .. repetitions LOOP
    PERFORM faults.tried(n, in_a_row, c.before, c.call, 'SELECT faults.effects()');
  END LOOP;
  RETURN 'heap ' || heap;
END $$;
