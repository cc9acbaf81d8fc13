-- Whether the views that these statements read from are there. Those that are stay for another week, which is written down
-- once an hour.
-- name: views_use
-- columns: are_there
WITH used AS (
    UPDATE view_schemas SET last_used = now() WHERE name = :schema AND last_used < now() - interval '1 hour'
)
SELECT EXISTS (SELECT FROM view_schemas WHERE name = :schema) AS are_there

-- name: views_drop_unused
-- columns: dropped
SELECT drop_unused_views() AS dropped
