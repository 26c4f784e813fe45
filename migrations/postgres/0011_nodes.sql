-- What several nodes must agree on.

-- Nodes keep these tables in memory and read them again when this has moved: counted here, so that nobody can
-- change a shop and forget to say so.
CREATE TABLE directory_version (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL
);
INSERT INTO directory_version (id, version) VALUES (1, 0);

CREATE FUNCTION directory_changed() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE directory_version SET version = version + 1;
    RETURN NULL;
END $$;

CREATE TRIGGER municipality_changed AFTER INSERT OR UPDATE OR DELETE ON municipality
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER programme_changed AFTER INSERT OR UPDATE OR DELETE ON programme
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER shop_changed AFTER INSERT OR UPDATE OR DELETE ON shop
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER terminal_changed AFTER INSERT OR UPDATE OR DELETE ON terminal
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();

-- Which key file the ledger was written with: another one would find nobody and open nothing.
CREATE TABLE installation (
    id BIGINT PRIMARY KEY,
    key_check BYTEA NOT NULL
);
