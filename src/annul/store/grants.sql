-- name: known
-- description: Whether the serving role is there.
SELECT to_regrole('{serving}') IS NOT NULL;

-- name: wanted
-- description: All that the serving role may do: a table that is not named here is out of its reach.
SELECT 'DATABASE' AS kind, quote_ident(current_database()) AS name, 'CONNECT' AS privilege
UNION ALL SELECT 'SCHEMA', quote_ident(current_schema()), 'USAGE'
UNION ALL SELECT 'TABLE', {here} || tables.name, unnest(string_to_array(tables.may, ' '))
FROM (VALUES
    -- Who migrates writes it.
    ('alembic_version', 'SELECT'),
    -- One row, counted up.
    ('reference', 'SELECT UPDATE'),
    -- What is only ever added to: nobody who serves can rewrite it.
    ('audit', 'SELECT INSERT'),
    ('batch_uploads', 'SELECT INSERT'),
    ('bins', 'SELECT INSERT'),
    ('case_events', 'SELECT INSERT'),
    ('certificates', 'SELECT INSERT'),
    ('chargeback_events', 'SELECT INSERT'),
    ('chargeback_evidence', 'SELECT INSERT'),
    ('cut_overs', 'SELECT INSERT'),
    ('deliveries', 'SELECT INSERT'),
    ('dialects', 'SELECT INSERT'),
    ('entries', 'SELECT INSERT'),
    ('fee_rates', 'SELECT INSERT'),
    ('ic_uploads', 'SELECT INSERT'),
    ('incident_events', 'SELECT INSERT'),
    ('master_key', 'SELECT INSERT'),
    ('messages', 'SELECT INSERT'),
    ('notice_log', 'SELECT INSERT'),
    ('playbook_steps', 'SELECT INSERT'),
    ('playbooks', 'SELECT INSERT'),
    ('returned_later', 'SELECT INSERT'),
    ('script_results', 'SELECT INSERT'),
    ('seals', 'SELECT INSERT'),
    ('settlement_terms', 'SELECT INSERT'),
    ('signatures', 'SELECT INSERT'),
    -- Keys are put in the place of others.
    ('pending_keys', 'SELECT INSERT DELETE'),
    ('terminal_keys', 'SELECT INSERT DELETE'),
    -- Lines are taken out.
    ('rota', 'SELECT INSERT DELETE'),
    -- What changes and never goes.
    ('account_moves', 'SELECT INSERT UPDATE'),
    ('advice_answers', 'SELECT INSERT UPDATE'),
    ('batch_differences', 'SELECT INSERT UPDATE'),
    ('aid_parameters', 'SELECT INSERT UPDATE'),
    ('api_keys', 'SELECT INSERT UPDATE'),
    ('bank_files', 'SELECT INSERT UPDATE'),
    ('bank_rows', 'SELECT INSERT UPDATE'),
    ('breaks', 'SELECT INSERT UPDATE'),
    ('batches', 'SELECT INSERT UPDATE'),
    ('books', 'SELECT UPDATE'),
    ('ca_public_keys', 'SELECT INSERT UPDATE'),
    ('cases', 'SELECT INSERT UPDATE'),
    ('channel_states', 'SELECT INSERT UPDATE'),
    ('channels', 'SELECT INSERT UPDATE'),
    ('chargeback_proposals', 'SELECT INSERT UPDATE'),
    ('chargebacks', 'SELECT INSERT UPDATE'),
    ('circuits', 'SELECT INSERT UPDATE'),
    ('clearing_bad_lines', 'SELECT INSERT'),
    ('clearing_before', 'SELECT INSERT DELETE'),
    ('clearing_differences', 'SELECT INSERT UPDATE'),
    ('clearing_files', 'SELECT INSERT UPDATE DELETE'),
    ('clearing_late', 'SELECT INSERT UPDATE'),
    ('clearing_maps', 'SELECT INSERT UPDATE DELETE'),
    ('clearing_proofs', 'SELECT INSERT UPDATE'),
    ('clearing_rules', 'SELECT INSERT UPDATE'),
    ('clearing_rows', 'SELECT INSERT UPDATE DELETE'),
    ('clearing_staged', 'SELECT INSERT DELETE'),
    ('clearing_carried', 'SELECT INSERT UPDATE DELETE'),
    ('foretold', 'SELECT INSERT UPDATE'),
    ('conclusions', 'SELECT INSERT UPDATE'),
    ('course_tasks', 'SELECT INSERT UPDATE'),
    ('drill_runs', 'SELECT INSERT UPDATE'),
    ('capacity_reports', 'SELECT INSERT UPDATE'),
    ('hosts', 'SELECT INSERT UPDATE'),
    ('incident_heads', 'SELECT INSERT UPDATE'),
    ('incidents', 'SELECT INSERT UPDATE'),
    ('interventions', 'SELECT INSERT UPDATE'),
    ('issuer_keys', 'SELECT INSERT UPDATE'),
    ('issuer_links', 'SELECT INSERT UPDATE'),
    ('issuer_probes', 'SELECT INSERT UPDATE'),
    ('issuers', 'SELECT INSERT UPDATE'),
    ('learning', 'SELECT INSERT UPDATE'),
    ('learnt_rules', 'SELECT INSERT UPDATE'),
    ('lessons', 'SELECT INSERT UPDATE'),
    ('merchant_balances', 'SELECT INSERT UPDATE'),
    ('merchant_days', 'SELECT INSERT UPDATE'),
    ('merchants', 'SELECT INSERT UPDATE'),
    ('notifications', 'SELECT INSERT UPDATE'),
    ('orders', 'SELECT INSERT UPDATE'),
    ('outbox', 'SELECT INSERT UPDATE'),
    ('payout_accounts', 'SELECT INSERT UPDATE'),
    ('payout_files', 'SELECT INSERT UPDATE'),
    ('payouts', 'SELECT INSERT UPDATE'),
    ('playbook_runs', 'SELECT INSERT UPDATE'),
    ('policies', 'SELECT INSERT UPDATE'),
    ('purges', 'SELECT INSERT UPDATE'),
    ('refusals', 'SELECT INSERT UPDATE'),
    ('reserves', 'SELECT INSERT UPDATE'),
    ('terminals', 'SELECT INSERT UPDATE'),
    ('transactions', 'SELECT INSERT UPDATE'),
    ('users', 'SELECT INSERT UPDATE'),
    ('webhook_outbox', 'SELECT INSERT UPDATE'),
    ('webhooks', 'SELECT INSERT UPDATE'),
    -- What ends.
    ('code_meanings', 'SELECT INSERT UPDATE DELETE'),
    ('contacts', 'SELECT INSERT UPDATE DELETE'),
    ('escalations', 'SELECT INSERT UPDATE DELETE'),
    ('host_samples', 'SELECT INSERT DELETE'),
    ('idempotency', 'SELECT INSERT UPDATE DELETE'),
    ('issuer_stats', 'SELECT INSERT UPDATE DELETE'),
    ('notice_outbox', 'SELECT INSERT UPDATE DELETE'),
    ('notices', 'SELECT INSERT UPDATE DELETE'),
    ('report_letters', 'SELECT INSERT UPDATE DELETE'),
    ('report_mails', 'SELECT INSERT UPDATE DELETE'),
    ('report_subscriptions', 'SELECT INSERT UPDATE DELETE'),
    ('reset_links', 'SELECT INSERT UPDATE DELETE'),
    ('saved_views', 'SELECT INSERT UPDATE DELETE'),
    ('sessions', 'SELECT INSERT UPDATE DELETE'),
    ('sign_in_tries', 'SELECT INSERT UPDATE DELETE'),
    ('terminal_stats', 'SELECT INSERT UPDATE DELETE'),
    ('void_samples', 'SELECT INSERT UPDATE DELETE'),
    ('watch_counts', 'SELECT INSERT DELETE'),
    ('watched', 'SELECT INSERT UPDATE DELETE'),
    ('watched_hours', 'SELECT INSERT UPDATE DELETE'),
    ('watched_ways', 'SELECT INSERT DELETE'),
    ('watched_traffic', 'SELECT INSERT UPDATE DELETE'),
    ('watch_turns', 'SELECT INSERT UPDATE'),
    ('volumes', 'SELECT INSERT DELETE')
) AS tables (name, may)
-- What takes old rows of what is only ever added to; by these and in no other way.
UNION ALL SELECT 'ROUTINE', oid::regprocedure::text, 'EXECUTE' FROM pg_proc
WHERE pronamespace = {namespace}
  AND proname IN ('count_clearing', 'preview_clearing', 'purge_audit', 'purge_messages', 'purge_notice_log',
                  'purge_notifications', 'purge_signatures', 'spread_incident_events');

