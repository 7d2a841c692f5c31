-- The statement {id} of the table {table}. Who calls and what the parameters are is found here; the
-- statement itself runs in a function of {runner}, which may read that one table, of whichever tenant:
-- the last parameter is its relation, null for main's.
CREATE OR REPLACE FUNCTION kontract."_run_{table}_{id}"({types}text, text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO, MDY'
AS '{body}';

CREATE OR REPLACE FUNCTION kontract."exec_{table}_{id}"(k bytea, given jsonb)
RETURNS TABLE (result text, xmax bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO, MDY' ROWS 1 AS $$
DECLARE
  caller text := kontract._caller(k, '{table}', 4);
  rel text;
  place int := 0;
  {parameters}
BEGIN
  IF caller IS NULL THEN
    SELECT u.caller, p.rel INTO caller, rel FROM kontract._resident(k) AS u, kontract._place(u.tenant, '{table}') AS p;
  END IF;
  IF jsonb_array_length(given) <> {count} THEN
    RAISE EXCEPTION USING ERRCODE = 'KX400', MESSAGE = 'params: expected {count} values';
  END IF;
  BEGIN
    {assignments}
  EXCEPTION WHEN data_exception THEN
    RAISE EXCEPTION USING ERRCODE = 'KX400', MESSAGE = format('params.%s: expected %s', place, ('{names}'::text[])[place + 1]);
  END;
  result := kontract."_run_{table}_{id}"({arguments}caller, rel);
  IF octet_length(result) > 16777216 THEN
    RAISE EXCEPTION USING ERRCODE = 'KX400', MESSAGE = 'exec: the result has more than 16 MB, read less with LIMIT';
  END IF;
  xmax := txid_snapshot_xmax(txid_current_snapshot());
  RETURN NEXT;
END $$;

REVOKE ALL ON FUNCTION kontract."_run_{table}_{id}"({types}text, text), kontract."exec_{table}_{id}"(bytea, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kontract."exec_{table}_{id}"(bytea, jsonb) TO {gateway};
