-- name: health
-- columns: number
SELECT max(number) AS number FROM schema_migrations
