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
