-- Tenants beside `main`: their tables have no functions of their own. What the functions of main's
-- tables do in static SQL is done here for all others, for whoever's session is of another tenant.

CREATE TABLE IF NOT EXISTS kontract.tenants (
  name text PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE kontract.tenants IS 'Tenants beside main.';

CREATE TABLE IF NOT EXISTS kontract.hosts (
  host text PRIMARY KEY,
  tenant text NOT NULL REFERENCES kontract.tenants ON DELETE CASCADE
);
COMMENT ON TABLE kontract.hosts IS 'Whose users come by which name of the server; by any other they are those of main.';

ALTER TABLE kontract.tables
  ADD COLUMN IF NOT EXISTS owned boolean NOT NULL DEFAULT false,
  ADD COLUMN IF NOT EXISTS classes jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN IF NOT EXISTS readonly text[] NOT NULL DEFAULT '{}';

-- The tenant of a Host header: without the port and the root's dot, in small letters.
CREATE OR REPLACE FUNCTION kontract._tenant_at(host text) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT h.tenant FROM kontract.hosts AS h
                   WHERE h.host = lower(regexp_replace(_tenant_at.host, '\.?(:[0-9]*)?$', ''))), 'main');
$$;

-- A logical table of a tenant: its relation, and what its functions would know of it. mine: of a
-- row r, in which $1 is the caller.
CREATE OR REPLACE FUNCTION kontract._place(tenant text, name text)
RETURNS TABLE (rel text, owned boolean, mine text, classes jsonb, readonly text[])
LANGUAGE sql STABLE ROWS 1 AS $$
  SELECT format('kdata.%I', s.ptr), t.owned, CASE WHEN t.owned THEN '(r._owner = $1)' ELSE '($1 IS NOT NULL)' END,
         t.classes, t.readonly
  FROM kontract.storage AS s JOIN kontract.tables AS t ON t.id = s.id
  WHERE s.owner = _place.tenant AND s.id = _place.name;
$$;

-- The user and the tenant of k, who has been let through.
CREATE OR REPLACE FUNCTION kontract._resident(k bytea) RETURNS TABLE (tenant text, caller text)
LANGUAGE sql STABLE ROWS 1 AS $$
  SELECT t.owner, t.user_id FROM kontract.trxs AS t WHERE t.sid = sha256(k);
$$;

