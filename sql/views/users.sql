-- `object` has what is sealed of the person who reads themself, or is without it for a `reader` of NULL. `public` is
-- for those who own a deployment together with them.
CREATE FUNCTION views.v1_users(reader uuid) RETURNS TABLE (
    id             uuid,
    created_at     timestamptz,
    sub            text,
    issuer         text,
    name           text,
    username       text,
    email          text,
    picture        text,
    public_ssh_key text,
    row_version    bigint,
    bytes          bigint, -- that the object has at most, or hardly more
    object         json,
    public         json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT u.id, u.created_at, u.sub, u.issuer, u.name, u.username, u.email, u.picture, u.public_ssh_key, u.row_version,
        300 + views.json_bytes(concat(u.sub, u.issuer, u.name, u.username, u.email, u.picture, u.public_ssh_key))
            + CASE WHEN u.id = reader THEN coalesce(views.opened_bytes(u.refresh_token), 0) ELSE 0 END,
        CASE WHEN u.id = reader THEN views.joined(s.object,
            json_build_object('@sealed', json_build_object('users.refresh_token', u.refresh_token))) ELSE s.object END,
        json_build_object('id', u.id, 'name', u.name, 'username', u.username, 'picture', u.picture)
    FROM users u CROSS JOIN LATERAL (SELECT json_build_object(
            'id', u.id,
            'created_at', views.rfc3339(u.created_at),
            'sub', u.sub,
            'issuer', u.issuer,
            'name', u.name,
            'username', u.username,
            'email', u.email,
            'picture', u.picture,
            'public_ssh_key', u.public_ssh_key) AS object) s
$$;
