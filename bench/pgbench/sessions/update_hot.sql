\set uid random(1, :users)
UPDATE floor.hot SET tokens_valid_after = clock_timestamp() WHERE id = :uid;
