-- For test/t/128_interrupted_functions.pl, beside calls.sql.
CREATE TABLE faults.enough (so boolean);

-- The three statements in a subtransaction, which is rolled back. A cancel is not caught.
CREATE FUNCTION faults.tried(n integer, in_a_row integer, before text, call text, after text,
  OUT code text, OUT answer text, OUT effects text, OUT allocations integer, OUT failures integer) LANGUAGE plpgsql AS $$
BEGIN
  IF before <> '' THEN
    EXECUTE before;
  END IF;
  EXECUTE call INTO answer;
  IF after <> '' THEN
    EXECUTE after INTO effects;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'OK000';
EXCEPTION
  WHEN SQLSTATE 'OK000' THEN NULL;
  WHEN OTHERS THEN
    code := SQLSTATE;
    answer := SQLERRM;
END $$;

-- Calls it again and again, and does nothing else, until somebody interrupts it; an error that is not the usual one ends it, too.
CREATE FUNCTION faults.busy(signature text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c faults.call;
  r record;
BEGIN
  SELECT * INTO STRICT c FROM faults.call k WHERE k.signature = busy.signature;
  LOOP
    r := faults.tried(0, 1, c.before, c.call, '');
    IF r.code IS DISTINCT FROM c.code THEN
      RETURN format('%s, busy: %s', signature, r);
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION faults.sound(signature text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c faults.call;
  r record;
BEGIN
  SELECT * INTO STRICT c FROM faults.call k WHERE k.signature = sound.signature;
  r := faults.tried(0, 1, c.before, c.call, 'SELECT faults.effects()');
  IF faults.left_behind() <> '' THEN
    RETURN format('%s, interrupted before, leaves %s', signature, faults.left_behind());
  ELSIF NOT faults.is_as_usual(c, r.code, r.answer, r.effects) THEN
    RETURN format('%s, interrupted before: %s', signature, r);
  END IF;
  RETURN 'sound ' || signature;
END $$;

CREATE PROCEDURE faults.interrupt(function text) LANGUAGE plpgsql AS $$
BEGIN
  WHILE NOT EXISTS (SELECT FROM faults.enough) LOOP
    PERFORM pg_sleep(random() * 0.02);
    PERFORM pg_stat_clear_snapshot();
    EXECUTE format('SELECT count(%I(pid)) FROM pg_stat_activity WHERE state = %L AND query LIKE %L', function, 'active', 'SELECT faults.busy%');
    COMMIT;
  END LOOP;
END $$;
