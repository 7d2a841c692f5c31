-- The functions of the table {table}: static SQL, so that PostgreSQL keeps their plans.

-- Tables of earlier versions are without it.
{order_index}
-- need: the one permission that the operation behind it takes: R 4 to read, W 2 to update, X 1 to
-- remove what is found. caller is null where the session is of another tenant than main.

-- The live rows among ids. Of another user's row in an owned table the id alone; where nothing is
-- found, one row of nulls with xmax: the snapshot's.
CREATE OR REPLACE FUNCTION kontract."get_{table}"(k bytea, ids text[], need int DEFAULT 4)
RETURNS TABLE (id text, data text, version int, txid bigint, ord bigint, xmax bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
DECLARE
  caller text := kontract._caller(k, '{table}', need);
  newest bigint := txid_snapshot_xmax(txid_current_snapshot());
BEGIN
  IF caller IS NULL THEN
    RETURN QUERY SELECT * FROM kontract._tenant_get(k, '{table}', ids);
    RETURN;
  END IF;
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

-- The rows of the questions that are asked most, by plans that are kept; null where it is none of those.
-- The plans are the same for all values and however many rows there are: each reads an index in its
-- order, and no other could be chosen. Everything else is planned when it is asked, by kontract._query.
CREATE OR REPLACE FUNCTION kontract."_find_{table}"(
  caller text, filter jsonb, order_by text, descending boolean, after_ord bigint, take int, told boolean
)
RETURNS text
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
  part jsonb := coalesce(filter -> 'contains', '{}');
  class text := CASE order_by WHEN '' THEN 'text' ELSE '{fields}'::jsonb ->> order_by END;
  comma text := CASE WHEN told THEN '' ELSE ',' END;
  words text;
  number numeric;
  lines text;
  many bigint;
BEGIN
  IF filter ? 'where' THEN
    RETURN NULL;
  ELSIF part = '{}' THEN
    IF order_by IS NULL AND descending THEN
      SELECT string_agg({line}, comma) INTO lines FROM (
        SELECT r.id, r.data, r._version, r._txid, r._order FROM kdata."{ptr}" AS r
        WHERE r._deleted_txid IS NULL AND {mine} AND r._order < coalesce(after_ord, '9223372036854775807'::bigint)
        ORDER BY r._order DESC LIMIT take
      ) AS r;
      RETURN coalesce(lines, '');
    ELSIF order_by IS NULL THEN
      SELECT string_agg({line}, comma) INTO lines FROM (
        SELECT r.id, r.data, r._version, r._txid, r._order FROM kdata."{ptr}" AS r
        WHERE r._deleted_txid IS NULL AND {mine} AND r._order > coalesce(after_ord, '-9223372036854775808'::bigint)
        ORDER BY r._order LIMIT take
      ) AS r;
      RETURN coalesce(lines, '');
    ELSIF after_ord IS NOT NULL THEN
      RETURN NULL;
    END IF;
{ordered}    RETURN NULL;
  END IF;
{found}  RETURN NULL;
END $$;

-- What kontract._query gives, for whoever's session k is.
CREATE OR REPLACE FUNCTION kontract."_page_{table}"(
  k bytea, need int, filter jsonb, order_by text, descending boolean, after text, after_ord bigint, take int, told boolean
)
RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  caller text := kontract._caller(k, '{table}', need);
BEGIN
  IF caller IS NULL THEN
    RETURN kontract._tenant_query(k, '{table}', filter, order_by, descending, after, after_ord, take, told);
  END IF;
  RETURN coalesce(
    kontract."_find_{table}"(caller, filter, order_by, descending, after_ord, take, told),
    kontract._query('{table}', 'kdata."{ptr}"', {whose}, '{fields}', filter, order_by, descending, after, after_ord, take, told));
END $$;

-- The live rows that a filter takes, as JSON: [[id, version, txid, ord, data], …].
CREATE OR REPLACE FUNCTION kontract."query_{table}"(
  k bytea, filter jsonb, order_by text, descending boolean, after text, after_ord bigint, take int,
  need int DEFAULT 4
)
RETURNS TABLE (rows text, xmax bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
BEGIN
  rows := '[' || kontract."_page_{table}"(k, need, filter, order_by, descending, after, after_ord, take, false) || ']';
  xmax := txid_snapshot_xmax(txid_current_snapshot());
  RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION kontract."count_{table}"(k bytea, filter jsonb)
RETURNS TABLE (n bigint, digest bytea, xmax bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
DECLARE
  caller text := kontract._caller(k, '{table}', 4);
BEGIN
  IF caller IS NULL THEN
    RETURN QUERY SELECT * FROM kontract._tenant_count(k, '{table}', filter);
    RETURN;
  END IF;
  RETURN QUERY SELECT * FROM kontract._count('kdata."{ptr}"', {whose}, '{fields}', filter);
END $$;

-- Locks rows, which come in the order of their ids, and compares what was seen of them.
CREATE OR REPLACE FUNCTION kontract."_lock_{table}"(caller text, items kontract.item[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  item kontract.item;
  previous text;
  r record;
  live boolean;
BEGIN
  FOREACH item IN ARRAY items LOOP
    IF item.id IS DISTINCT FROM previous THEN
      previous := item.id;
      IF item.op IS NOT NULL THEN
        SELECT t._version, t._txid, t._owner, t._deleted_txid INTO r FROM kdata."{ptr}" AS t WHERE t.id = item.id FOR UPDATE;
        IF NOT FOUND THEN
          -- There is no row to lock: calls that make the same one take turns here, so that they, too,
          -- wait for each other in the order of ids.
          PERFORM pg_advisory_xact_lock(hashtextextended('{table}.' || item.id, 1));
          SELECT t._version, t._txid, t._owner, t._deleted_txid INTO r FROM kdata."{ptr}" AS t WHERE t.id = item.id FOR UPDATE;
        END IF;
      ELSE
        SELECT t._version, t._txid, t._owner, t._deleted_txid INTO r FROM kdata."{ptr}" AS t WHERE t.id = item.id FOR SHARE;
      END IF;
      live := FOUND AND r._deleted_txid IS NULL;
      IF live AND NOT {mine} THEN
        IF item.op IS NOT NULL THEN
          RAISE EXCEPTION USING ERRCODE = 'KX403', TABLE = '{table}', MESSAGE = 'Insufficient permissions';
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

-- Applies what a call wrote to rows that are locked. Removals come first, so that what was unique
-- in a removed row is free again; then by id, so that insertions of several calls meet in one order.
-- New rows stand in the order of their places.
CREATE OR REPLACE FUNCTION kontract."_write_{table}"(caller text, items kontract.item[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  item kontract.item;
  removals boolean;
  first boolean;
  previous text;
  low int;
  high int;
  orders bigint[];
  old jsonb;
  field text;
BEGIN
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
        UPDATE kdata."{ptr}" AS r SET _deleted_txid = txid_current(), _txid = txid_current(), _version = r._version + 1
        WHERE r.id = item.id AND r._deleted_txid IS NULL;
      ELSIF item.op = 'insert' THEN
        INSERT INTO kdata."{ptr}" AS r (id, data, _owner, _order)
        VALUES (item.id, item.data, caller, orders[item.place - low + 1])
        ON CONFLICT (id) DO UPDATE SET data = excluded.data, _owner = excluded._owner, _order = excluded._order,
          _txid = excluded._txid, _version = r._version + 1, _deleted_txid = NULL
        WHERE r._deleted_txid IS NOT NULL;
      ELSE
        IF '{readonly}'::text[] <> '{}' AND (item.op = 'set' OR item.data ?| '{readonly}'::text[]) THEN
          SELECT r.data INTO old FROM kdata."{ptr}" AS r WHERE r.id = item.id AND r._deleted_txid IS NULL;
          IF FOUND THEN
            FOREACH field IN ARRAY '{readonly}'::text[] LOOP
              IF item.data ? field AND old -> field IS DISTINCT FROM item.data -> field THEN
                RAISE EXCEPTION USING ERRCODE = 'KX403', TABLE = '{table}', COLUMN = field,
                  MESSAGE = format('Field ''%s'' is read-only', field);
              ELSIF old ? field THEN
                item.data := item.data || jsonb_build_object(field, old -> field);
              END IF;
            END LOOP;
          END IF;
        END IF;
        IF item.op = 'update' THEN
          UPDATE kdata."{ptr}" AS r SET data = r.data || item.data, _txid = txid_current(), _version = r._version + 1
          WHERE r.id = item.id AND r._deleted_txid IS NULL;
        ELSE
          -- Where somebody else's insertion came between, it must be the caller's own row too.
          INSERT INTO kdata."{ptr}" AS r (id, data, _owner, _order)
          VALUES (item.id, item.data, caller, orders[item.place - low + 1])
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
    IF removals AND low = high THEN
      orders := ARRAY[nextval('kdata."{sequence}"')];
    ELSIF removals AND low IS NOT NULL THEN
      orders := ARRAY(SELECT nextval('kdata."{sequence}"') FROM generate_series(low, high));
    END IF;
  END LOOP;
END $$;

-- What a call wrote of one row, where seen is all that it compares: what it read of the same row.
-- False where the row has to be looked at first, because of fields that are kept.
CREATE OR REPLACE FUNCTION kontract."_put_{table}"(caller text, op text, key text, fields jsonb, seen jsonb) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v int := seen ->> 'v';
  x bigint := seen ->> 'x';
  blind boolean := seen IS NULL;
BEGIN
  IF '{readonly}'::text[] <> '{}' AND (op = 'set' OR op = 'update' AND fields ?| '{readonly}'::text[]) THEN
    RETURN false;
  END IF;
  IF op = 'delete' THEN
    UPDATE kdata."{ptr}" AS r SET _deleted_txid = txid_current(), _txid = txid_current(), _version = r._version + 1
    WHERE r.id = key AND r._deleted_txid IS NULL AND {mine} AND (blind OR r._version = v AND r._txid = x);
  ELSIF op = 'update' THEN
    UPDATE kdata."{ptr}" AS r SET data = r.data || fields, _txid = txid_current(), _version = r._version + 1
    WHERE r.id = key AND r._deleted_txid IS NULL AND {mine} AND (blind OR r._version = v AND r._txid = x);
  ELSE
    IF op = 'set' AND (blind OR v IS NOT NULL) THEN
      UPDATE kdata."{ptr}" AS r SET data = fields, _txid = txid_current(), _version = r._version + 1
      WHERE r.id = key AND r._deleted_txid IS NULL AND {mine} AND (blind OR r._version = v AND r._txid = x);
      IF FOUND THEN
        RETURN true;
      END IF;
    END IF;
    -- As in _lock_{table}: calls that make the same row take turns.
    IF v IS NULL AND pg_advisory_xact_lock(hashtextextended('{table}.' || key, 1)) IS NOT NULL THEN
      INSERT INTO kdata."{ptr}" AS r (id, data, _owner) VALUES (key, fields, caller)
      ON CONFLICT (id) DO UPDATE SET data = excluded.data, _txid = excluded._txid, _version = r._version + 1,
        _owner = CASE WHEN r._deleted_txid IS NULL THEN r._owner ELSE excluded._owner END,
        _order = CASE WHEN r._deleted_txid IS NULL THEN r._order ELSE excluded._order END,
        _deleted_txid = NULL
      WHERE r._deleted_txid IS NOT NULL OR op = 'set' AND blind AND {mine};
      IF FOUND THEN
        RETURN true;
      END IF;
    END IF;
  END IF;
  IF NOT FOUND THEN
    PERFORM FROM kdata."{ptr}" AS r WHERE r.id = key AND r._deleted_txid IS NULL AND NOT {mine};
    IF FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'KX403', TABLE = '{table}', MESSAGE = 'Insufficient permissions';
    END IF;
    PERFORM kontract._conflict();
  END IF;
  RETURN true;
END $$;

-- Takes the first row away, or the last, that nobody else is taking: one row, of nulls where there is
-- none, and the transaction. Sent again with its call_id it returns the row that it took.
CREATE OR REPLACE FUNCTION kontract."take_{table}"(k bytea, call_id text, last boolean)
RETURNS TABLE (id text, data text, txid bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
#variable_conflict use_column
DECLARE
  caller text := kontract._caller(k, '{table}', 1);
  known bytea;
BEGIN
  INSERT INTO kontract.calls (sid, call_id) VALUES (sha256(k), "take_{table}".call_id)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    SELECT c.txid, c.answer INTO "take_{table}".txid, known FROM kontract.calls AS c
    WHERE c.sid = sha256(k) AND c.call_id = "take_{table}".call_id;
    "take_{table}".id := convert_from(known, 'UTF8')::jsonb ->> 0;
    "take_{table}".data := convert_from(known, 'UTF8')::jsonb ->> 1;
    RETURN NEXT;
    RETURN;
  END IF;
  "take_{table}".txid := txid_current();
  IF caller IS NULL THEN
    SELECT t.id, t.data INTO "take_{table}".id, "take_{table}".data FROM kontract._tenant_take(k, '{table}', last) AS t;
  ELSE
    -- As every commit that writes to the table does.
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('kontract.{table}', 0));
    IF last THEN
      UPDATE kdata."{ptr}" AS w SET _deleted_txid = txid_current(), _txid = txid_current(), _version = w._version + 1
      WHERE w.id = (
        SELECT r.id FROM kdata."{ptr}" AS r
        WHERE r._deleted_txid IS NULL AND {mine} ORDER BY r._order DESC LIMIT 1 FOR UPDATE SKIP LOCKED
      ) RETURNING w.id, w.data::text INTO "take_{table}".id, "take_{table}".data;
    ELSE
      UPDATE kdata."{ptr}" AS w SET _deleted_txid = txid_current(), _txid = txid_current(), _version = w._version + 1
      WHERE w.id = (
        SELECT r.id FROM kdata."{ptr}" AS r
        WHERE r._deleted_txid IS NULL AND {mine} ORDER BY r._order LIMIT 1 FOR UPDATE SKIP LOCKED
      ) RETURNING w.id, w.data::text INTO "take_{table}".id, "take_{table}".data;
    END IF;
  END IF;
  IF "take_{table}".id IS NOT NULL THEN
    UPDATE kontract.calls AS c
    SET answer = convert_to(jsonb_build_array("take_{table}".id, "take_{table}".data)::text, 'UTF8')
    WHERE c.sid = sha256(k) AND c.call_id = "take_{table}".call_id;
  END IF;
  RETURN NEXT;
END $$;

REVOKE ALL ON FUNCTION kontract."get_{table}"(bytea, text[], int), kontract."count_{table}"(bytea, jsonb),
  kontract."query_{table}"(bytea, jsonb, text, boolean, text, bigint, int, int),
  kontract."take_{table}"(bytea, text, boolean),
  kontract."_find_{table}"(text, jsonb, text, boolean, bigint, int, boolean),
  kontract."_page_{table}"(bytea, int, jsonb, text, boolean, text, bigint, int, boolean),
  kontract."_lock_{table}"(text, kontract.item[]),
  kontract."_write_{table}"(text, kontract.item[]),
  kontract."_put_{table}"(text, text, text, jsonb, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kontract."get_{table}"(bytea, text[], int), kontract."count_{table}"(bytea, jsonb),
  kontract."take_{table}"(bytea, text, boolean),
  kontract."query_{table}"(bytea, jsonb, text, boolean, text, bigint, int, int) TO {gateway};
