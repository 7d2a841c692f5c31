-- Sessions and accounts, and the schema as the gateway sees it.
--
-- host: the Host header of the request. It says whose users are meant: sessions and accounts of other
-- tenants are unknown there. Without one those of main are.

-- The session of k; KX401 where there is none or it has expired.
CREATE OR REPLACE FUNCTION kontract.session(k bytea, host text DEFAULT NULL)
RETURNS TABLE (sid text, tenant text, user_id text, perm int, ugroups text[], is_anonymous boolean, expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
BEGIN
  RETURN QUERY
    SELECT CASE WHEN t.user_id = 'anonymous' THEN 'anonymous' ELSE encode(t.sid, 'hex') END,
           t.owner, t.user_id, t.perm, t.ugroups, t.is_anonymous, t.expires_at
    FROM kontract.trxs AS t
    WHERE t.sid = sha256(k) AND t.expires_at > now() AND t.owner = kontract._tenant_at(host);
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'KX401', MESSAGE = 'Unauthorized';
  END IF;
END $$;

-- The session that calls of a tenant without a login share: made where it is missing, renewed when
-- less than half of ttl (seconds) is left or its permission changed. own: the k of this session, which
-- is the one given for main alone.
CREATE OR REPLACE FUNCTION kontract.session_anonymous(k bytea, mask int, ttl int, host text DEFAULT NULL)
RETURNS TABLE (sid text, tenant text, user_id text, perm int, ugroups text[], is_anonymous boolean, expires_at timestamptz, own bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
#variable_conflict use_column
DECLARE
  home text := kontract._tenant_at(host);
BEGIN
  own := CASE home WHEN 'main' THEN k ELSE sha256(k || convert_to(home, 'UTF8')) END;
  -- An upsert that changes nothing would still lock the row, and callers wait for each other's commits.
  PERFORM FROM kontract.trxs AS t
  WHERE t.sid = sha256(own) AND t.perm = mask & 7 AND t.expires_at >= now() + make_interval(secs => ttl / 2.0);
  IF NOT FOUND THEN
    INSERT INTO kontract.trxs AS t (sid, owner, user_id, perm, is_anonymous, expires_at)
    VALUES (sha256(own), home, 'anonymous', mask & 7, true, now() + make_interval(secs => ttl))
    ON CONFLICT (sid) DO UPDATE SET perm = excluded.perm, expires_at = excluded.expires_at
    WHERE t.perm <> excluded.perm OR t.expires_at < now() + make_interval(secs => ttl / 2.0);
  END IF;
  RETURN QUERY SELECT s.*, own FROM kontract.session(own, host) AS s;
END $$;

-- Opens the session of a new user without an account and returns the user.
CREATE OR REPLACE FUNCTION kontract.session_guest(k bytea, perm int, ttl int, host text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  guest text := gen_random_uuid()::text;
BEGIN
  INSERT INTO kontract.trxs (sid, owner, user_id, perm, is_anonymous, expires_at)
  VALUES (sha256(k), kontract._tenant_at(host), guest, perm & 7, true, now() + make_interval(secs => ttl));
  RETURN guest;
END $$;

-- Opens a session of an account with the account's permission and groups; KX401 where there is no
-- such account.
CREATE OR REPLACE FUNCTION kontract.session_open(k bytea, user_id text, ttl int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- The lock makes set_groups wait, which then ends this session too.
  INSERT INTO kontract.trxs (sid, owner, user_id, perm, ugroups, is_anonymous, expires_at)
  SELECT sha256(k), a.owner, a.id, a.perm, a.ugroups, false, now() + make_interval(secs => ttl)
  FROM kontract.accounts AS a WHERE a.id = session_open.user_id FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'KX401', MESSAGE = 'Unauthorized';
  END IF;
END $$;

-- Ends a session and tells whether there was one.
CREATE OR REPLACE FUNCTION kontract.session_close(k bytea, host text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  expiry timestamptz;
BEGIN
  DELETE FROM kontract.trxs AS t WHERE t.sid = sha256(k) AND t.user_id <> 'anonymous' AND t.owner = kontract._tenant_at(host)
  RETURNING t.expires_at INTO expiry;
  RETURN coalesce(expiry > now(), false);
END $$;

-- Makes an account and its first session and returns the user; KX409 where the address is taken.
CREATE OR REPLACE FUNCTION kontract.account_create(email text, hash text, perm int, k bytea, ttl int, host text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  made text;
BEGIN
  INSERT INTO kontract.accounts (owner, email, hash, perm)
  VALUES (kontract._tenant_at(host), account_create.email, account_create.hash, account_create.perm & 7)
  ON CONFLICT ON CONSTRAINT accounts_owner_email_key DO NOTHING RETURNING id INTO made;
  IF made IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'KX409', MESSAGE = 'This e-mail address has an account already', COLUMN = 'email';
  END IF;
  PERFORM kontract.session_open(k, made, ttl);
  RETURN made;
END $$;

-- What a login is checked against: one row, or none.
CREATE OR REPLACE FUNCTION kontract.account_by_email(email text, host text DEFAULT NULL) RETURNS TABLE (user_id text, hash text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
BEGIN
  RETURN QUERY SELECT a.id, a.hash FROM kontract.accounts AS a
    WHERE a.owner = kontract._tenant_at(host) AND a.email = account_by_email.email;
END $$;

-- Replaces a password's hash by another of the same password, unless it changed meanwhile.
CREATE OR REPLACE FUNCTION kontract.account_rehash(user_id text, old_hash text, hash text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE kontract.accounts AS a SET hash = account_rehash.hash
  WHERE a.id = account_rehash.user_id AND a.hash = account_rehash.old_hash;
$$;

-- Gives an account of the tenant of k, of main without one, its groups and ends its sessions, which
-- have others. False: no such account.
CREATE OR REPLACE FUNCTION kontract.set_groups(k bytea, user_id text, groups text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tenant text := CASE WHEN k IS NULL THEN 'main' ELSE kontract._tenant(k) END;
BEGIN
  UPDATE kontract.accounts AS a SET ugroups = groups WHERE a.owner = tenant AND a.id = set_groups.user_id;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM kontract.trxs AS t WHERE t.owner = tenant AND t.user_id = set_groups.user_id;
  RETURN true;
END $$;

-- What a user is told of himself; KX401 without a session.
CREATE OR REPLACE FUNCTION kontract.me(k bytea, host text DEFAULT NULL)
RETURNS TABLE (user_id text, email text, is_anonymous boolean, perm int, ugroups text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
BEGIN
  RETURN QUERY SELECT s.user_id, a.email, s.is_anonymous, s.perm, s.ugroups
    FROM kontract.session(k, host) AS s LEFT JOIN kontract.accounts AS a ON a.id = s.user_id;
END $$;

-- The schema as it is: what `serve` compares with the build that it is to serve.
CREATE OR REPLACE FUNCTION kontract.schema() RETURNS TABLE (base text, tables jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT (SELECT b.hash FROM kontract.base AS b),
         (SELECT coalesce(jsonb_object_agg(t.id, t.description), '{}') FROM kontract.tables AS t);
$$;