-- name: held
-- description: What everybody and the serving role may do now, but with what an extension brought.
SELECT things.kind, things.name, rights.grantee, rights.privilege_type AS privilege
FROM (
    SELECT 'DATABASE' AS kind, quote_ident(datname) AS name, 'pg_database'::regclass AS class, oid,
           coalesce(datacl, acldefault('d', datdba)) AS acl
    FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'SCHEMA', quote_ident(nspname), 'pg_namespace'::regclass, oid,
           coalesce(nspacl, acldefault('n', nspowner))
    FROM pg_namespace WHERE nspname = current_schema()
    UNION ALL
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, {here} || quote_ident(relname),
           'pg_class'::regclass, oid,
           coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
    FROM pg_class
    WHERE relnamespace = {namespace} AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'ROUTINE', oid::regprocedure::text, 'pg_proc'::regclass, oid,
           coalesce(proacl, acldefault('f', proowner))
    FROM pg_proc WHERE pronamespace = {namespace}
) AS things, aclexplode(things.acl) AS rights
WHERE rights.grantee IN (0, '{serving}'::regrole)
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = things.class AND d.objid = things.oid AND d.deptype = 'e');

-- name: owed
-- description: What is to be granted and taken away, so that the serving role may do what is wanted.
SELECT format('REVOKE %s ON %s %s FROM %s', h.privilege, h.kind, h.name,
              CASE h.grantee WHEN 0 THEN 'PUBLIC' ELSE '{serving}' END) AS statement
FROM ({held}) AS h
WHERE h.grantee = 0 OR (h.kind, h.name, h.privilege) NOT IN ({wanted})
UNION ALL
SELECT format('GRANT %s ON %s %s TO {serving}', w.privilege, w.kind, w.name)
FROM ({wanted}) AS w
WHERE (w.kind, w.name, w.privilege) NOT IN (
    SELECT kind, name, privilege FROM ({held}) AS h WHERE h.grantee <> 0)
  AND (w.kind <> 'TABLE' OR to_regclass(w.name) IS NOT NULL);

-- name: power
-- description: Whether who is signed in could do more than serve: as superuser, or as owner of tables.
SELECT session_user AS who, r.rolsuper AS superuser,
       EXISTS (SELECT FROM pg_class
               WHERE relnamespace = {namespace} AND relkind = 'r'
                 AND pg_has_role(session_user, relowner, 'MEMBER')) AS owner
FROM pg_roles r WHERE r.rolname = session_user;
