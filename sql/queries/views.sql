-- name: views_made
INSERT INTO view_schemas (name) VALUES (:schema) ON CONFLICT (name) DO UPDATE SET last_used = now()

-- Whether the views that these statements read from are there. Those that are stay for another week, which is written
-- down once an hour.
-- name: views_use
-- columns: are_there
WITH used AS (
    UPDATE view_schemas SET last_used = now() WHERE name = :schema AND last_used < now() - interval '1 hour'
)
SELECT EXISTS (SELECT FROM view_schemas WHERE name = :schema) AS are_there

-- name: views_drop_unused
SELECT FROM drop_unused_views()

-- One session locks a mark, and another one that finds it locked, and the same tables, is of the same database.
-- name: database_mark
-- columns: tables
SELECT to_regclass('view_schemas')::oid AS tables FROM pg_advisory_lock(hashtextextended(:mark, 0))

-- name: database_recognise
-- columns: is_same
SELECT NOT pg_try_advisory_lock(hashtextextended(:mark, 0)) AND to_regclass('view_schemas')::oid = :tables::oid
    AS is_same
