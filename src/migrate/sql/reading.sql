-- Who reads, filters, orders: what the functions of tables are made of.

-- The user of k, who may do with a table of his tenant what `need` (R 4, W 2 or X 1) says; null where
-- that tenant is not `main`, whose tables alone have functions of their own.
CREATE OR REPLACE FUNCTION kontract._caller(k bytea, name text, need int) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  caller text;
  perm int;
BEGIN
  SELECT CASE t.owner WHEN 'main' THEN t.user_id END, t.perm & s.permissions INTO caller, perm
  FROM kontract.trxs AS t LEFT JOIN kontract.storage AS s ON s.owner = t.owner AND s.id = name
  WHERE t.sid = sha256(k) AND t.expires_at > now();
  IF NOT FOUND THEN
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
-- the user whose rows are meant.
--
-- As JSON arrays with commas in between; told: as what the commit compares, for each row
-- version:txid:bytes of the id:id;
CREATE OR REPLACE FUNCTION kontract._query(
  name text, rel regclass, caller text, fields jsonb, filter jsonb,
  order_by text, descending boolean, after text, after_ord bigint, take int, told boolean
)
RETURNS text
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
  comma text := CASE WHEN told THEN '' ELSE ',' END;
  lines text;
  more text;
  found int := 0;
  count int;
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
    EXECUTE format(
      'SELECT string_agg(CASE WHEN $7 THEN r._version || '':'' || r._txid || '':'' || octet_length(r.id) || '':'' || r.id || '';''
         ELSE ''['' || to_json(r.id)::text || '','' || r._version || '',"'' || r._txid || ''","'' || r._order || ''",'' || r.data::text || '']'' END, $6), count(*) FROM (
         SELECT r.id, r.data, r._version, r._txid, r._order FROM %s AS r
         WHERE r._deleted_txid IS NULL%s AND %s AND %s ORDER BY %s LIMIT $5
       ) AS r',
      rel, CASE WHEN caller IS NOT NULL THEN ' AND r._owner = $2' ELSE '' END, condition, span,
      CASE
        WHEN key IS NULL THEN 'r._order ' || direction
        -- Neither null nor twice.
        WHEN order_by = '' THEN 'r.id ' || direction
        ELSE format('%s %s NULLS %s, r._order %s', key, direction, CASE WHEN descending THEN 'LAST' ELSE 'FIRST' END, direction)
      END
    ) INTO more, count USING filter, caller, after, after_ord, take - found, comma, told;
    lines := coalesce(lines || comma || more, lines, more);
    found := found + count;
    EXIT WHEN found >= take;
  END LOOP;
  RETURN coalesce(lines, '');
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
