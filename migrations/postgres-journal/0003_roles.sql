-- Whoever serves or works writes the journal as buono_journal, which owns nothing: whoever logs in may be the owner, or
-- better a login of its own that was granted it. As buono_app, which is the ledger's, nobody sees the journal.
-- docs/decisions/0015

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'buono_journal') THEN
        CREATE ROLE buono_journal NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
EXCEPTION
    -- another database of this server was faster
    WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
    EXECUTE format('GRANT buono_journal TO %I', current_user);
END $$;

GRANT USAGE ON SCHEMA journal TO buono_journal;
GRANT SELECT ON journal.migration TO buono_journal;
-- A fence is never removed, and a batch never changed.
GRANT SELECT, INSERT, UPDATE ON journal.fence, journal.holder TO buono_journal;
GRANT SELECT, INSERT, DELETE ON journal.batch TO buono_journal;
GRANT SELECT, INSERT, UPDATE, DELETE ON journal.member TO buono_journal;
