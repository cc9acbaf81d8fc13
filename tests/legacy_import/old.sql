-- What the former orchestrator's database has, as its version 4.0.1 makes it in MySQL and MariaDB: the tables that are
-- read, and the columns that they have.
CREATE TABLE oidc_entity (
    id           varchar(36) NOT NULL PRIMARY KEY,
    subject      varchar(255) NOT NULL,
    issuer       varchar(255) NOT NULL,
    organization varchar(255) NOT NULL,
    UNIQUE (issuer, subject)
);
CREATE TABLE deployment (
    id                      varchar(36) NOT NULL PRIMARY KEY,
    created_at              timestamp(6) NOT NULL DEFAULT current_timestamp(6),
    updated_at              timestamp(6) NULL,
    version                 bigint NOT NULL,
    callback                varchar(255),
    cloud_provider_endpoint text,
    cloud_provider_name     varchar(255),
    deployment_provider     varchar(255),
    endpoint                varchar(255),
    status                  varchar(255) NOT NULL,
    status_reason           longtext,
    task                    varchar(255) NOT NULL,
    template                longtext NOT NULL,
    owner_id                varchar(36),
    user_group              varchar(255),
    KEY (owner_id),
    KEY (created_at),
    FOREIGN KEY (owner_id) REFERENCES oidc_entity (id)
);
CREATE TABLE deployment_outputs (
    deployment_id varchar(36) NOT NULL,
    value         text NOT NULL,
    name          varchar(255) NOT NULL,
    PRIMARY KEY (deployment_id, name),
    FOREIGN KEY (deployment_id) REFERENCES deployment (id)
);
CREATE TABLE deployment_parameters (
    deployment_id varchar(36) NOT NULL,
    value         text NOT NULL,
    name          varchar(255) NOT NULL,
    PRIMARY KEY (deployment_id, name),
    FOREIGN KEY (deployment_id) REFERENCES deployment (id)
);
CREATE TABLE resource (
    id                      varchar(36) NOT NULL PRIMARY KEY,
    created_at              timestamp(6) NOT NULL DEFAULT current_timestamp(6),
    updated_at              timestamp(6) NULL,
    version                 bigint NOT NULL,
    cloud_provider_endpoint text,
    iaas_id                 varchar(255),
    state                   varchar(255) NOT NULL,
    tosca_node_name         varchar(255) NOT NULL,
    tosca_node_type         varchar(255) NOT NULL,
    deployment_id           varchar(36) NOT NULL,
    metadata                text,
    KEY (created_at),
    KEY (deployment_id),
    KEY (tosca_node_name),
    FOREIGN KEY (deployment_id) REFERENCES deployment (id)
);
CREATE TABLE resource_required_by (
    resource_id varchar(36) NOT NULL,
    required_by varchar(36) NOT NULL,
    PRIMARY KEY (resource_id, required_by),
    KEY (required_by),
    FOREIGN KEY (resource_id) REFERENCES resource (id),
    FOREIGN KEY (required_by) REFERENCES resource (id)
);
