CREATE FUNCTION views.v1_templates() RETURNS TABLE (
    id                       uuid,
    created_at               timestamptz,
    created_by               uuid,
    updated_at               timestamptz,
    updated_by               uuid,
    checksum                 text,
    name                     text,
    version                  text,
    target_provider_type     text,
    tosca_definition_version text,
    row_version              bigint,
    is_kept                  boolean,
    bytes                    bigint, -- that the object has at most, or hardly more
    object                   json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT t.id, t.created_at, t.created_by, t.updated_at, t.updated_by, t.checksum, t.name, t.version,
        t.target_provider_type, t.tosca_definition_version, t.row_version, t.is_kept,
        600 + t.content_bytes + views.json_bytes(
            concat(t.name, t.version, t.target_provider_type, t.tosca_definition_version)),
        json_build_object(
            'id', t.id,
            'created_at', views.rfc3339(t.created_at),
            'created_by', t.created_by,
            'updated_at', views.rfc3339(t.updated_at),
            'updated_by', t.updated_by,
            'content', t.content,
            'checksum', t.checksum,
            'name', t.name,
            'version', t.version,
            'target_provider_type', t.target_provider_type,
            'tosca_definition_version', t.tosca_definition_version)
    FROM templates t
$$;
