-- What all shapes share.

-- RFC 3339, UTC, microseconds.
CREATE FUNCTION views.rfc3339(at timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- One object of two that have members. PostgreSQL joins jsonb only, which keeps neither order nor the text of numbers.
CREATE FUNCTION views.joined(one json, other json) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (left(one::text, -1) || ', ' || substr(other::text, 2))::json
$$;

-- What a sealed text has at most when it is open: it is base64, with a nonce, a tag and the name of its key.
CREATE FUNCTION views.opened_bytes(sealed text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT octet_length(sealed) / 4 * 3
$$;

-- What a text has as JSON. PostgreSQL puts this into the statement, as it doesn't with the schema's json_bytes: to_json
-- is no IMMUTABLE function, and what claims more than its body keeps is parsed and planned in each statement anew.
CREATE FUNCTION views.json_bytes(value text) RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT octet_length(to_json(value)::text)
$$;
