-- What nodes agree on is nobody's in particular; its counter moves by a trigger that runs as the owner.
GRANT SELECT ON directory_version TO buono_app;
GRANT SELECT, INSERT ON installation TO buono_app;
GRANT SELECT, INSERT, UPDATE ON journal_mark TO buono_app;
