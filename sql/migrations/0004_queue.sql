-- Ends a submission, and the transaction with whatever else it wrote, when the group's queue has no place for it.
CREATE FUNCTION queue_is_full() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the queue of the group is full' USING ERRCODE = 'ORC29';
END
$$;
