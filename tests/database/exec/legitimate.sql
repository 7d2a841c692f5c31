SELECT data FROM users WHERE (data->>'age')::int > $1 AND data @> $2::jsonb ORDER BY data->>'name'
SELECT data->>'city' c, count(*), avg((data->>'age')::numeric) FROM users GROUP BY 1 HAVING count(*) > 1 ORDER BY 2 DESC
WITH adults AS (SELECT * FROM users WHERE (data->>'age')::int >= 18) SELECT count(*) FROM adults
SELECT t.v FROM users, jsonb_array_elements_text(data->'tags') AS t(v)
SELECT * FROM users
SELECT id, data FROM Users WHERE id = $1
SELECT u.id, u.data->>'name' AS name FROM users AS u WHERE u.id = ANY($1) ORDER BY u.id
SELECT count(*) AS "Rows" FROM users WHERE data ? 'city' AND NOT data @> '{"city": "Oslo"}'
SELECT min((data->>'age')::int), max((data->>'age')::int), sum((data->>'age')::numeric(10,2)) FROM users
SELECT id FROM users WHERE (data->>'age')::int BETWEEN $1 AND $2
SELECT id FROM users WHERE data->>'name' ILIKE $1 || '%' ORDER BY id LIMIT $2 OFFSET $3
SELECT id FROM users WHERE data->>'name' LIKE 'A\_%' ESCAPE '\' OR data->>'name' ~* '^b.*''s$'
SELECT a.id, b.id AS other FROM users a JOIN users b ON a.data->>'city' = b.data->>'city' AND a.id < b.id
SELECT a.id FROM users a LEFT JOIN users b ON b.id = a.data->>'parent' WHERE b.id IS NULL
SELECT id, rank() OVER (PARTITION BY data->>'city' ORDER BY (data->>'age')::int DESC) AS place FROM users
SELECT id, lag(id, 1, 'none') OVER w, sum(1) OVER w FROM users WINDOW w AS (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
SELECT DISTINCT ON (data->>'city') data->>'city' AS city, id FROM users ORDER BY data->>'city', id
SELECT tag, count(*) FROM users CROSS JOIN LATERAL jsonb_array_elements_text(data->'tags') WITH ORDINALITY AS t(tag, place) WHERE place < 3 GROUP BY tag
SELECT CASE WHEN (data->>'age')::int >= 18 THEN 'adult' ELSE 'minor' END AS kind, count(*) FROM users GROUP BY 1
SELECT count(*) FILTER (WHERE data @> '{"active": true}') AS active, count(*) AS everybody FROM users
SELECT jsonb_build_object('id', id, 'name', data->'name') AS person FROM users
SELECT jsonb_agg(data ORDER BY id) AS people, string_agg(DISTINCT data->>'city', ', ') AS cities FROM users
SELECT id FROM users WHERE EXISTS (SELECT 1 FROM users AS child WHERE child.data->>'parent' = users.id)
SELECT id FROM users WHERE id NOT IN (SELECT data->>'parent' FROM users WHERE data->>'parent' IS NOT NULL)
SELECT date_trunc('month', (data->>'at')::timestamptz) AS month, count(*) FROM users GROUP BY 1 ORDER BY 1
SELECT id FROM users WHERE (data->>'at')::timestamptz > $1::timestamptz - INTERVAL '1 day'
SELECT extract(year FROM (data->>'at')::timestamptz) AS year FROM users WHERE data->>'at' IS NOT NULL
SELECT id, (data->>'at')::timestamptz AT TIME ZONE 'Europe/Oslo' AS local FROM users
SELECT coalesce(data->>'city', 'nowhere') AS city, nullif(data->>'name', '') AS name, greatest(1, 2) AS two FROM users
SELECT id FROM users WHERE data @? '$.tags[*] ? (@ == "a")' AND jsonb_path_exists(data, '$.age')
SELECT data #>> '{address,street}' AS street, data['address']['street'] AS again FROM users
WITH old AS (SELECT * FROM users WHERE (data->>'age')::int > 60), young AS MATERIALIZED (SELECT * FROM users WHERE (data->>'age')::int < 20) SELECT (SELECT count(*) FROM old) AS old, (SELECT count(*) FROM young) AS young
SELECT id FROM users WHERE data->>'city' = 'Oslo' UNION ALL SELECT id FROM users WHERE data->>'city' = 'Rome' ORDER BY id
SELECT data->>'city' AS city, data->>'name' AS name, count(*) FROM users GROUP BY GROUPING SETS ((data->>'city'), (data->>'name'), ())
SELECT d.day, count(users.id) FROM generate_series($1::timestamptz, $2::timestamptz, '1 day') AS d(day) LEFT JOIN users ON (data->>'at')::timestamptz >= d.day GROUP BY d.day
SELECT v.label, count(*) FROM users JOIN (VALUES ('a', 1), ('b', 2)) AS v(label, n) ON data->>'name' = v.label GROUP BY v.label
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY (data->>'age')::numeric) AS median FROM users
SELECT lower(trim(both ' ' from data->>'name')) AS name, substring(id from 1 for 2) AS start, length(id) FROM users
SELECT key, value FROM users, jsonb_each_text(data) WHERE jsonb_typeof(data->key) = 'string'
SELECT 'it''s a \ back' AS text, $$dollar 'quoted' \ $$ AS dollar, E'line\nbreak' AS broken, '; DROP TABLE users; --' AS not_sql, '''' AS quote FROM users
SELECT 1 - -1 AS two, - - 1 AS one, 2 * (3 + 4) AS fourteen, 2 ^ 3 AS eight, 7 % 4 AS three, (-2) ^ 2 AS four, NOT false AND true AS yes
SELECT id FROM users WHERE (data->>'age')::int IN (1, 2, $1) AND (data->>'age')::bigint IS DISTINCT FROM 7 -- a comment; DROP TABLE users
SELECT users AS whole, to_jsonb(users) AS json, ARRAY(SELECT id FROM users ORDER BY id) AS ids FROM users
SELECT id FROM users WHERE ROW(data->>'city', id) > ROW('Oslo', 'a') AND id <> ALL(ARRAY['x', 'y']) FETCH FIRST 2 ROWS ONLY;
SELECT "group", "select" FROM (SELECT id AS "group", data AS "select" FROM users) AS "order"
SELECT count(*) FROM users WHERE id SIMILAR TO '[ab]%' OR data->>'name' IS NULL OR (data->'admin')::boolean IS NOT TRUE
