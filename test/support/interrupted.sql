-- For test/t/128_interrupted_functions.pl, beside calls.sql.
CREATE FUNCTION faults.interrupt_after(signal integer, microseconds integer) RETURNS void LANGUAGE c AS :'library', 'interrupt_after';

-- The three statements in a subtransaction, which is rolled back. The backend gets the signal so long after the second one's start; 0: it
-- doesn't. A cancel is not caught.
CREATE FUNCTION faults.tried(microseconds integer, signal integer, before text, call text, after text,
  OUT code text, OUT answer text, OUT effects text, OUT allocations integer, OUT failures integer) LANGUAGE plpgsql AS $$
BEGIN
  IF before <> '' THEN
    EXECUTE before;
  END IF;
  IF microseconds > 0 THEN
    PERFORM faults.interrupt_after(signal, microseconds);
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

-- Calls it again and again until the signal comes, at an instant drawn from as long as the call before it lasted; an error that is not
-- the usual one ends it, too. The first call of a connection reads much more of the catalog.
CREATE FUNCTION faults.interrupted(signature text, signal integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c faults.call;
  r record;
  lasts integer := 10000;
  start timestamptz;
BEGIN
  SELECT * INTO STRICT c FROM faults.call k WHERE k.signature = interrupted.signature;
  LOOP
    start := clock_timestamp();
    r := faults.tried(1 + (random() * lasts)::integer, signal, c.before, c.call, '');
    PERFORM faults.interrupt_after(signal, 0);
    lasts := greatest(1, (extract(epoch FROM clock_timestamp() - start) * 1000000)::integer);
    IF r.code IS DISTINCT FROM c.code THEN
      RETURN format('%s, not yet interrupted: %s', signature, r);
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
