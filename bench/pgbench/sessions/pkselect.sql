\set uid random(1, :users)
SELECT tokens_valid_after FROM floor.hot WHERE id = :uid;
