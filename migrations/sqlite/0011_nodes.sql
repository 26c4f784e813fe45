-- What several nodes must agree on.

-- Nodes keep these tables in memory and read them again when this has moved: counted here, so that nobody can
-- change a shop and forget to say so.
CREATE TABLE directory_version (
    id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL
);
INSERT INTO directory_version (id, version) VALUES (1, 0);

CREATE TRIGGER municipality_insert AFTER INSERT ON municipality
BEGIN
    UPDATE directory_version SET version = version + 1;
END;
CREATE TRIGGER municipality_update AFTER UPDATE ON municipality
BEGIN
    UPDATE directory_version SET version = version + 1;
END;
CREATE TRIGGER municipality_delete AFTER DELETE ON municipality
BEGIN
    UPDATE directory_version SET version = version + 1;
END;
CREATE TRIGGER programme_insert AFTER INSERT ON programme
BEGIN
    UPDATE directory_version SET version = version + 1;
END;
CREATE TRIGGER programme_update AFTER UPDATE ON programme
BEGIN
    UPDATE directory_version SET version = version + 1;
END;
CREATE TRIGGER programme_delete AFTER DELETE ON programme
BEGIN
    UPDATE directory_version SET version = version + 1;
END;
CREATE TRIGGER shop_insert AFTER INSERT ON shop
BEGIN
    UPDATE directory_version SET version = version + 1;
END;
CREATE TRIGGER shop_update AFTER UPDATE ON shop
BEGIN
    UPDATE directory_version SET version = version + 1;
END;
CREATE TRIGGER shop_delete AFTER DELETE ON shop
BEGIN
    UPDATE directory_version SET version = version + 1;
END;
CREATE TRIGGER terminal_insert AFTER INSERT ON terminal
BEGIN
    UPDATE directory_version SET version = version + 1;
END;
CREATE TRIGGER terminal_update AFTER UPDATE ON terminal
BEGIN
    UPDATE directory_version SET version = version + 1;
END;
CREATE TRIGGER terminal_delete AFTER DELETE ON terminal
BEGIN
    UPDATE directory_version SET version = version + 1;
END;

-- Which key file the ledger was written with: another one would find nobody and open nothing.
CREATE TABLE installation (
    id INTEGER PRIMARY KEY,
    key_check BLOB NOT NULL
);
