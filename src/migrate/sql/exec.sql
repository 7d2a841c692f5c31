-- The statements of `exec`. Each has two functions, which sql/statement.sql makes.

CREATE TABLE IF NOT EXISTS kontract.statements (
  id text PRIMARY KEY,
  t text NOT NULL,
  made text NOT NULL,
  wanted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE kontract.statements IS 'What exec runs, by id. made: the hash of what its functions were made from; wanted_at: when a build last had it.';

-- Those that can be run, as the gateway asks.
CREATE OR REPLACE FUNCTION kontract.statements() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(s.id), '{}') FROM kontract.statements AS s
  WHERE EXISTS (SELECT FROM pg_proc AS p WHERE p.pronamespace = 'kontract'::regnamespace AND p.proname = 'exec_' || s.t || '_' || s.id);
$$;

-- A parameter that is to be an array, as the text of each element.
CREATE OR REPLACE FUNCTION kontract._texts(list jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF jsonb_typeof(list) = 'null' THEN
    RETURN NULL;
  ELSIF jsonb_typeof(list) <> 'array' THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_text_representation';
  END IF;
  RETURN ARRAY(SELECT e.value FROM jsonb_array_elements_text(list) WITH ORDINALITY AS e ORDER BY e.ordinality);
END $$;

-- A parameter that is to be JSON: a text holds it as `JSON.stringify` makes it.
CREATE OR REPLACE FUNCTION kontract._json(value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE jsonb_typeof(value) WHEN 'string' THEN (value #>> '{}')::jsonb WHEN 'null' THEN NULL ELSE value END;
$$;