CREATE OR REPLACE FUNCTION kontract._tenant_get(k bytea, name text, ids text[])
RETURNS TABLE (id text, data text, version int, txid bigint, ord bigint, xmax bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  place record;
BEGIN
  SELECT * INTO place FROM kontract._resident(k) AS u, kontract._place(u.tenant, name);
  xmax := txid_snapshot_xmax(txid_current_snapshot());
  RETURN QUERY EXECUTE format(
    'SELECT r.id, CASE WHEN %1$s THEN r.data::text END, CASE WHEN %1$s THEN r._version END,
            CASE WHEN %1$s THEN r._txid END, CASE WHEN %1$s THEN r._order END, $3
     FROM %2$s AS r WHERE r.id = ANY ($2) AND r._deleted_txid IS NULL', place.mine, place.rel
  ) USING place.caller, ids, xmax;
  IF NOT FOUND THEN
    RETURN NEXT;
  END IF;
END $$;

CREATE OR REPLACE FUNCTION kontract._tenant_query(
  k bytea, name text, filter jsonb, order_by text, descending boolean, after text, after_ord bigint, take int, told boolean
)
RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT kontract._query(name, p.rel::regclass, CASE WHEN p.owned THEN u.caller END, p.classes,
    filter, order_by, descending, after, after_ord, take, told)
  FROM kontract._resident(k) AS u, kontract._place(u.tenant, name) AS p;
$$;

CREATE OR REPLACE FUNCTION kontract._tenant_count(k bytea, name text, filter jsonb)
RETURNS TABLE (n bigint, digest bytea, xmax bigint)
LANGUAGE sql STABLE ROWS 1 AS $$
  SELECT c.* FROM kontract._resident(k) AS u, kontract._place(u.tenant, name) AS p,
    kontract._count(p.rel::regclass, CASE WHEN p.owned THEN u.caller END, p.classes, filter) AS c;
$$;

-- What calls that make the same row, or want a table to stay as it is, lock of a tenant's table.
CREATE OR REPLACE FUNCTION kontract._tenant_scope(tenant text, name text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE tenant WHEN 'main' THEN name ELSE tenant || '/' || name END;
$$;

CREATE OR REPLACE FUNCTION kontract._tenant_lock(tenant text, name text, caller text, items kontract.item[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  place record;
  item kontract.item;
  previous text;
  seek text;
  r record;
  live boolean;
BEGIN
  SELECT * INTO place FROM kontract._place(tenant, name);
  seek := format('SELECT r._version, r._txid, %s AS mine, r._deleted_txid FROM %s AS r WHERE r.id = $2 FOR ', place.mine, place.rel);
  FOREACH item IN ARRAY items LOOP
    IF item.id IS DISTINCT FROM previous THEN
      previous := item.id;
      EXECUTE seek || CASE WHEN item.op IS NULL THEN 'SHARE' ELSE 'UPDATE' END INTO r USING caller, item.id;
      IF item.op IS NOT NULL AND r._version IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(kontract._tenant_scope(tenant, name) || '.' || item.id, 1));
        EXECUTE seek || 'UPDATE' INTO r USING caller, item.id;
      END IF;
      live := r._version IS NOT NULL AND r._deleted_txid IS NULL;
      IF live AND NOT r.mine THEN
        IF item.op IS NOT NULL THEN
          RAISE EXCEPTION USING ERRCODE = 'KX403', TABLE = name, MESSAGE = 'Insufficient permissions';
        END IF;
        live := false;
      END IF;
    END IF;
    IF item.op IS NULL AND (CASE WHEN item.version IS NULL THEN live
                                 ELSE NOT live OR item.version <> r._version OR item.txid <> r._txid END) THEN
      PERFORM kontract._conflict();
    END IF;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION kontract._tenant_write(tenant text, name text, caller text, items kontract.item[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  place record;
  item kontract.item;
  removals boolean;
  first boolean;
  previous text;
  low int;
  high int;
  orders bigint[];
  old jsonb;
  field text;
  touched bigint;
BEGIN
  SELECT * INTO place FROM kontract._place(tenant, name);
  FOREACH removals IN ARRAY '{true,false}'::boolean[] LOOP
    previous := NULL;
    FOREACH item IN ARRAY items LOOP
      first := item.id IS DISTINCT FROM previous;
      previous := item.id;
      IF removals AND item.op IN ('set', 'insert') THEN
        low := least(low, item.place);
        high := greatest(high, item.place);
      END IF;
      CONTINUE WHEN item.op IS NULL OR (item.op = 'delete' AND first) <> removals;
      IF item.op = 'delete' THEN
        EXECUTE format(
          'UPDATE %s AS r SET _deleted_txid = txid_current(), _txid = txid_current(), _version = r._version + 1
           WHERE r.id = $1 AND r._deleted_txid IS NULL', place.rel) USING item.id;
      ELSIF item.op = 'insert' THEN
        EXECUTE format(
          'INSERT INTO %s AS r (id, data, _owner, _order) VALUES ($2, $3, $1, $4)
           ON CONFLICT (id) DO UPDATE SET data = excluded.data, _owner = excluded._owner, _order = excluded._order,
             _txid = excluded._txid, _version = r._version + 1, _deleted_txid = NULL
           WHERE r._deleted_txid IS NOT NULL', place.rel) USING caller, item.id, item.data, orders[item.place - low + 1];
      ELSE
        IF place.readonly <> '{}' AND (item.op = 'set' OR item.data ?| place.readonly) THEN
          EXECUTE format('SELECT r.data FROM %s AS r WHERE r.id = $1 AND r._deleted_txid IS NULL', place.rel)
          INTO old USING item.id;
          FOREACH field IN ARRAY CASE WHEN old IS NULL THEN '{}' ELSE place.readonly END LOOP
            IF item.data ? field AND old -> field IS DISTINCT FROM item.data -> field THEN
              RAISE EXCEPTION USING ERRCODE = 'KX403', TABLE = name, COLUMN = field,
                MESSAGE = format('Field ''%s'' is read-only', field);
            ELSIF old ? field THEN
              item.data := item.data || jsonb_build_object(field, old -> field);
            END IF;
          END LOOP;
        END IF;
        IF item.op = 'update' THEN
          EXECUTE format(
            'UPDATE %s AS r SET data = r.data || $2, _txid = txid_current(), _version = r._version + 1
             WHERE r.id = $1 AND r._deleted_txid IS NULL', place.rel) USING item.id, item.data;
        ELSE
          EXECUTE format(
            'INSERT INTO %s AS r (id, data, _owner, _order) VALUES ($2, $3, $1, $4)
             ON CONFLICT (id) DO UPDATE SET data = excluded.data, _txid = excluded._txid, _version = r._version + 1,
               _owner = CASE WHEN r._deleted_txid IS NULL THEN r._owner ELSE excluded._owner END,
               _order = CASE WHEN r._deleted_txid IS NULL THEN r._order ELSE excluded._order END,
               _deleted_txid = NULL
             WHERE r._deleted_txid IS NOT NULL OR %s', place.rel, place.mine)
          USING caller, item.id, item.data, orders[item.place - low + 1];
        END IF;
      END IF;
      GET DIAGNOSTICS touched = ROW_COUNT;
      IF touched = 0 THEN
        PERFORM kontract._conflict();
      END IF;
    END LOOP;
    IF removals AND low IS NOT NULL THEN
      orders := ARRAY(SELECT nextval(pg_get_serial_sequence(place.rel, '_order')) FROM generate_series(low, high));
    END IF;
  END LOOP;
END $$;

-- Takes the first row away, or the last, within the function of main's table that has recorded the call.
CREATE OR REPLACE FUNCTION kontract._tenant_take(k bytea, name text, last boolean, OUT id text, OUT data text)
LANGUAGE plpgsql AS $$
DECLARE
  place record;
BEGIN
  SELECT * INTO place FROM kontract._resident(k) AS u, kontract._place(u.tenant, name);
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('kontract.' || kontract._tenant_scope(place.tenant, name), 0));
  EXECUTE format(
    'SELECT r.id, r.data::text FROM %s AS r WHERE r._deleted_txid IS NULL AND %s
     ORDER BY r._order %s LIMIT 1 FOR UPDATE SKIP LOCKED', place.rel, place.mine, CASE WHEN last THEN 'DESC' ELSE 'ASC' END
  ) INTO id, data USING place.caller;
  EXECUTE format(
    'UPDATE %s AS r SET _deleted_txid = txid_current(), _txid = txid_current(), _version = r._version + 1 WHERE r.id = $1',
    place.rel) USING id;
END $$;
