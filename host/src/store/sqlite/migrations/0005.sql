-- The most memory that a run had, in bytes; null where nobody looked.
ALTER TABLE run ADD COLUMN memory_bytes INTEGER;
