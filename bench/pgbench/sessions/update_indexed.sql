\set uid random(1, :users)
UPDATE floor.indexed SET prev_token_hash = token_hash, token_hash = sha256(uuid_send(gen_random_uuid())), last_used_at = now(), expires_at = now() + interval '30 days' WHERE n = :uid;
