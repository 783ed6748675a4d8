-- auth.uid(), auth.jwt(), auth.role() and auth.email() for policies that were written for Supabase: they replace the functions that
-- are there, so the policies stay as they are. Run it as the owner of those functions or as a superuser. They answer what
-- jwt_auth.authenticate() or pre_request() has verified in this transaction, and not the setting request.jwt.claims, which every session
-- can write. Whoever shows no token is "anon", as there; a token that is refused never gets here.
CREATE SCHEMA IF NOT EXISTS auth;
CREATE OR REPLACE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT jwt_auth.current_user_uuid() $$;
CREATE OR REPLACE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT coalesce(jwt_auth.current_claims(), '{"role": "anon"}') $$;
CREATE OR REPLACE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT coalesce(jwt_auth.current_claim('role'), 'anon') $$;
CREATE OR REPLACE FUNCTION auth.email() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT jwt_auth.current_claim('email') $$;
