OtherRelation SELECT * FROM users, orders
OtherRelation SELECT * FROM "orders"
NotAllowed SELECT data FROM users UNION TABLE storage
Unreadable SELECT (TABLE orders LIMIT 1)
Qualified SELECT * FROM public.users
Shadowing WITH users AS (SELECT * FROM orders) SELECT * FROM users
NotAllowed WITH x AS (DELETE FROM users RETURNING *) SELECT * FROM x
NotOneSelect SELECT 1; DROP TABLE users
Function SELECT query_to_xml('SELECT * FROM orders',true,true,'')
Function SELECT set_config('kontract.sid','x',false)
Type SELECT 'orders'::regclass
NotAllowed SELECT * FROM users FOR UPDATE
Function SELECT pg_sleep(3600)
OtherRelation SELECT * FROM users WHERE id = E'\'' UNION SELECT data::text FROM orders --'
Unreadable SELECT * FROM U&"\006f\0072ders"
OtherRelation SELECT * FROM orders
OtherRelation SELECT * FROM users u JOIN orders o ON o.id = u.id
OtherRelation SELECT * FROM users u LEFT JOIN (SELECT * FROM orders) o ON true
OtherRelation SELECT * FROM users WHERE id IN (SELECT id FROM orders)
OtherRelation SELECT * FROM users WHERE EXISTS (SELECT 1 FROM orders o WHERE o.id = users.id)
OtherRelation SELECT (SELECT count(*) FROM orders) FROM users
OtherRelation SELECT * FROM users UNION SELECT * FROM orders
OtherRelation SELECT * FROM users INTERSECT SELECT id, data FROM "storage"
OtherRelation SELECT * FROM users EXCEPT (SELECT * FROM (SELECT * FROM orders) x)
OtherRelation WITH a AS (SELECT * FROM b), b AS (SELECT * FROM users) SELECT * FROM a
OtherRelation WITH a AS (SELECT * FROM pg_class), pg_class AS (SELECT * FROM users) SELECT * FROM a
NotAllowed WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT * FROM t
OtherRelation WITH orders AS (SELECT * FROM orders) SELECT * FROM orders
OtherRelation SELECT * FROM users, LATERAL (SELECT * FROM orders WHERE orders.id = users.id) x
OtherRelation SELECT CASE WHEN (SELECT true FROM orders LIMIT 1) THEN 1 END FROM users
OtherRelation SELECT ARRAY(SELECT id FROM orders)
OtherRelation SELECT * FROM users ORDER BY (SELECT id FROM orders LIMIT 1)
OtherRelation SELECT * FROM users LIMIT (SELECT count(*) FROM orders)
OtherRelation SELECT * FROM users OFFSET (SELECT count(*) FROM orders)
Unreadable SELECT * FROM users FETCH FIRST (SELECT 1 FROM orders) ROWS ONLY
OtherRelation SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM orders)) FROM users
OtherRelation SELECT sum(1) OVER (PARTITION BY (SELECT id FROM orders LIMIT 1)) FROM users
OtherRelation SELECT 1 FROM users GROUP BY (SELECT id FROM orders LIMIT 1)
OtherRelation SELECT count(*) FROM users HAVING (SELECT true FROM orders LIMIT 1)
OtherRelation SELECT rank() OVER w FROM users WINDOW w AS (ORDER BY (SELECT 1 FROM orders))
OtherRelation SELECT data[(SELECT id FROM orders LIMIT 1)] FROM users
OtherRelation SELECT jsonb_build_object('x', (SELECT data FROM orders LIMIT 1))
OtherRelation SELECT * FROM jsonb_array_elements((SELECT data FROM orders LIMIT 1)) AS t(v)
OtherRelation VALUES ((SELECT data FROM orders LIMIT 1))
OtherRelation SELECT * FROM (VALUES ((SELECT data FROM orders LIMIT 1))) AS v(x)
OtherRelation SELECT DISTINCT ON ((SELECT id FROM orders LIMIT 1)) id FROM users
OtherRelation SELECT string_agg(id, ',' ORDER BY (SELECT id FROM orders LIMIT 1)) FROM users
OtherRelation SELECT mode() WITHIN GROUP (ORDER BY (SELECT 1 FROM orders LIMIT 1)) FROM users
OtherRelation SELECT * FROM (users JOIN orders ON true)
OtherRelation SELECT * FROM ONLY orders
Function SELECT * FROM ONLY (users)
Unreadable SELECT * FROM users *
Qualified SELECT * FROM kontract.trxs
Qualified SELECT * FROM kdata.users
Qualified SELECT * FROM "kontract"."trxs"
Qualified SELECT kontract.trxs.sid FROM users
UnknownColumn SELECT trxs.sid FROM users
Qualified SELECT * FROM pg_catalog.pg_authid
OtherRelation SELECT * FROM pg_shadow
Qualified SELECT * FROM information_schema.tables
OtherRelation SELECT * FROM pg_stat_activity
OtherRelation SELECT * FROM pg_settings
Qualified SELECT * FROM test.kontract.trxs
UnknownColumn SELECT users.ctid FROM users
UnknownColumn SELECT users._owner FROM users
UnknownColumn SELECT u._txid FROM users u
UnknownColumn SELECT users.tableoid FROM users
UnknownColumn SELECT users.pg_typeof FROM users
UnknownColumn SELECT u.row_to_json FROM users AS u
NotAllowed SELECT (users).pg_column_size FROM users
NotAllowed SELECT (data).text FROM users
NotOneSelect INSERT INTO users VALUES ('a', '{}')
NotOneSelect UPDATE users SET data = '{}'
NotOneSelect DELETE FROM users
NotOneSelect TRUNCATE users
NotOneSelect DROP TABLE users
NotOneSelect CREATE TABLE x (a int)
NotOneSelect CREATE TEMP TABLE x AS SELECT * FROM users
NotAllowed SELECT * INTO x FROM users
NotOneSelect ALTER TABLE users ADD COLUMN x int
NotOneSelect GRANT ALL ON users TO PUBLIC
NotOneSelect COPY users TO '/tmp/x'
NotOneSelect COPY (SELECT * FROM users) TO PROGRAM 'sh'
Unreadable DO $$ BEGIN END $$
NotOneSelect CALL x()
NotOneSelect EXPLAIN SELECT * FROM users
NotOneSelect EXPLAIN ANALYZE DELETE FROM users
NotOneSelect SET ROLE postgres
NotOneSelect SET search_path = kdata
NotOneSelect RESET ALL
NotOneSelect SHOW server_version
NotOneSelect BEGIN
NotOneSelect COMMIT
NotOneSelect LISTEN x
NotOneSelect NOTIFY x
NotOneSelect PREPARE x AS SELECT 1
NotOneSelect EXECUTE x
NotOneSelect DEALLOCATE ALL
NotOneSelect LOCK TABLE users
NotOneSelect VACUUM
NotOneSelect MERGE INTO users USING orders ON true WHEN MATCHED THEN DELETE
NotAllowed WITH x AS (UPDATE users SET data = '{}' RETURNING *) SELECT * FROM x
NotAllowed WITH x AS (INSERT INTO users VALUES ('a', '{}') RETURNING *) SELECT * FROM x
NotAllowed WITH x AS (SELECT 1) DELETE FROM users
NotOneSelect SELECT 1;;SELECT 2
NotOneSelect SELECT 1; SELECT 2
NotOneSelect SELECT 1 ; COMMIT; SELECT 1
NotAllowed SELECT * FROM users FOR SHARE
Unreadable SELECT * FROM users FOR NO KEY UPDATE SKIP LOCKED
NotAllowed SELECT * FROM users FOR UPDATE OF users NOWAIT
NotAllowed SELECT * FROM (SELECT * FROM users FOR UPDATE) x
NotAllowed SELECT * FROM users TABLESAMPLE SYSTEM (100)
NotAllowed SELECT id COLLATE "C" FROM users
NotAllowed SELECT * FROM users ORDER BY id COLLATE "de_DE"
NotAllowed SELECT * FROM users ORDER BY id USING <
Operator SELECT 1 OPERATOR(public.+) 2
Operator SELECT 1 OPERATOR(pg_catalog.+) 2
Function SELECT pg_catalog.pg_sleep(1)
Function SELECT pg_catalog.lower('A')
Function SELECT "lower"('A'), "pg_sleep"(1)
Function SELECT PG_SLEEP(1)
Function SELECT pg_read_file('/etc/passwd')
Function SELECT pg_ls_dir('/')
Function SELECT lo_import('/etc/passwd')
Function SELECT dblink('host=x', 'SELECT 1')
Function SELECT database_to_xml(true, true, '')
Function SELECT table_to_xml('orders', true, true, '')
Function SELECT cursor_to_xml('x', 1, true, true, '')
Function SELECT ts_stat('SELECT 1')
Function SELECT current_setting('data_directory')
Function SELECT pg_terminate_backend(1)
Function SELECT pg_cancel_backend(1)
Function SELECT pg_reload_conf()
Function SELECT pg_advisory_lock(1)
Function SELECT nextval('kdata.seq_users')
Function SELECT setval('kdata.seq_users', 1)
Function SELECT currval('x'), lastval()
Function SELECT txid_current()
Function SELECT pg_current_xact_id()
Function SELECT kontract.commit(null, null, null, null, null)
Function SELECT random()
Function SELECT gen_random_uuid()
Function SELECT now()
Function SELECT current_timestamp, current_date
Function SELECT clock_timestamp()
Function SELECT age('2020-01-01'::timestamptz)
Function SELECT current_user, session_user
Function SELECT version()
Function SELECT inet_server_addr()
Function SELECT has_table_privilege('orders', 'SELECT')
Function SELECT to_regclass('orders')
Function SELECT obj_description(1)
Function SELECT pg_relation_size('orders')
Function SELECT pg_get_functiondef(1)
Function SELECT format_type(1, 2)
Function SELECT jsonb_populate_record(null::orders, data) FROM users
Function SELECT jsonb_to_record(data) FROM users
Type SELECT null::orders
Type SELECT null::public.orders
Type SELECT 'x'::regrole, 'y'::regproc
Type SELECT 'x'::name
Type SELECT 'x'::"char"
Type SELECT '1'::oid
Type SELECT '{}'::orders[]
Type SELECT CAST(data AS orders) FROM users
Type SELECT '<x/>'::xml
Type SELECT '1 2'::tsvector
Type SELECT '(1,2)'::point
NotAllowed SELECT TRY_CAST(id AS int) FROM users
Unreadable SELECT xmlelement(name x)
Function SELECT xpath('/x', '<x/>')
NotAllowed SELECT * FROM json_table('[]', '$' COLUMNS (a int PATH '$'))
NotAllowed SELECT * FROM XMLTABLE('/x' PASSING '<x/>' COLUMNS a int PATH 'a')
Unreadable SELECT * FROM ROWS FROM (generate_series(1, 2))
Function SELECT * FROM pg_ls_dir('.') AS f
Function SELECT * FROM lower('x')
Function SELECT * FROM dblink('x', 'y') AS t(a int)
Function SELECT * FROM unnest(pg_ls_dir('.')) AS f
NotAllowed SELECT * FROM users NATURAL JOIN users AS b
OtherRelation SELECT E'\x27; DROP TABLE users; --' FROM orders
Spelling SELECT U&'\0027' FROM users
Spelling SELECT N'x' FROM users
Spelling SELECT B'1', X'ff' FROM users
Spelling SELECT 'a' AS 'b' FROM users
Spelling SELECT id AS "a""b" FROM users
Spelling SELECT id AS "a\" FROM users
Spelling SELECT id AS "" FROM users
Spelling SELECT 1_000
Spelling SELECT 0x1F
Parameters SELECT $0
Parameters SELECT $01
Parameters SELECT $101
Parameters SELECT $a
Parameters SELECT :a
Unreadable SELECT ?
NotAllowed SELECT @x
Parameters SELECT $2
Parameters SELECT $1, $3
NotAllowed SELECT /*+ SeqScan(users) */ * FROM users
Unreadable SELECT 1 /* unfinished
Unreadable SELECT 'unfinished
Unreadable SELECT "unfinished
Unreadable SELECT $x$ unfinished
NotAllowed SELECT FROM users
TextAgainstNumber SELECT * FROM users WHERE data->>'age' > $1
TextAgainstNumber SELECT * FROM users WHERE data->>'age' BETWEEN 1 AND 5
TextAgainstNumber SELECT * FROM users WHERE 18 <= data->>'age'
TextAgainstNumber SELECT * FROM users u WHERE u.data->>'age' < '9'
TextAgainstNumber SELECT * FROM users WHERE data->>'name' = 5
TextAgainstNumber SELECT * FROM users WHERE (data->>'age') > 18
TextAgainstNumber SELECT * FROM users WHERE data->>'age' >= $1::int
KeyInData SELECT data->>'key' FROM users
OtherRelation SELECT * FROM users AS orders, orders AS x
UnknownColumn SELECT x.* FROM users
UnknownColumn SELECT u.id FROM users AS "U"
UnknownColumn SELECT * FROM users AS u(a, b) WHERE u.id = 'x'
Shadowing WITH Users AS (SELECT 1) SELECT * FROM users
Shadowing WITH x AS (SELECT 1), users AS (SELECT 2) SELECT * FROM x
Shadowing SELECT (WITH users AS (SELECT 1 AS id) SELECT id FROM users)
NotAllowed SELECT count(*) FROM users GROUP BY ALL
Unreadable SELECT * EXCLUDE (id) FROM users
NotAllowed SELECT TOP 5 * FROM users
NotAllowed SELECT * FROM users QUALIFY row_number() OVER () = 1
Unreadable FROM users SELECT *
NotAllowed SELECT * FROM users PIVOT (count(id) FOR id IN ('a'))
Unreadable SELECT * FROM users AT (TIMESTAMP => 'x')
Unreadable SELECT * FROM users SETTINGS a = 1
NotAllowed SELECT lower(id => 'x') FROM users
Unreadable SELECT f(VARIADIC ARRAY[1])
Function SELECT {fn now()}
Unreadable SELECT MAP {'a': 1}
Function SELECT STRUCT(1)
Unreadable SELECT {'a': 1}
Unreadable SELECT MATCH (a) AGAINST ('x')
NotAllowed SELECT id REGEXP 'x' FROM users
NotAllowed SELECT id RLIKE 'x' FROM users
Unreadable SELECT 5 DIV 2
Unreadable SELECT 5 // 2
Operator SELECT a := 1
Operator SELECT 1 <=> 2
NotAllowed SELECT CONVERT(id USING utf8) FROM users
Unreadable SELECT id AT LOCAL FROM users
NotAllowed SELECT first_value(id) IGNORE NULLS OVER () FROM users
NotAllowed SELECT array_agg(id LIMIT 1) FROM users
Unreadable SELECT coalesce(SELECT 1)
NotAllowed SELECT EXTRACT(timezone_region FROM '2020-01-01'::date)
Spelling SELECT -2 ^ 2
