-- name: health read
SELECT max(number) FROM schema_migrations
