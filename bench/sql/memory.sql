-- Refusals that are raised and caught.
CREATE FUNCTION public.refused(token text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM jwt_auth.jwt_verify(token, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', audience => 'api.example.com');
  RETURN false;
EXCEPTION WHEN SQLSTATE 'JW001' OR SQLSTATE 'JW002' THEN
  RETURN true;
END $$;

CREATE FUNCTION public.bad_key(key text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM jwt_auth.jwt_sign('{}'::jsonb, key);
  RETURN false;
EXCEPTION WHEN SQLSTATE 'JW020' THEN
  RETURN true;
END $$;

-- A session that is refreshed so many times, each with the token that the last answer held.
CREATE FUNCTION public.refreshed(token text, times integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r jwt_auth.token_response;
BEGIN
  FOR i IN 1..times LOOP
    r := jwt_auth.refresh_session(token, '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36');
    ASSERT r.status = 'ok', r.status;
    token := r.refresh_token;
  END LOOP;
  RETURN token;
END $$;
