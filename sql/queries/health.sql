-- No row: the server takes no changes. It is a standby, or was told so.
-- name: health
-- columns: number
SELECT max(number) AS number FROM schema_migrations HAVING NOT current_setting('transaction_read_only')::boolean
