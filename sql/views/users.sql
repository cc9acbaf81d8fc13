-- `object` is for administrators and lists, `own` for the person, with what is sealed of them, and `public` for those who
-- own a deployment together with them.
CREATE FUNCTION views.v1_users() RETURNS TABLE (
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
    object         json,
    own            json,
    public         json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT u.id, u.created_at, u.sub, u.issuer, u.name, u.username, u.email, u.picture, u.public_ssh_key, u.row_version,
        s.object,
        views.joined(s.object,
            json_build_object('@sealed', json_build_object('users.refresh_token', u.refresh_token))),
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
