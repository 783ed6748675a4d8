-- auth.uid(), auth.jwt() and auth.role() for policies that were written for Supabase. They answer what jwt_auth.authenticate() or
-- pre_request() has verified in this transaction, and not the setting request.jwt.claims, which every session can write.
CREATE SCHEMA IF NOT EXISTS auth;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT jwt_auth.current_user_uuid() $$;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT jwt_auth.current_claims() $$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT jwt_auth.current_claim('role') $$;
