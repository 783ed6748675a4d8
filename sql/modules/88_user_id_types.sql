-- User ids of other types: every function that takes user_id as text gets overloads for uuid and bigint, and for each type of actor where
-- it takes one, all bound to the same C function. A literal of unknown type and NULL go to text.
DO $$
DECLARE
  overload record;
  signature text;
BEGIN
  FOR overload IN
    SELECT p.oid, p.proname, id.type AS id_type, actor.type AS actor_type, has.actor AS has_actor
    FROM pg_proc p
    CROSS JOIN LATERAL (SELECT 'actor' = ANY (p.proargnames[1:p.pronargs]) AS actor) AS has
    CROSS JOIN unnest(ARRAY['text', 'uuid', 'bigint']) WITH ORDINALITY AS id (type, n)
    CROSS JOIN unnest(ARRAY['text', 'uuid', 'bigint']) WITH ORDINALITY AS actor (type, n)
    WHERE p.pronamespace = 'jwt_auth'::regnamespace AND p.prolang = (SELECT l.oid FROM pg_language l WHERE l.lanname = 'c')
      AND p.proargtypes[array_position(p.proargnames[1:p.pronargs], 'user_id') - 1] = 'text'::regtype AND id.n + actor.n > 2 AND (has.actor OR actor.n = 1)
    ORDER BY p.proname, id.n, actor.n
  LOOP
    -- The first of each name is the argument; what the function answers comes behind it.
    EXECUTE regexp_replace(regexp_replace(regexp_replace(pg_get_functiondef(overload.oid), '^CREATE OR REPLACE', 'CREATE'),
                                          '\muser_id text', 'user_id ' || overload.id_type), '\mactor text', 'actor ' || overload.actor_type);
    signature := format('jwt_auth.%I(%s)', overload.proname,
                        regexp_replace(regexp_replace(pg_get_function_identity_arguments(overload.oid),
                                                      '\muser_id text', 'user_id ' || overload.id_type), '\mactor text', 'actor ' || overload.actor_type));
    EXECUTE format('COMMENT ON FUNCTION %s IS %L', signature,
                   CASE WHEN overload.has_actor THEN format('The same with user_id of type %s and actor of type %s', overload.id_type, overload.actor_type)
                        ELSE format('The same for ids of type %s', overload.id_type) END);
    IF NOT has_function_privilege('public', overload.oid, 'EXECUTE') THEN
      EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
    END IF;
  END LOOP;
END $$;
