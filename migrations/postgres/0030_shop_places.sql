-- Where a shop is, in millionths of a degree, for whoever looks for the nearest one.
ALTER TABLE shop ADD COLUMN lat_e6 BIGINT;
ALTER TABLE shop ADD COLUMN lon_e6 BIGINT;
