-- Nobody sees another municipality's rows, not even by a statement that forgot to say whose it wants.
-- Whoever serves or works does so as buono_app, which owns no table; a transaction says whose rows it is about
-- in buono.municipality: an id, or `all` for workers, tills and operators; otherwise it sees nothing.
-- docs/decisions/0015

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'buono_app') THEN
        CREATE ROLE buono_app NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
    EXECUTE format('GRANT buono_app TO %I', current_user);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO buono_app', current_schema());
EXCEPTION
    -- another database of this server was faster
    WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

CREATE FUNCTION sees_everything() RETURNS BOOLEAN LANGUAGE sql STABLE AS
    $$ SELECT COALESCE(current_setting('buono.municipality', true) = 'all', false) $$;
CREATE FUNCTION seen_municipality() RETURNS UUID LANGUAGE sql STABLE AS
    $$ SELECT CAST(NULLIF(NULLIF(current_setting('buono.municipality', true), ''), 'all') AS UUID) $$;

DO $$
DECLARE
    name TEXT;
    rule TEXT;
BEGIN
    FOR name, rule IN SELECT * FROM (VALUES
        ('municipality', 'id = (SELECT seen_municipality())'),
        ('app_user', 'municipality_id = (SELECT seen_municipality())'),
        ('programme', 'municipality_id = (SELECT seen_municipality())'),
        ('shop', 'municipality_id = (SELECT seen_municipality())'),
        ('person', 'municipality_id = (SELECT seen_municipality())'),
        ('import', 'municipality_id = (SELECT seen_municipality())'),
        ('holder', 'municipality_id = (SELECT seen_municipality())'),
        ('voucher_code', 'municipality_id = (SELECT seen_municipality())'),
        ('voucher', 'municipality_id = (SELECT seen_municipality())'),
        ('operation', 'municipality_id = (SELECT seen_municipality())'),
        ('outbox', 'municipality_id = (SELECT seen_municipality())'),
        ('audit', 'municipality_id = (SELECT seen_municipality())'),
        -- those of a shop that is seen, whose own rule holds here too
        ('enrolment', 'EXISTS (SELECT FROM shop WHERE shop.id = enrolment.shop_id)'),
        ('terminal', 'EXISTS (SELECT FROM shop WHERE shop.id = terminal.shop_id)'),
        -- before a session is found nobody knows whose it is; the others are the projector's and the engine's
        ('user_session', 'false'),
        ('citizen_session', 'false'),
        ('open_hold', 'false'),
        ('operation_key', 'false')
    ) AS rules
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY municipality ON %I USING ((SELECT sees_everything()) OR %s)', name, rule);
    END LOOP;
END $$;

-- What has happened and who did it can be added to and not be changed.
GRANT SELECT, INSERT, UPDATE, DELETE ON
    municipality, app_user, user_session, programme, shop, enrolment, terminal, person, import, holder,
    voucher_code, checkpoint, voucher, open_hold, outbox, citizen_session TO buono_app;
GRANT SELECT, INSERT ON operation, operation_key, audit TO buono_app;
GRANT UPDATE (reversed_cents) ON operation TO buono_app;
GRANT SELECT ON _sqlx_migrations TO buono_app;
REVOKE EXECUTE ON FUNCTION make_operation_months FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_operation_months TO buono_app;
