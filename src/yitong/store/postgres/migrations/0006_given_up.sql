-- A message that its receiver refused for good is given up: it stays on record and holds up none of those behind it.

ALTER TABLE outgoing ADD COLUMN given_up boolean NOT NULL DEFAULT false;
DROP INDEX outgoing_waiting;
CREATE INDEX outgoing_waiting ON outgoing (receiver, seq) WHERE receipt IS NULL AND NOT given_up;
