-- The end of a call.

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
      descending boolean, after text, after_ord bigint, take int, digest text, statement text, given jsonb)
  LOOP
    PERFORM kontract._caller(k, part.t, kontract._any(k, part.t));
    IF part.kind = 'count' THEN
      EXECUTE format('SELECT encode(c.digest, ''hex'') = $3 FROM kontract.%I($1, $2) AS c', 'count_' || part.t)
      INTO same USING k, part.filter, part.digest;
    ELSIF part.kind = 'exec' THEN
      EXECUTE format('SELECT encode(sha256(convert_to(e.result, ''UTF8'')), ''hex'') = $3 FROM kontract.%I($1, $2) AS e',
        'exec_' || part.t || '_' || part.statement)
      INTO same USING k, part.given, part.digest;
    ELSE
      EXECUTE format(
        'SELECT encode(sha256(convert_to(kontract.%I($1, $9, $2, $3, $4, $5, $6, $7, true), ''UTF8'')), ''hex'') = $8',
        '_page_' || part.t
      ) INTO same USING k, part.filter, part.order_by, part.descending, part.after, part.after_ord, part.take, part.digest,
        kontract._any(k, part.t);
    END IF;
    PERFORM kontract._conflict() WHERE same IS NOT TRUE;
  END LOOP;
END $$;

-- Checks what a commit does with a table, and locks it: fixed, so that no other commit makes a row.
CREATE OR REPLACE FUNCTION kontract._enter(tenant text, name text, perm int, need int, fixed boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  allowed int := perm & (SELECT s.permissions FROM kontract.storage AS s WHERE s.owner = tenant AND s.id = name);
BEGIN
  IF allowed IS NULL OR allowed & need <> need THEN
    PERFORM kontract._allow(name, need, allowed);
  END IF;
  IF fixed THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('kontract.' || kontract._tenant_scope(tenant, name), 0));
  ELSIF need <> 0 THEN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('kontract.' || kontract._tenant_scope(tenant, name), 0));
  END IF;
END $$;

-- Makes kontract._lock, kontract._write and kontract._put anew, which are those of the table that is
-- named: as static SQL, so that PostgreSQL keeps their plans. Those of other tenants are in tenants.sql.
CREATE OR REPLACE FUNCTION kontract._dispatch() RETURNS void
LANGUAGE plpgsql AS $make$
DECLARE
  verb text;
  tables text;
