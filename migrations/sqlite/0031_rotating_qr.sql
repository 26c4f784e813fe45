-- Whether the QR on a holder's page changes with time.
ALTER TABLE programme ADD COLUMN rotating_qr INTEGER NOT NULL DEFAULT 0;
