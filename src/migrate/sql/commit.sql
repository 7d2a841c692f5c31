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
    SELECT a.t, bit_or(a.need) AS need,
           -- A range of nulls would be everything.
           CASE WHEN min(a.place) IS NOT NULL THEN int4range(min(a.place)::int, max(a.place)::int, '[]') END AS places,
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

-- The same for a call whose caller may send it again, even where it writes nothing: the answer is
-- kept beside its record. Where the call had been committed before, first is the answer that was
-- kept then.
CREATE OR REPLACE FUNCTION kontract.commit_keyed(
  k bytea, call_id text, writes jsonb, reads jsonb, predicates jsonb, answer bytea
)
RETURNS TABLE (txid bigint, first bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
BEGIN
  IF jsonb_array_length(writes) > 0 THEN
    txid := kontract.commit(k, call_id, writes, reads, predicates);
    UPDATE kontract.calls AS c SET answer = commit_keyed.answer
    WHERE c.sid = sha256(k) AND c.call_id = commit_keyed.call_id AND c.txid = txid_current();
  ELSE
    PERFORM kontract.commit(k, NULL, writes, reads, predicates);
    INSERT INTO kontract.calls (sid, call_id, answer) VALUES (sha256(k), commit_keyed.call_id, commit_keyed.answer)
    ON CONFLICT DO NOTHING;
  END IF;
  IF NOT FOUND THEN
    SELECT c.txid, c.answer INTO txid, first
    FROM kontract.calls AS c WHERE c.sid = sha256(k) AND c.call_id = commit_keyed.call_id;
  END IF;
  RETURN NEXT;
END $$;

-- The answer of a call that was committed, if it was kept.
CREATE OR REPLACE FUNCTION kontract.answer(k bytea, call_id text) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.answer FROM kontract.calls AS c WHERE c.sid = sha256(k) AND c.call_id = answer.call_id;
$$;