BEGIN
  FOREACH verb IN ARRAY '{_lock,_write}'::text[] LOOP
    SELECT coalesce(string_agg(
      format('WHEN %L THEN PERFORM kontract.%I(caller, items);', t.id, verb || '_' || t.id), E'\n    ' ORDER BY t.id COLLATE "C"
    ), 'WHEN NULL THEN NULL;') INTO tables FROM kontract.tables AS t;
    EXECUTE format(
      'CREATE OR REPLACE FUNCTION kontract.%1$I(name text, caller text, items kontract.item[]) RETURNS void
       LANGUAGE plpgsql AS $code$
       BEGIN
         CASE name
         %2$s
         END CASE;
       END $code$;
       REVOKE ALL ON FUNCTION kontract.%1$I(text, text, kontract.item[]) FROM PUBLIC', verb, tables);
  END LOOP;
  SELECT coalesce(string_agg(
    format('WHEN %L THEN RETURN kontract.%I(caller, op, key, fields, seen);', t.id, '_put_' || t.id), E'\n    ' ORDER BY t.id COLLATE "C"
  ), 'WHEN NULL THEN NULL;') INTO tables FROM kontract.tables AS t;
  EXECUTE format(
    'CREATE OR REPLACE FUNCTION kontract._put(name text, caller text, op text, key text, fields jsonb, seen jsonb) RETURNS boolean
     LANGUAGE plpgsql AS $code$
     BEGIN
       CASE name
       %s
       ELSE RETURN false;
       END CASE;
     END $code$;
     REVOKE ALL ON FUNCTION kontract._put(text, text, text, text, jsonb, jsonb) FROM PUBLIC', tables);
END $make$;
SELECT kontract._dispatch();

-- Applies what a call wrote if nothing that it read has changed; KX409 otherwise.
--
--   writes      [{ "t", "op": "set" | "update" | "insert" | "delete", "id", "data" }, …]
--   reads       [{ "t", "id", "v": version, "x": txid }, …], v and x null: there was no such row
--   predicates  [{ "t", "kind": "query", "filter", "order_by", "descending", "after", "after_ord", "take", "digest" },
--                { "t", "kind": "count", "filter", "digest" },
--                { "t", "kind": "exec", "statement", "given", "digest" }, …]
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
-- that is also written is locked by its id alone.
CREATE OR REPLACE FUNCTION kontract._commit(k bytea, call_id text, writes jsonb, reads jsonb, predicates jsonb)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  name text := writes -> 0 ->> 't';
  row_id text := writes -> 0 ->> 'id';
  op text := writes -> 0 ->> 'op';
  session bytea;
  caller text;
  tenant text;
  perm int;
  allowed int;
  done bigint;
  locked boolean;
  items kontract.item[];
  item kontract.item;
  need int := CASE op WHEN 'delete' THEN 1 ELSE 2 END;
  fixed boolean;
  first int;
  names text[] := '{}';
  begins int[] := '{}';
  ends int[] := '{}';
BEGIN
  SELECT t.sid, t.user_id, t.owner, t.perm, t.perm & s.permissions INTO session, caller, tenant, perm, allowed
  FROM kontract.trxs AS t LEFT JOIN kontract.storage AS s ON s.owner = t.owner AND s.id = name
  WHERE t.sid = sha256(k) AND t.expires_at > now();
  IF session IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'KX401', MESSAGE = 'Unauthorized';
  END IF;
  IF jsonb_array_length(writes) = 0 THEN
    PERFORM kontract._validate(k, reads, predicates);
    RETURN NULL;
  END IF;
  IF call_id IS NOT NULL THEN
    INSERT INTO kontract.calls AS c (sid, call_id) VALUES (session, _commit.call_id) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      SELECT c.txid INTO done FROM kontract.calls AS c WHERE c.sid = session AND c.call_id = _commit.call_id;
      RETURN done;
    END IF;
  END IF;
  -- One row, of which at most is compared what was read of it: there is no order to keep.
  IF jsonb_array_length(writes) = 1 AND jsonb_array_length(predicates) = 0 AND tenant = 'main'
    AND op IN ('set', 'update', 'insert', 'delete') AND allowed & need = need
    AND (jsonb_array_length(reads) = 0
      OR jsonb_array_length(reads) = 1 AND reads -> 0 ->> 't' = name AND reads -> 0 ->> 'id' = row_id)
  THEN
    -- An expression: PERFORM would be a statement of its own. Void is not null.
    locked := pg_advisory_xact_lock_shared(hashtextextended('kontract.' || name, 0)) IS NOT NULL;
    IF kontract._put(name, caller, op, row_id, writes -> 0 -> 'data', reads -> 0) THEN
      RETURN txid_current();
    END IF;
  END IF;
  name := NULL;
  row_id := NULL;
  -- By table and row: what is written of a row before what was read of it. A predicate has no row.
  SELECT array_agg((coalesce(i.t, ''), i.id, i.op, i.data, i.place, i.v, i.x)::kontract.item
    ORDER BY i.t COLLATE "C", i.id COLLATE "C" NULLS FIRST, i.op IS NULL, i.place) INTO items
  FROM ROWS FROM (
    jsonb_to_recordset(writes || reads || predicates) AS (t text, id text, op text, data jsonb, v int, x bigint)
  ) WITH ORDINALITY AS i(t, id, op, data, v, x, place);
  FOR n IN 1 .. cardinality(items) + 1 LOOP
    item := items[n];
    IF item.t IS DISTINCT FROM name THEN
      IF name IS NOT NULL THEN
        PERFORM kontract._enter(tenant, name, perm, need, fixed);
        IF first < n THEN
          names := names || name;
          begins := begins || first;
          ends := ends || n - 1;
        END IF;
      END IF;
      name := item.t;
      row_id := NULL;
      need := 0;
      fixed := false;
      first := n;
    END IF;
    IF item.op IS NOT NULL THEN
      need := need | CASE WHEN item.op = 'delete' THEN 1 ELSE 2 END;
    ELSIF item.id IS NULL THEN
      fixed := true;
      first := n + 1;
    ELSIF item.version IS NULL AND item.id IS DISTINCT FROM row_id THEN
      fixed := true;
    END IF;
    row_id := item.id;
  END LOOP;
  FOR n IN 1 .. cardinality(names) LOOP
    IF tenant = 'main' THEN
      PERFORM kontract._lock(names[n], caller, items[begins[n] : ends[n]]);
    ELSE
      PERFORM kontract._tenant_lock(tenant, names[n], caller, items[begins[n] : ends[n]]);
    END IF;
  END LOOP;
  IF jsonb_array_length(predicates) > 0 THEN
    PERFORM kontract._validate(k, '[]', predicates);
  END IF;
  FOR n IN 1 .. cardinality(names) LOOP
    IF tenant = 'main' THEN
      PERFORM kontract._write(names[n], caller, items[begins[n] : ends[n]]);
    ELSE
      PERFORM kontract._tenant_write(tenant, names[n], caller, items[begins[n] : ends[n]]);
    END IF;
  END LOOP;
  RETURN txid_current();
END $$;

-- Violated rules are told in words for the caller.
CREATE OR REPLACE FUNCTION kontract.commit(k bytea, call_id text, writes jsonb, reads jsonb, predicates jsonb)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  violated text;
  rule record;
BEGIN
  RETURN kontract._commit(k, call_id, writes, reads, predicates);
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


-- The same without a subtransaction: violated rules are told as PostgreSQL does it (23505, 23514,
-- 54000). Whoever wants the words sends it again to kontract.commit.
CREATE OR REPLACE FUNCTION kontract.commit_bare(k bytea, call_id text, writes jsonb, reads jsonb, predicates jsonb)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN kontract._commit(k, call_id, writes, reads, predicates);
END $$;

-- Calls that their callers may send again have a record: 48 bytes of whose it is (what was asked
-- for, and which arrival of the call), then what came of it. Without the latter it is a claim.

-- Claims a call before it runs. Where it is known already, its record.
CREATE OR REPLACE FUNCTION kontract.claim(k bytea, call_id text, claim bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM kontract._tenant(k);
  INSERT INTO kontract.calls AS c (sid, call_id, answer) VALUES (sha256(k), claim.call_id, claim.claim)
  ON CONFLICT DO NOTHING;
  RETURN CASE WHEN NOT FOUND THEN kontract.answer(k, claim.call_id) END;
END $$;

-- kontract.commit for such a call, even where it writes nothing: keeps its record. Where the call is
-- another arrival's, or had ended before, nothing is done and first is the record of then.
CREATE OR REPLACE FUNCTION kontract.commit_keyed(
  k bytea, call_id text, writes jsonb, reads jsonb, predicates jsonb, answer bytea
)
RETURNS TABLE (txid bigint, first bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO kontract.calls AS c (sid, call_id, answer)
  VALUES (sha256(k), commit_keyed.call_id, commit_keyed.answer)
  ON CONFLICT (sid, call_id) DO UPDATE SET answer = excluded.answer, txid = excluded.txid
  WHERE c.answer = substring(excluded.answer FOR 48);
  IF FOUND THEN
    commit_keyed.txid := kontract.commit(k, NULL, writes, reads, predicates);
  ELSE
    SELECT c.txid, c.answer INTO commit_keyed.txid, first
    FROM kontract.calls AS c WHERE c.sid = sha256(k) AND c.call_id = commit_keyed.call_id;
  END IF;
  RETURN NEXT;
END $$;

-- The record of a call, if there is one.
CREATE OR REPLACE FUNCTION kontract.answer(k bytea, call_id text) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.answer FROM kontract.calls AS c WHERE c.sid = sha256(k) AND c.call_id = answer.call_id;
$$;
