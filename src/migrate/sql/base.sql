-- What every Kontract database has, whatever the application's tables: schemas, the two tables
-- that the gateway may read, sessions and accounts, queries, and the commit of a call.
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
  owner text NOT NULL DEFAULT 'main',
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
COMMENT ON TABLE kontract.calls IS 'Commits that have happened: one that is sent again finds itself here.';
CREATE INDEX IF NOT EXISTS calls_at ON kontract.calls (at);

CREATE TABLE IF NOT EXISTS kontract.tables (
  id text PRIMARY KEY,
  ptr text NOT NULL,
  description jsonb NOT NULL
);
COMMENT ON TABLE kontract.tables IS 'The tables as they were made.';

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

-- A row that a commit is about: what was seen of it, and what is done with it. op is null where it
-- was only read, seen is false where it was only written. place: that of the write among all.
DO $$ BEGIN
  IF to_regtype('kontract.item') IS NULL THEN
    CREATE TYPE kontract.item AS (
      t text, id text, op text, data jsonb, place int, seen boolean, version int, txid bigint
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

-- Sessions and accounts ------------------------------------------------------------------------

-- The session of k; KX401 where there is none or it has expired.
CREATE OR REPLACE FUNCTION kontract.session(k bytea)
RETURNS TABLE (sid text, tenant text, user_id text, perm int, ugroups text[], is_anonymous boolean, expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
BEGIN
  RETURN QUERY
    SELECT CASE WHEN t.user_id = 'anonymous' THEN 'anonymous' ELSE encode(t.sid, 'hex') END,
           t.owner, t.user_id, t.perm, t.ugroups, t.is_anonymous, t.expires_at
    FROM kontract.trxs AS t WHERE t.sid = sha256(k) AND t.expires_at > now();
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'KX401', MESSAGE = 'Unauthorized';
  END IF;
END $$;

-- The session that calls without a login share: made where it is missing, renewed when less than
-- half of ttl (seconds) is left or its permission changed.
CREATE OR REPLACE FUNCTION kontract.session_anonymous(k bytea, mask int, ttl int)
RETURNS TABLE (sid text, tenant text, user_id text, perm int, ugroups text[], is_anonymous boolean, expires_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO kontract.trxs AS t (sid, owner, user_id, perm, is_anonymous, expires_at)
  VALUES (sha256(k), 'main', 'anonymous', mask & 7, true, now() + make_interval(secs => ttl))
  ON CONFLICT (sid) DO UPDATE SET perm = excluded.perm, expires_at = excluded.expires_at
  WHERE t.perm <> excluded.perm OR t.expires_at < now() + make_interval(secs => ttl / 2.0);
  RETURN QUERY SELECT * FROM kontract.session(k);
END $$;

-- Opens the session of a new user without an account and returns the user.
CREATE OR REPLACE FUNCTION kontract.session_guest(k bytea, perm int, ttl int) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  guest text := gen_random_uuid()::text;
BEGIN
  INSERT INTO kontract.trxs (sid, owner, user_id, perm, is_anonymous, expires_at)
  VALUES (sha256(k), 'main', guest, perm & 7, true, now() + make_interval(secs => ttl));
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
CREATE OR REPLACE FUNCTION kontract.session_close(k bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  expiry timestamptz;
BEGIN
  DELETE FROM kontract.trxs AS t WHERE t.sid = sha256(k) AND t.user_id <> 'anonymous'
  RETURNING t.expires_at INTO expiry;
  RETURN coalesce(expiry > now(), false);
END $$;

-- Makes an account and its first session and returns the user; KX409 where the address is taken.
CREATE OR REPLACE FUNCTION kontract.account_create(email text, hash text, perm int, k bytea, ttl int) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  made text;
BEGIN
  INSERT INTO kontract.accounts (email, hash, perm)
  VALUES (account_create.email, account_create.hash, account_create.perm & 7)
  ON CONFLICT ON CONSTRAINT accounts_owner_email_key DO NOTHING RETURNING id INTO made;
  IF made IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'KX409', MESSAGE = 'This e-mail address has an account already', COLUMN = 'email';
  END IF;
  PERFORM kontract.session_open(k, made, ttl);
  RETURN made;
END $$;

-- What a login is checked against: one row, or none.
CREATE OR REPLACE FUNCTION kontract.account_by_email(email text) RETURNS TABLE (user_id text, hash text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
BEGIN
  RETURN QUERY SELECT a.id, a.hash FROM kontract.accounts AS a
    WHERE a.owner = 'main' AND a.email = account_by_email.email;
END $$;

-- Replaces a password's hash by another of the same password, unless it changed meanwhile.
CREATE OR REPLACE FUNCTION kontract.account_rehash(user_id text, old_hash text, hash text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE kontract.accounts AS a SET hash = account_rehash.hash
  WHERE a.id = account_rehash.user_id AND a.hash = account_rehash.old_hash;
$$;

-- Gives an account its groups and ends its sessions, which have others. False: no such account.
CREATE OR REPLACE FUNCTION kontract.set_groups(user_id text, groups text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE kontract.accounts AS a SET ugroups = groups WHERE a.id = set_groups.user_id;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM kontract.trxs AS t WHERE t.owner = 'main' AND t.user_id = set_groups.user_id;
  RETURN true;
END $$;

-- What a user is told of himself; KX401 without a session.
CREATE OR REPLACE FUNCTION kontract.me(k bytea)
RETURNS TABLE (user_id text, email text, is_anonymous boolean, perm int, ugroups text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
BEGIN
  RETURN QUERY SELECT s.user_id, a.email, s.is_anonymous, s.perm, s.ugroups
    FROM kontract.session(k) AS s LEFT JOIN kontract.accounts AS a ON a.id = s.user_id;
END $$;

-- The schema as it is: what `serve` compares with the build that it is to serve.
CREATE OR REPLACE FUNCTION kontract.schema() RETURNS TABLE (base text, tables jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT (SELECT b.hash FROM kontract.base AS b),
         (SELECT coalesce(jsonb_object_agg(t.id, t.description), '{}') FROM kontract.tables AS t);
$$;

-- Reading --------------------------------------------------------------------------------------

-- The user of k, who may do with a table of his tenant what `need` (R 4, W 2 or X 1) says. Only
-- tables of the tenant `main` have functions of their own.
CREATE OR REPLACE FUNCTION kontract._caller(k bytea, name text, need int) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  caller text;
  perm int;
BEGIN
  SELECT t.user_id, t.perm & s.permissions INTO caller, perm
  FROM kontract.trxs AS t LEFT JOIN kontract.storage AS s ON s.owner = t.owner AND s.id = name AND t.owner = 'main'
  WHERE t.sid = sha256(k) AND t.expires_at > now();
  IF caller IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'KX401', MESSAGE = 'Unauthorized';
  END IF;
  IF perm IS NULL OR perm & need <> need THEN
    PERFORM kontract._allow(name, need, perm);
  ELSIF need NOT IN (4, 2, 1) OR need IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'KX400', MESSAGE = 'need: expected 4, 2 or 1';
  END IF;
  RETURN caller;
END $$;

-- Any permission that k has on a table: what was seen can be compared by whoever could see it.
CREATE OR REPLACE FUNCTION kontract._any(k bytea, name text) RETURNS int
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN t.perm & s.permissions & 4 > 0 THEN 4 WHEN t.perm & s.permissions & 2 > 0 THEN 2 ELSE 1 END
  FROM kontract.trxs AS t JOIN kontract.storage AS s ON s.owner = t.owner AND s.id = name
  WHERE t.sid = sha256(k);
$$;

-- Raises what is wrong with an operation that needs more than `perm`; null: there is no such table.
CREATE OR REPLACE FUNCTION kontract._allow(name text, need int, perm int) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF perm IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'KX404', MESSAGE = format('Table %s not found', name), TABLE = name;
  ELSIF perm & need <> need THEN
    RAISE EXCEPTION USING ERRCODE = 'KX403', TABLE = name, MESSAGE = format('Cannot %s table %s',
      CASE WHEN need & ~perm & 4 <> 0 THEN 'read' WHEN need & ~perm & 2 <> 0 THEN 'write' ELSE 'delete' END, name);
  END IF;
END $$;

-- A field of a row r as its class compares: text by its bytes, numbers as numeric. The indexes of
-- fields are made of the same text.
CREATE OR REPLACE FUNCTION kontract._field(name text, class text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE class WHEN 'text' THEN format('((r.data ->> %L) COLLATE "C")', name)
                    ELSE format('((r.data ->> %L)::numeric)', name) END;
$$;

-- The scalars of one type among an array's, as text. Immutable: the planner sees how many there are.
CREATE OR REPLACE FUNCTION kontract._elements(list jsonb, type text) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY(SELECT e #>> '{}' FROM jsonb_array_elements(list) AS e WHERE jsonb_typeof(e) = type);
$$;

-- A filter as a condition on a row r, in which $1 is the filter; its values are never part of the
-- text. fields: the classes of the fields that are known: text, number, bigint, json.
--
--   { "contains": {…}, "where": [[field, op, class, operand], …] }
--
-- field: null for the row's id. op: gt gte lt lte in startsWith. class: text, number, bigint (a
-- string of digits), any (with in: scalars as JSON). Stored values of other types match nothing.
CREATE OR REPLACE FUNCTION kontract._condition(fields jsonb, filter jsonb) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  text_ text := 'true';
  part record;
  class text;
  operand text;
  stored text;
  plain text;
BEGIN
  IF filter ? 'contains' THEN
    text_ := text_ || ' AND r.data @> ($1 -> ''contains'')';
    -- Said again in the words of an index, where there may be one.
    FOR part IN SELECT e.key, jsonb_typeof(e.value) AS type FROM jsonb_each(filter -> 'contains') AS e LOOP
      class := fields ->> part.key;
      IF class = 'json' THEN
        text_ := text_ || format(' AND (r.data -> %L) @> ($1 -> ''contains'' -> %L)', part.key, part.key);
      ELSIF class IN ('text', 'bigint') AND part.type IN ('string', 'boolean') OR class = 'number' AND part.type = 'number' THEN
        text_ := text_ || format(' AND %s = ($1 -> ''contains'' ->> %L)', kontract._field(part.key, class), part.key)
          || CASE class WHEN 'text' THEN '' ELSE '::numeric' END;
      END IF;
    END LOOP;
  END IF;
  FOR part IN
    SELECT w.value ->> 0 AS name, w.value ->> 1 AS op, w.value ->> 2 AS class, w.ordinality - 1 AS place
    FROM jsonb_array_elements(filter -> 'where') WITH ORDINALITY AS w
  LOOP
    class := coalesce(fields ->> part.name, 'unknown');
    stored := format('(r.data -> ($1 #>> ''{where,%s,0}''))', part.place);
    plain := format('(r.data ->> ($1 #>> ''{where,%s,0}''))', part.place);
    operand := format('($1 #> ''{where,%s,3}'')', part.place);
    IF part.op = 'in' AND part.name IS NULL THEN
      text_ := text_ || format(' AND r.id = ANY (kontract._elements(%s, ''string''))', operand);
    ELSIF part.op = 'in' THEN
      text_ := text_ || format(' AND jsonb_typeof(%s) NOT IN (''array'', ''object'') AND %s @> %s', stored, operand, stored);
      -- Said again in the words of an index; null is in none.
      IF filter #> ARRAY['where', part.place::text, '3'] @> 'null' THEN
        CONTINUE;
      ELSIF class = 'text' THEN
        text_ := text_ || format(' AND %s = ANY (kontract._elements(%s, ''string'') || kontract._elements(%s, ''boolean''))',
          kontract._field(part.name, class), operand, operand);
      ELSIF class = 'number' THEN
        text_ := text_ || format(' AND %s = ANY (kontract._elements(%s, ''number'')::numeric[])', kontract._field(part.name, class), operand);
      END IF;
    ELSE
      operand := format('($1 #>> ''{where,%s,3}'')', part.place);
      IF part.class = 'text' THEN
        operand := operand || ' COLLATE "C"';
        plain := CASE
          WHEN part.name IS NULL THEN 'r.id'
          WHEN class = 'text' THEN kontract._field(part.name, class)
          ELSE format('(CASE WHEN jsonb_typeof(%s) = ''string'' THEN %s END COLLATE "C")', stored, plain)
        END;
      ELSE
        operand := operand || '::numeric';
        plain := CASE
          WHEN class = part.class THEN kontract._field(part.name, class)
          WHEN part.class = 'number' THEN format('(CASE WHEN jsonb_typeof(%s) = ''number'' THEN %s::numeric END)', stored, plain)
          ELSE format('(CASE WHEN jsonb_typeof(%s) = ''string'' AND %s ~ ''^-?\d+$'' THEN %s::numeric END)', stored, plain, plain)
        END;
      END IF;
      text_ := text_ || format(' AND %s %s %s', plain,
        CASE part.op WHEN 'gt' THEN '>' WHEN 'gte' THEN '>=' WHEN 'lt' THEN '<' WHEN 'lte' THEN '<=' WHEN 'startsWith' THEN '^@' END, operand);
    END IF;
  END LOOP;
  IF text_ IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'KX400', MESSAGE = 'filter: expected the operators gt, gte, lt, lte, in, startsWith';
  END IF;
  RETURN text_;
END $$;

-- The live rows of a table that a filter takes, in the order of a field ('': of the id; null: of
-- insertion), equal ones in the order of insertion. Absent and null fields come first. after and after_ord: the sort
-- and ord of the row to continue after; only after_ord where that field was null. caller: null, or
-- the user whose rows are meant. Where nothing is found, one row of nulls with xmax: the snapshot's.
CREATE OR REPLACE FUNCTION kontract._query(
  name text, rel regclass, caller text, fields jsonb, filter jsonb,
  order_by text, descending boolean, after text, after_ord bigint, take int
)
RETURNS TABLE (id text, data text, version int, txid bigint, ord bigint, sort text, xmax bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  class text := CASE order_by WHEN '' THEN 'text' ELSE fields ->> order_by END;
  key text := CASE order_by WHEN '' THEN 'r.id' ELSE kontract._field(order_by, class) END;
  value text := CASE class WHEN 'text' THEN '$3 COLLATE "C"' ELSE '$3::numeric' END;
  direction text := CASE WHEN descending THEN 'DESC' ELSE 'ASC' END;
  beyond text := CASE WHEN descending THEN '<' ELSE '>' END;
  condition text := kontract._condition(fields, filter);
  -- Where the rows that are left lie: read one after the other, each in the order of an index.
  spans text[];
  span text;
  newest bigint := txid_snapshot_xmax(txid_current_snapshot());
  found int := 0;
  more int;
BEGIN
  IF order_by IS NOT NULL AND coalesce(class, 'json') = 'json' THEN
    RAISE EXCEPTION USING ERRCODE = 'KX400', COLUMN = order_by,
      MESSAGE = format('orderBy: expected a field of %s that holds text, numbers, dates or booleans', name);
  END IF;
  spans := CASE
    WHEN after_ord IS NULL THEN ARRAY['true']
    WHEN key IS NULL THEN ARRAY[format('r._order %s $4', beyond)]
    WHEN order_by = '' THEN ARRAY[format('r.id %s %s', beyond, value)]
    WHEN after IS NOT NULL AND NOT descending THEN ARRAY[format('(%s, r._order) > (%s, $4)', key, value)]
    WHEN after IS NOT NULL THEN ARRAY[format('(%s, r._order) < (%s, $4)', key, value), format('%s IS NULL', key)]
    WHEN NOT descending THEN ARRAY[format('%s IS NULL AND r._order > $4', key), format('%s IS NOT NULL', key)]
    ELSE ARRAY[format('%s IS NULL AND r._order < $4', key)]
  END;
  FOREACH span IN ARRAY spans LOOP
    RETURN QUERY EXECUTE format(
      'SELECT r.id, r.data::text, r._version, r._txid, r._order, %s::text, $6 FROM %s AS r
       WHERE r._deleted_txid IS NULL%s AND %s AND %s ORDER BY %s LIMIT $5',
      coalesce(key, 'NULL'), rel, CASE WHEN caller IS NOT NULL THEN ' AND r._owner = $2' ELSE '' END, condition, span,
      CASE
        WHEN key IS NULL THEN 'r._order ' || direction
        -- Neither null nor twice.
        WHEN order_by = '' THEN 'r.id ' || direction
        ELSE format('%s %s NULLS %s, r._order %s', key, direction, CASE WHEN descending THEN 'LAST' ELSE 'FIRST' END, direction)
      END
    ) USING filter, caller, after, after_ord, take - found, newest;
    GET DIAGNOSTICS more = ROW_COUNT;
    found := found + more;
    EXIT WHEN found >= take;
  END LOOP;
  IF found = 0 THEN
    xmax := newest;
    RETURN NEXT;
  END IF;
END $$;

-- How many live rows a filter takes. The digest changes when their number does.
CREATE OR REPLACE FUNCTION kontract._count(rel regclass, caller text, fields jsonb, filter jsonb)
RETURNS TABLE (n bigint, digest bytea, xmax bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  EXECUTE format('SELECT count(*) FROM %s AS r WHERE r._deleted_txid IS NULL%s AND %s', rel,
    CASE WHEN caller IS NOT NULL THEN ' AND r._owner = $2' ELSE '' END, kontract._condition(fields, filter))
  INTO n USING filter, caller;
  digest := sha256(n::text::bytea);
  xmax := txid_snapshot_xmax(txid_current_snapshot());
  RETURN NEXT;
END $$;

-- Committing -----------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION kontract._conflict() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'KX409', MESSAGE = 'Conflict, try again';
END $$;

-- KX409 unless all rows read and all predicates are as they were, in one snapshot: that of the
-- statement which calls this.
CREATE OR REPLACE FUNCTION kontract._validate(k bytea, reads jsonb, predicates jsonb) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
  part record;
  same boolean;
BEGIN
  FOR part IN
    SELECT r.t, array_agg(r.id) AS ids, jsonb_agg(jsonb_build_object('id', r.id, 'v', r.v, 'x', r.x)) AS seen
    FROM jsonb_to_recordset(reads) AS r(t text, id text, v int, x bigint) GROUP BY r.t
  LOOP
    PERFORM kontract._caller(k, part.t, kontract._any(k, part.t));
    EXECUTE format(
      'SELECT bool_and(s.v IS NOT DISTINCT FROM g.version AND s.x IS NOT DISTINCT FROM g.txid)
       FROM jsonb_to_recordset($3) AS s(id text, v int, x bigint) LEFT JOIN kontract.%I($1, $2, $4) AS g ON g.id = s.id',
      'get_' || part.t
    ) INTO same USING k, part.ids, part.seen, kontract._any(k, part.t);
    PERFORM kontract._conflict() WHERE NOT same;
  END LOOP;
  FOR part IN
    SELECT p.* FROM jsonb_to_recordset(predicates) AS p(t text, kind text, filter jsonb, order_by text,
      descending boolean, after text, after_ord bigint, take int, digest text)
  LOOP
    PERFORM kontract._caller(k, part.t, kontract._any(k, part.t));
    IF part.kind = 'count' THEN
      EXECUTE format('SELECT encode(c.digest, ''hex'') = $3 FROM kontract.%I($1, $2) AS c', 'count_' || part.t)
      INTO same USING k, part.filter, part.digest;
    ELSE
      -- Of the rows in their order: version:txid:bytes of the id:id;
      EXECUTE format(
        'SELECT encode(sha256(convert_to(coalesce(string_agg(
           q.version || '':'' || q.txid || '':'' || octet_length(q.id) || '':'' || q.id || '';'', '''' ORDER BY q.ordinality), ''''), ''UTF8'')), ''hex'') = $8
         FROM kontract.%I($1, $2, $3, $4, $5, $6, $7, $9) WITH ORDINALITY AS q', 'query_' || part.t
      ) INTO same USING k, part.filter, part.order_by, part.descending, part.after, part.after_ord, part.take, part.digest,
        kontract._any(k, part.t);
    END IF;
    PERFORM kontract._conflict() WHERE same IS NOT TRUE;
  END LOOP;
END $$;

-- Applies what a call wrote if nothing that it read has changed; KX409 otherwise.
--
--   writes      [{ "t", "op": "set" | "update" | "insert" | "delete", "id", "data" }, …]
--   reads       [{ "t", "id", "v": version, "x": txid }, …], v and x null: there was no such row
--   predicates  [{ "t", "kind": "query", "filter", "order_by", "descending", "after", "after_ord", "take", "digest" },
--                { "t", "kind": "count", "filter", "digest" }, …]
--
-- set makes or replaces a row, and revives a removed one; update changes the given fields of a row
-- and delete removes one: KX409 where it is gone; insert makes one: KX409 where it exists. New rows
-- get their order from their place in the array. Returns the transaction's id, null where nothing
-- is written: then all is compared in one snapshot and nothing is locked.
--
-- With a call_id it happens once: sent again, it returns the id of the transaction that was.
--
-- Nobody waits in a circle: every commit takes its locks in one order. First per table, by name:
-- exclusive where a predicate or an absent row must stay what it is, shared where rows are written.
-- Then rows, by table and id: FOR UPDATE those written, FOR SHARE those only read. An absent row
-- that is also written needs no lock of its table: its insertion fails when somebody was faster.
CREATE OR REPLACE FUNCTION kontract.commit(k bytea, call_id text, writes jsonb, reads jsonb, predicates jsonb)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  session record;
  done bigint;
  items kontract.item[];
  part record;
  names text[] := '{}';
  parts int4range[] := '{}';
  violated text;
  rule record;
BEGIN
  SELECT t.sid, t.user_id, t.perm, t.owner INTO session
  FROM kontract.trxs AS t WHERE t.sid = sha256(k) AND t.expires_at > now();
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'KX401', MESSAGE = 'Unauthorized';
  END IF;
  IF jsonb_array_length(writes) = 0 THEN
    PERFORM kontract._validate(k, reads, predicates);
    RETURN NULL;
  END IF;
  IF call_id IS NOT NULL THEN
    INSERT INTO kontract.calls AS c (sid, call_id) VALUES (session.sid, commit.call_id) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      SELECT c.txid INTO done FROM kontract.calls AS c WHERE c.sid = session.sid AND c.call_id = commit.call_id;
      RETURN done;
    END IF;
  END IF;
  SELECT array_agg(i.item ORDER BY (i.item).t COLLATE "C", (i.item).id COLLATE "C", (i.item).place) INTO items
  FROM (
    SELECT (coalesce(w.t, r.t), coalesce(w.id, r.id), w.op, w.data, w.place, r.id IS NOT NULL, r.v, r.x)::kontract.item AS item
    FROM ROWS FROM (jsonb_to_recordset(writes) AS (t text, op text, id text, data jsonb)) WITH ORDINALITY AS w(t, op, id, data, place)
    FULL JOIN jsonb_to_recordset(reads) AS r(t text, id text, v int, x bigint) ON r.t = w.t AND r.id = w.id
  ) AS i;
  FOR part IN
    SELECT a.t, CASE WHEN min(a.place) IS NOT NULL THEN int4range(min(a.place)::int, max(a.place)::int, '[]') END AS places, bit_or(a.need) AS need,
           bool_or(a.fixed) AS fixed, session.perm & s.permissions AS perm
    FROM (
      SELECT i.t, i.ordinality AS place, CASE WHEN i.op IS NULL THEN 0 WHEN i.op = 'delete' THEN 1 ELSE 2 END AS need,
             i.op IS NULL AND i.version IS NULL AS fixed
      FROM unnest(items) WITH ORDINALITY AS i
      UNION ALL
      SELECT p.t, NULL, 0, true FROM jsonb_to_recordset(predicates) AS p(t text)
    ) AS a LEFT JOIN kontract.storage AS s ON s.owner = session.owner AND s.owner = 'main' AND s.id = a.t
    GROUP BY a.t, s.permissions ORDER BY a.t COLLATE "C"
  LOOP
    IF part.perm IS NULL OR part.perm & part.need <> part.need THEN
      PERFORM kontract._allow(part.t, part.need, part.perm);
    END IF;
    IF part.fixed THEN
      PERFORM pg_advisory_xact_lock(hashtextextended('kontract.' || part.t, 0));
    ELSIF part.need <> 0 THEN
      PERFORM pg_advisory_xact_lock_shared(hashtextextended('kontract.' || part.t, 0));
    END IF;
    IF part.places IS NOT NULL THEN
      names := names || part.t;
      parts := parts || part.places;
    END IF;
  END LOOP;
  FOR n IN 1 .. array_length(names, 1) LOOP
    EXECUTE format('SELECT kontract.%I($1, $2)', '_lock_' || names[n])
    USING session.user_id, items[lower(parts[n]) : upper(parts[n]) - 1];
  END LOOP;
  IF jsonb_array_length(predicates) > 0 THEN
    PERFORM kontract._validate(k, '[]', predicates);
  END IF;
  FOR n IN 1 .. array_length(names, 1) LOOP
    EXECUTE format('SELECT kontract.%I($1, $2)', '_write_' || names[n])
    USING session.user_id, items[lower(parts[n]) : upper(parts[n]) - 1];
  END LOOP;
  RETURN txid_current();
EXCEPTION WHEN program_limit_exceeded THEN
  RAISE EXCEPTION USING ERRCODE = 'KX400', MESSAGE = 'A value is too long for the index of its field';
WHEN unique_violation OR check_violation THEN
  GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
  SELECT c.id, c.field, c.expected INTO rule FROM kontract.constraints AS c WHERE c.name = violated;
  IF NOT FOUND THEN
    RAISE;
  ELSIF rule.expected IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'KX409', TABLE = rule.id, COLUMN = rule.field,
      MESSAGE = format('Another row of %s has this %s', rule.id, rule.field);
  ELSE
    RAISE EXCEPTION USING ERRCODE = 'KX400', TABLE = rule.id, COLUMN = rule.field,
      MESSAGE = format('%s.%s: expected %s', rule.id, rule.field, rule.expected);
  END IF;
END $$;

-- Collecting -----------------------------------------------------------------------------------

-- Removes what has been of no use for so many seconds, an hour at least: tombstones, records of
-- calls; and sessions that have expired. A batch at a time: returns how many rows went.
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
  RETURN total + gone;
END $$;

-- What the gateway may do ----------------------------------------------------------------------

REVOKE ALL ON ALL TABLES IN SCHEMA kontract, kdata FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kontract FROM PUBLIC;
REVOKE ALL ON TYPE kontract.item FROM PUBLIC;
GRANT USAGE ON SCHEMA kontract TO {gateway};
GRANT SELECT ON kontract.storage, kontract.trxs TO {gateway};
GRANT EXECUTE ON FUNCTION
  kontract.session(bytea),
  kontract.session_anonymous(bytea, int, int),
  kontract.session_guest(bytea, int, int),
  kontract.session_open(bytea, text, int),
  kontract.session_close(bytea),
  kontract.account_create(text, text, int, bytea, int),
  kontract.account_by_email(text),
  kontract.account_rehash(text, text, text),
  kontract.set_groups(text, text[]),
  kontract.me(bytea),
  kontract.schema(),
  kontract.commit(bytea, text, jsonb, jsonb, jsonb),
  kontract.collect(int)
TO {gateway};
