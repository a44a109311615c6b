-- name: roles
-- description: Make the role that owns and migrates and the one that serves; neither can do more.
SELECT format('%s ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS',
              CASE WHEN r.oid IS NULL THEN 'CREATE' ELSE 'ALTER' END, w.name)
FROM (VALUES ('{owner}'), ('{serving}')) AS w (name)
LEFT JOIN pg_roles r ON r.rolname = w.name
WHERE r.oid IS NULL OR NOT r.rolcanlogin OR r.rolsuper OR r.rolcreatedb OR r.rolcreaterole
   OR r.rolinherit OR r.rolreplication OR r.rolbypassrls;

-- name: memberships
-- description: Let the serving role become no other.
SELECT format('REVOKE %s FROM {serving} GRANTED BY %s', roleid::regrole, grantor::regrole)
FROM pg_auth_members WHERE member = '{serving}'::regrole;

-- name: ownership
-- description: Hand the database and all that is in its schema over to the owner.
SELECT format('ALTER %s %s OWNER TO {owner}', kind, name)
FROM (
    SELECT 'DATABASE' AS kind, quote_ident(datname) AS name, 'pg_database'::regclass AS class, oid,
           datdba AS owned_by
    FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'SCHEMA', quote_ident(nspname), 'pg_namespace'::regclass, oid, nspowner
    FROM pg_namespace WHERE nspname = current_schema()
    UNION ALL
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW'
                        WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
           {here} || quote_ident(relname), 'pg_class'::regclass, oid, relowner
    FROM pg_class
    WHERE relnamespace = {namespace} AND relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION ALL
    SELECT 'TYPE', {here} || quote_ident(typname), 'pg_type'::regclass, oid, typowner
    FROM pg_type WHERE typnamespace = {namespace} AND typtype IN ('c', 'd', 'e', 'r')
    UNION ALL
    SELECT 'ROUTINE', oid::regprocedure::text, 'pg_proc'::regclass, oid, proowner
    FROM pg_proc WHERE pronamespace = {namespace}
) AS things
WHERE owned_by <> '{owner}'::regrole
  -- Neither what an extension brought, nor what goes with its table.
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = things.class AND d.objid = things.oid
                                            AND d.deptype IN ('a', 'e', 'i'));

-- name: old_rights
-- description: Take away what the role that served before had here.
SELECT 'DROP OWNED BY annul_app' FROM pg_roles WHERE rolname = 'annul_app';

-- name: old_role
-- description: Drop that role, once it has nothing in any database.
SELECT 'DROP ROLE annul_app' FROM pg_roles r
WHERE rolname = 'annul_app'
  AND NOT EXISTS (SELECT FROM pg_shdepend
                  WHERE refclassid = 'pg_authid'::regclass AND refobjid = r.oid);
