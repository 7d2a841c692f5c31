-- What every Kontract database has, whatever the application's tables. Here: its own tables, and how
-- what is old goes. sessions.sql, shared.sql, reading.sql, tenants.sql, commit.sql, exec.sql and
-- privileges.sql follow.
--
-- It runs as the owner, and again whenever its text changed: everything here can be repeated.
-- {gateway} stands for the gateway's role.
--
-- Whoever calls gives k, HMAC(KONTRACT_SECRET, session), and never a tenant, a user or a
-- permission: those are found by SHA-256(k). Functions whose names begin with _ are internal.
-- Failures have the states KX400, KX401, KX403, KX404 and KX409 with the message that the caller
-- gets; COLUMN names the field that is meant, TABLE its logical table.

CREATE TABLE IF NOT EXISTS kontract.storage (
  id text NOT NULL,
  ptr text NOT NULL,
  owner text NOT NULL,
  permissions int NOT NULL DEFAULT 7,
  PRIMARY KEY (owner, id)
);
COMMENT ON TABLE kontract.storage IS 'Which physical table a tenant''s logical name means, and what may be done with it: R 4, W 2, X 1.';

CREATE TABLE IF NOT EXISTS kontract.trxs (
  sid bytea PRIMARY KEY,
  owner text NOT NULL,
  user_id text NOT NULL,
  perm int NOT NULL,
  ugroups text[] NOT NULL DEFAULT '{}',
  is_anonymous boolean NOT NULL,
  create_txid bigint NOT NULL DEFAULT txid_current(),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE kontract.trxs IS 'Open sessions by SHA-256(k). owner is the tenant.';
CREATE INDEX IF NOT EXISTS trxs_user ON kontract.trxs (owner, user_id);
CREATE INDEX IF NOT EXISTS trxs_expiry ON kontract.trxs (expires_at);

CREATE TABLE IF NOT EXISTS kontract.accounts (
  id text PRIMARY KEY DEFAULT gen_random_uuid()::text,
  owner text NOT NULL,
  email text NOT NULL,
  hash text NOT NULL,
  perm int NOT NULL,
  ugroups text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (owner, email)
);
COMMENT ON TABLE kontract.accounts IS 'Users with a password. hash is a PHC string; email is normalized by the gateway.';

CREATE TABLE IF NOT EXISTS kontract.calls (
  sid bytea NOT NULL,
  call_id text NOT NULL,
  txid bigint NOT NULL DEFAULT txid_current(),
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (sid, call_id)
);
COMMENT ON TABLE kontract.calls IS 'Calls and commits that have happened, or been claimed: one that is sent again finds itself here.';
ALTER TABLE kontract.calls ADD COLUMN IF NOT EXISTS answer bytea;
COMMENT ON COLUMN kontract.calls.answer IS 'Whose it is and what came of it, for those who send it again.';
CREATE INDEX IF NOT EXISTS calls_at ON kontract.calls (at);

CREATE TABLE IF NOT EXISTS kontract.tables (
  id text PRIMARY KEY,
  ptr text NOT NULL,
  description jsonb NOT NULL
);
COMMENT ON TABLE kontract.tables IS 'The tables as they were made.';

CREATE TABLE IF NOT EXISTS kontract.migrations (
  name text PRIMARY KEY,
  place bigint GENERATED ALWAYS AS IDENTITY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  link jsonb NOT NULL
);
COMMENT ON TABLE kontract.migrations IS 'The links of the chain that this database went through.';

CREATE TABLE IF NOT EXISTS kontract.constraints (
  name text PRIMARY KEY,
  id text NOT NULL,
  field text NOT NULL,
  expected text
);
COMMENT ON TABLE kontract.constraints IS 'What a violated constraint or unique index says. expected is null where a value must be unique.';

CREATE TABLE IF NOT EXISTS kontract.marks (
  at timestamptz NOT NULL DEFAULT now(),
  txid bigint NOT NULL
);
COMMENT ON TABLE kontract.marks IS 'When which transactions had ended: tells how old a tombstone is.';

CREATE TABLE IF NOT EXISTS kontract.base (hash text NOT NULL);
COMMENT ON TABLE kontract.base IS 'One row: the hash of the texts that these functions, and those of the tables, were made from.';

-- What a commit does with a row, or what was seen of it: then op is null, and version where there was
-- no row. place: that of the write among all.
DO $$ BEGIN
  IF to_regtype('kontract.item') IS NULL THEN
    CREATE TYPE kontract.item AS (
      t text, id text, op text, data jsonb, place int, version int, txid bigint
    );
  END IF;
END $$;

-- The gateway's role sees of the two tables what belongs to the session whose k (in hex) it has
-- put into kontract.k for a transaction; without one, nothing.
ALTER TABLE kontract.trxs ENABLE ROW LEVEL SECURITY;
ALTER TABLE kontract.storage ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own_session ON kontract.trxs;
CREATE POLICY own_session ON kontract.trxs FOR SELECT USING (
  sid = sha256(decode(nullif(current_setting('kontract.k', true), ''), 'hex')) AND expires_at > now()
);
DROP POLICY IF EXISTS own_tenant ON kontract.storage;
CREATE POLICY own_tenant ON kontract.storage FOR SELECT USING (
  owner = (SELECT t.owner FROM kontract.trxs AS t
           WHERE t.sid = sha256(decode(nullif(current_setting('kontract.k', true), ''), 'hex')))
);

-- Collecting -----------------------------------------------------------------------------------

-- Removes what has been of no use for so many seconds, an hour at least: tombstones, records of
-- calls; and sessions and shared values that have expired. A batch at a time: returns how many rows went.
CREATE OR REPLACE FUNCTION kontract.collect(retention int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  past timestamptz := now() - make_interval(secs => greatest(retention, 3600));
  horizon bigint;
  rel text;
  gone bigint;
  total bigint := 0;
BEGIN
  IF NOT EXISTS (SELECT FROM kontract.marks AS m WHERE m.at > now() - interval '1 minute') THEN
    INSERT INTO kontract.marks (txid) VALUES (txid_snapshot_xmin(txid_current_snapshot()));
  END IF;
  SELECT max(m.txid) INTO horizon FROM kontract.marks AS m WHERE m.at <= past;
  DELETE FROM kontract.marks AS m WHERE m.txid < horizon;
  FOR rel IN SELECT s.ptr FROM kontract.storage AS s WHERE horizon IS NOT NULL LOOP
    EXECUTE format('DELETE FROM kdata.%1$I WHERE id IN (
      SELECT id FROM kdata.%1$I WHERE _deleted_txid < $1 LIMIT 1000 FOR UPDATE SKIP LOCKED)', rel) USING horizon;
    GET DIAGNOSTICS gone = ROW_COUNT;
    total := total + gone;
  END LOOP;
  DELETE FROM kontract.trxs WHERE sid IN (
    SELECT sid FROM kontract.trxs WHERE expires_at < now() - interval '1 minute' LIMIT 1000 FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS gone = ROW_COUNT;
  total := total + gone;
  DELETE FROM kontract.calls WHERE (sid, call_id) IN (
    SELECT sid, call_id FROM kontract.calls WHERE at < past LIMIT 1000 FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS gone = ROW_COUNT;
  total := total + gone;
  DELETE FROM kontract.shared WHERE (owner, key) IN (
    SELECT owner, key FROM kontract.shared WHERE expires_at < now() LIMIT 1000 FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS gone = ROW_COUNT;
  total := total + gone;
  DELETE FROM kontract.shared_changes WHERE (sid, call_id, nth) IN (
    SELECT sid, call_id, nth FROM kontract.shared_changes WHERE at < past LIMIT 1000 FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN total + gone;
END $$;
