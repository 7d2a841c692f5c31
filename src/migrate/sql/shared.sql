-- env.shared: values that all calls of a tenant share. Unlogged: what it holds may vanish.

CREATE UNLOGGED TABLE IF NOT EXISTS kontract.shared (
  owner text NOT NULL,
  key text NOT NULL,
  held text,
  number float8,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (owner, key)
);
COMMENT ON TABLE kontract.shared IS 'Values by tenant and key: numbers, which can be added to, and others as JSON.';
CREATE INDEX IF NOT EXISTS shared_expiry ON kontract.shared (expires_at);

CREATE UNLOGGED TABLE IF NOT EXISTS kontract.shared_changes (
  sid bytea NOT NULL,
  call_id text NOT NULL,
  nth int NOT NULL,
  change bytea NOT NULL,
  done boolean,
  sum float8,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (sid, call_id, nth)
);
COMMENT ON TABLE kontract.shared_changes IS 'What calls have changed, with the results: a call that runs again changes nothing twice.';
CREATE INDEX IF NOT EXISTS shared_changes_at ON kontract.shared_changes (at);

-- The tenant of k.
CREATE OR REPLACE FUNCTION kontract._tenant(k bytea) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  tenant text;
BEGIN
  SELECT t.owner INTO tenant FROM kontract.trxs AS t WHERE t.sid = sha256(k) AND t.expires_at > now();
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'KX401', MESSAGE = 'Unauthorized';
  END IF;
  RETURN tenant;
END $$;

-- What lies under a key, and for how many seconds more; no row where there is nothing.
CREATE OR REPLACE FUNCTION kontract.shared_get(k bytea, key text)
RETURNS TABLE (held text, number float8, left_over float8)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
DECLARE
  tenant text := kontract._tenant(k);
BEGIN
  RETURN QUERY
    SELECT s.held, s.number, extract(epoch FROM s.expires_at - clock_timestamp())::float8
    FROM kontract.shared AS s
    WHERE s.owner = tenant AND s.key = shared_get.key AND s.expires_at > clock_timestamp();
END $$;

-- The nth change of a call. operation: set (held or number), delete, increment (by number; a window
-- that is open keeps its end). done: for delete whether there was something, for increment whether
-- it was a number. Made again by the same call, it returns what came of it.
CREATE OR REPLACE FUNCTION kontract.shared_change(
  k bytea, call_id text, nth int, change bytea, operation text, key text, held text, number float8, ttl float8
)
RETURNS TABLE (done boolean, sum float8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
#variable_conflict use_column
DECLARE
  tenant text := kontract._tenant(k);
  moment timestamptz := clock_timestamp();
  expiry timestamptz := moment + make_interval(secs => ttl);
BEGIN
  -- A call that runs again and does something else goes its own way from there.
  INSERT INTO kontract.shared_changes AS c (sid, call_id, nth, change)
  VALUES (sha256(k), shared_change.call_id, shared_change.nth, shared_change.change)
  ON CONFLICT (sid, call_id, nth) DO UPDATE SET change = excluded.change, at = excluded.at
  WHERE c.change <> excluded.change;
  IF NOT FOUND THEN
    RETURN QUERY SELECT c.done, c.sum FROM kontract.shared_changes AS c
      WHERE c.sid = sha256(k) AND c.call_id = shared_change.call_id AND c.nth = shared_change.nth;
    RETURN;
  END IF;
  IF operation = 'delete' THEN
    DELETE FROM kontract.shared AS s WHERE s.owner = tenant AND s.key = shared_change.key
    RETURNING s.expires_at > moment INTO shared_change.done;
  ELSIF operation = 'set' THEN
    INSERT INTO kontract.shared AS s (owner, key, held, number, expires_at)
    VALUES (tenant, shared_change.key, shared_change.held, shared_change.number, expiry)
    ON CONFLICT (owner, key) DO UPDATE
    SET held = excluded.held, number = excluded.number, expires_at = excluded.expires_at;
    shared_change.done := true;
  ELSE
    INSERT INTO kontract.shared AS s (owner, key, number, expires_at)
    VALUES (tenant, shared_change.key, shared_change.number, expiry)
    ON CONFLICT (owner, key) DO UPDATE SET
      held = NULL,
      number = CASE WHEN s.expires_at > moment THEN s.number ELSE 0 END + excluded.number,
      expires_at = CASE WHEN s.expires_at > moment THEN s.expires_at ELSE excluded.expires_at END
    WHERE s.number IS NOT NULL OR s.expires_at <= moment
    RETURNING s.number INTO shared_change.sum;
    shared_change.done := FOUND;
  END IF;
  shared_change.done := coalesce(shared_change.done, false);
  UPDATE kontract.shared_changes AS c SET done = shared_change.done, sum = shared_change.sum
  WHERE c.sid = sha256(k) AND c.call_id = shared_change.call_id AND c.nth = shared_change.nth;
  RETURN NEXT;
END $$;
