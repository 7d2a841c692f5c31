-- What a role may do in this database, by itself, through PUBLIC or as a member of other roles: by
-- the catalogue. $1 is its name.
--
-- kind, object, rights, and what is to be thought of it: 'claimed' is what the gateway is meant to
-- have, 'default' what PostgreSQL gives everybody and no data is reached by, 'more' all else.
WITH role AS (SELECT r.* FROM pg_roles AS r WHERE r.rolname = $1::text::name),
home AS (SELECT n.oid, n.nspowner FROM pg_namespace AS n WHERE n.nspname = 'kontract'),
-- What belongs to the server was given to whom it should when the database was made; here is what
-- was given since. The views of information_schema show nobody more than he may see anyway.
schemas AS (
  SELECT n.oid, n.nspname, n.nspname = 'pg_catalog' AS system
  FROM pg_namespace AS n WHERE n.nspname !~ '^pg_(toast|temp)' AND n.nspname <> 'information_schema'
),
relations AS (
  SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, c.relkind, n.system,
         n.oid IN (SELECT oid FROM home) AND c.relname IN ('storage', 'trxs') AND c.relrowsecurity AS shared
  FROM pg_class AS c JOIN schemas AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND NOT (n.system AND c.relacl IS NOT DISTINCT FROM (
      SELECT i.initprivs FROM pg_init_privs AS i
      WHERE i.objoid = c.oid AND i.classoid = 'pg_class'::regclass AND i.objsubid = 0))
),
functions AS (
  SELECT p.oid, p.oid::regprocedure::text AS name,
         p.pronamespace IN (SELECT oid FROM home) AND p.proname !~ '^_' AND p.prosecdef
         AND 'search_path=pg_catalog, pg_temp' = ANY (p.proconfig)
         AND NOT has_function_privilege('public', p.oid, 'EXECUTE')
         AND p.proowner IN (SELECT h.nspowner FROM home AS h JOIN pg_roles AS o ON o.oid = h.nspowner WHERE NOT o.rolcanlogin)
           AS offered
  FROM pg_proc AS p JOIN schemas AS n ON n.oid = p.pronamespace
  WHERE NOT (n.system AND p.proacl IS NOT DISTINCT FROM (
    SELECT i.initprivs FROM pg_init_privs AS i
    WHERE i.objoid = p.oid AND i.classoid = 'pg_proc'::regclass AND i.objsubid = 0))
),
reached AS (
  SELECT 1 AS place, 'attribute' AS kind, role.rolname::text AS object, a.name AS rights, 'more' AS verdict
  FROM role, LATERAL (VALUES
    (role.rolsuper, 'SUPERUSER'), (role.rolbypassrls, 'BYPASSRLS'), (role.rolcreaterole, 'CREATEROLE'),
    (role.rolcreatedb, 'CREATEDB'), (role.rolreplication, 'REPLICATION')) AS a(has, name)
  WHERE a.has
  UNION ALL
  SELECT 2, 'role', r.rolname, 'MEMBER', 'more' FROM role, pg_roles AS r
  WHERE r.oid <> role.oid AND pg_has_role(role.oid, r.oid, 'MEMBER')
  UNION ALL
  SELECT 3, 'relation', c.name, string_agg(p.name, ', ' ORDER BY p.name),
         CASE WHEN c.shared AND array_agg(p.name) = '{SELECT}' THEN 'claimed' ELSE 'more' END
  FROM role, relations AS c, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS p(name)
  WHERE c.relkind <> 'S' AND (has_table_privilege(role.oid, c.oid, p.name)
    OR p.name IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege(role.oid, c.oid, p.name))
  GROUP BY c.name, c.shared
  UNION ALL
  SELECT 3, 'sequence', c.name, string_agg(p.name, ', ' ORDER BY p.name), 'more'
  FROM role, relations AS c, unnest('{USAGE,SELECT,UPDATE}'::text[]) AS p(name)
  WHERE c.relkind = 'S' AND has_sequence_privilege(role.oid, c.oid, p.name)
  GROUP BY c.name
  UNION ALL
  SELECT 4, 'function', p.name, 'EXECUTE', CASE WHEN p.offered THEN 'claimed' ELSE 'more' END
  FROM role, functions AS p JOIN pg_proc AS f ON f.oid = p.oid
  WHERE has_function_privilege(role.oid, p.oid, 'EXECUTE') AND has_schema_privilege(role.oid, f.pronamespace, 'USAGE')
  UNION ALL
  SELECT 5, 'schema', n.nspname, p.name,
         CASE WHEN p.name = 'USAGE' AND n.oid IN (SELECT oid FROM home) THEN 'claimed'
              WHEN p.name = 'USAGE' AND n.nspname = 'public' THEN 'default' ELSE 'more' END
  FROM role, schemas AS n, unnest('{USAGE,CREATE}'::text[]) AS p(name)
  WHERE has_schema_privilege(role.oid, n.oid, p.name) AND NOT (n.system AND p.name = 'USAGE')
  UNION ALL
  SELECT 6, 'database', current_database(), p.name,
         CASE p.name WHEN 'CONNECT' THEN 'claimed' WHEN 'TEMPORARY' THEN 'default' ELSE 'more' END
  FROM role, unnest('{CONNECT,TEMPORARY,CREATE}'::text[]) AS p(name)
  WHERE has_database_privilege(role.oid, current_database(), p.name)
  UNION ALL
  SELECT 7, 'large object', o.oid::text, string_agg(DISTINCT coalesce(a.privilege_type, 'OWNER'), ', '), 'more'
  FROM role, pg_largeobject_metadata AS o
  LEFT JOIN LATERAL aclexplode(o.lomacl) AS a ON true
  WHERE o.lomowner = role.oid OR a.grantee IN (0, role.oid)
  GROUP BY o.oid
  UNION ALL
  SELECT 7, 'large object', 'new ones', 'CREATE', 'default'
  FROM role WHERE has_function_privilege(role.oid, 'pg_catalog.lo_create(oid)', 'EXECUTE')
  UNION ALL
  SELECT 8, 'server', s.srvname, 'USAGE', 'more' FROM role, pg_foreign_server AS s
  WHERE has_server_privilege(role.oid, s.oid, 'USAGE')
  UNION ALL
  SELECT 8, 'tablespace', t.spcname, 'CREATE', 'more' FROM role, pg_tablespace AS t
  WHERE has_tablespace_privilege(role.oid, t.oid, 'CREATE')
  UNION ALL
  SELECT 9, 'future ' || CASE d.defaclobjtype WHEN 'r' THEN 'relations' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
           WHEN 'n' THEN 'schemas' WHEN 'L' THEN 'large objects' ELSE 'types' END,
         format('of %s in %s', d.defaclrole::regrole, coalesce(d.defaclnamespace::regnamespace::text, 'any schema')),
         string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), 'more'
  FROM role, pg_default_acl AS d, LATERAL aclexplode(d.defaclacl) AS a
  WHERE a.grantee = role.oid OR a.grantee = 0 AND d.defaclobjtype NOT IN ('f', 'T')
  GROUP BY d.oid, d.defaclobjtype, d.defaclrole, d.defaclnamespace
)
SELECT kind, object::text, rights, verdict FROM reached ORDER BY place, object COLLATE "C", rights
