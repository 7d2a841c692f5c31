-- The functions of the table {table}: static SQL, so that PostgreSQL keeps their plans.

-- need: the one permission that the operation behind it takes: R 4 to read, W 2 to update, X 1 to
-- remove what is found.

-- The live rows among ids. Of another user's row in an owned table the id alone; where nothing is
-- found, one row of nulls with xmax: the snapshot's.
CREATE OR REPLACE FUNCTION kontract."get_{table}"(k bytea, ids text[], need int DEFAULT 4)
RETURNS TABLE (id text, data text, version int, txid bigint, ord bigint, xmax bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
DECLARE
  caller text := kontract._caller(k, '{table}', need);
  newest bigint := txid_snapshot_xmax(txid_current_snapshot());
BEGIN
  -- A plan of its own: it uses the key however small the table was when it was made.
  IF cardinality(ids) = 1 THEN
    RETURN QUERY
      SELECT r.id, CASE WHEN {mine} THEN r.data::text END, CASE WHEN {mine} THEN r._version END,
             CASE WHEN {mine} THEN r._txid END, CASE WHEN {mine} THEN r._order END, newest
      FROM kdata."{ptr}" AS r WHERE r.id = ids[1] AND r._deleted_txid IS NULL;
  ELSE
    RETURN QUERY
      SELECT r.id, CASE WHEN {mine} THEN r.data::text END, CASE WHEN {mine} THEN r._version END,
             CASE WHEN {mine} THEN r._txid END, CASE WHEN {mine} THEN r._order END, newest
      FROM kdata."{ptr}" AS r WHERE r.id = ANY (ids) AND r._deleted_txid IS NULL;
  END IF;
  IF NOT FOUND THEN
    xmax := newest;
    RETURN NEXT;
  END IF;
END $$;

CREATE OR REPLACE FUNCTION kontract."query_{table}"(
  k bytea, filter jsonb, order_by text, descending boolean, after text, after_ord bigint, take int,
  need int DEFAULT 4
)
RETURNS TABLE (id text, data text, version int, txid bigint, ord bigint, sort text, xmax bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  caller text := kontract._caller(k, '{table}', need);
BEGIN
  RETURN QUERY SELECT * FROM kontract._query(
    '{table}', 'kdata."{ptr}"', {whose}, '{fields}', filter, order_by, descending, after, after_ord, take);
END $$;

CREATE OR REPLACE FUNCTION kontract."count_{table}"(k bytea, filter jsonb)
RETURNS TABLE (n bigint, digest bytea, xmax bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
DECLARE
  caller text := kontract._caller(k, '{table}', 4);
BEGIN
  RETURN QUERY SELECT * FROM kontract._count('kdata."{ptr}"', {whose}, '{fields}', filter);
END $$;

-- Locks rows in the order of their ids and compares what was seen of them.
-- rows: [{ "id", "written", "seen", "v", "x" }, …]
CREATE OR REPLACE FUNCTION kontract."_lock_{table}"(caller text, rows jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  part record;
  r kdata."{ptr}";
  live boolean;
BEGIN
  FOR part IN
    SELECT p.* FROM jsonb_to_recordset(rows) AS p(id text, written boolean, seen boolean, v int, x bigint)
    ORDER BY p.id COLLATE "C"
  LOOP
    IF part.written THEN
      SELECT t.* INTO r FROM kdata."{ptr}" AS t WHERE t.id = part.id FOR UPDATE;
    ELSE
      SELECT t.* INTO r FROM kdata."{ptr}" AS t WHERE t.id = part.id FOR SHARE;
    END IF;
    live := FOUND AND r._deleted_txid IS NULL;
    IF live AND part.written AND NOT {mine} THEN
      RAISE EXCEPTION USING ERRCODE = 'KX403', TABLE = '{table}', MESSAGE = 'Cannot write table {table}';
    END IF;
    live := live AND {mine};
    IF part.seen AND (CASE WHEN part.v IS NULL THEN live ELSE NOT live OR part.v <> r._version OR part.x <> r._txid END) THEN
      PERFORM kontract._conflict();
    END IF;
  END LOOP;
END $$;

-- Applies what a call wrote to rows that are locked. Removals come first, so that what was unique
-- in a removed row is free again; then by id, so that insertions of several calls meet in one order.
-- rows: [{ "op", "id", "data", "place", "absent" }, …]; absent: the call saw that there was no such row.
CREATE OR REPLACE FUNCTION kontract."_write_{table}"(caller text, rows jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  part record;
  old jsonb;
  kept jsonb;
  field text;
BEGIN
  FOR part IN
    SELECT p.* FROM (
      SELECT p.*, min(p.place) OVER (PARTITION BY p.id) = p.place AS first
      FROM (
        SELECT p.*, CASE WHEN p.op IN ('set', 'insert') THEN nextval('kdata."{sequence}"') END AS ord
        FROM jsonb_to_recordset(rows) AS p(op text, id text, data jsonb, place bigint, absent boolean)
        ORDER BY p.place
      ) AS p
    ) AS p ORDER BY p.op = 'delete' AND p.first DESC, p.id COLLATE "C", p.place
  LOOP
    IF part.op = 'delete' THEN
      UPDATE kdata."{ptr}" AS r SET _deleted_txid = txid_current(), _txid = txid_current(), _version = r._version + 1
      WHERE r.id = part.id AND r._deleted_txid IS NULL;
    ELSIF part.op = 'insert' OR part.op = 'set' AND part.absent AND part.first THEN
      INSERT INTO kdata."{ptr}" AS r (id, data, _owner, _order) VALUES (part.id, part.data, caller, part.ord)
      ON CONFLICT (id) DO UPDATE SET data = excluded.data, _owner = excluded._owner, _order = excluded._order,
        _txid = excluded._txid, _version = r._version + 1, _deleted_txid = NULL
      WHERE r._deleted_txid IS NOT NULL;
    ELSE
      old := NULL;
      IF '{readonly}'::text[] <> '{}' THEN
        SELECT r.data INTO old FROM kdata."{ptr}" AS r WHERE r.id = part.id AND r._deleted_txid IS NULL;
      END IF;
      IF old IS NOT NULL THEN
        FOREACH field IN ARRAY '{readonly}'::text[] LOOP
          IF part.data ? field AND old -> field IS DISTINCT FROM part.data -> field THEN
            RAISE EXCEPTION USING ERRCODE = 'KX403', TABLE = '{table}', COLUMN = field,
              MESSAGE = format('Field ''%s'' is read-only', field);
          END IF;
        END LOOP;
        SELECT coalesce(jsonb_object_agg(o.key, o.value), '{}') INTO kept
        FROM jsonb_each(old) AS o WHERE o.key = ANY ('{readonly}'::text[]);
        part.data := part.data || kept;
      END IF;
      IF part.op = 'update' THEN
        UPDATE kdata."{ptr}" AS r SET data = r.data || part.data, _txid = txid_current(), _version = r._version + 1
        WHERE r.id = part.id AND r._deleted_txid IS NULL;
      ELSE
        -- A blind write: where somebody else's insertion came between, it must be his own row too.
        INSERT INTO kdata."{ptr}" AS r (id, data, _owner, _order) VALUES (part.id, part.data, caller, part.ord)
        ON CONFLICT (id) DO UPDATE SET data = excluded.data, _txid = excluded._txid, _version = r._version + 1,
          _owner = CASE WHEN r._deleted_txid IS NULL THEN r._owner ELSE excluded._owner END,
          _order = CASE WHEN r._deleted_txid IS NULL THEN r._order ELSE excluded._order END,
          _deleted_txid = NULL
        WHERE r._deleted_txid IS NOT NULL OR {mine};
      END IF;
    END IF;
    IF NOT FOUND THEN
      PERFORM kontract._conflict();
    END IF;
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION kontract."get_{table}"(bytea, text[], int), kontract."count_{table}"(bytea, jsonb),
  kontract."query_{table}"(bytea, jsonb, text, boolean, text, bigint, int, int),
  kontract."_lock_{table}"(text, jsonb), kontract."_write_{table}"(text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kontract."get_{table}"(bytea, text[], int), kontract."count_{table}"(bytea, jsonb),
  kontract."query_{table}"(bytea, jsonb, text, boolean, text, bigint, int, int) TO {gateway};
