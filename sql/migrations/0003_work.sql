-- What the engine needs to find its work at a glance, and to remember what is still at IM.

-- Pending operations wait in great numbers with a due_at in the past, so they are kept out of the schedule's index.
CREATE INDEX operations_schedule ON operations (due_at) WHERE due_at IS NOT NULL AND state <> 'pending';
CREATE INDEX operations_pending ON operations (created_at, id) WHERE state = 'pending';
CREATE INDEX operations_lease_owner ON operations (lease_owner) WHERE due_at IS NOT NULL AND state <> 'pending';

-- Set when nothing of an attempt is left at IM, and that was looked at twice; or when nothing was ever made.
ALTER TABLE operation_steps ADD COLUMN removed_at timestamptz;

-- Only one daemon at a time spends a refresh token, because issuers rotate them.
ALTER TABLE credentials ADD COLUMN renewed_by text;
ALTER TABLE credentials ADD COLUMN renewing_until timestamptz;
