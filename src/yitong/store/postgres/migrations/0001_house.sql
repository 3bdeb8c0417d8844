-- The house: messages between nodes, event streams, timers, status entries, the ledger, people and their sessions.
-- A record of a noun lies whole in "body"; the columns beside it are what it is found by. Times are UTC; "zone" is
-- the zone of the jurisdiction in which they are to be read.

CREATE TABLE outgoing (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    receiver text NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    created_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    receipt text,
    receipted_at timestamptz,
    last_error text
);
CREATE INDEX outgoing_waiting ON outgoing (receiver, seq) WHERE receipt IS NULL;
CREATE INDEX outgoing_subject ON outgoing (subject, seq);

CREATE TABLE incoming (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL,
    sender text NOT NULL,
    type text NOT NULL,
    text text NOT NULL,
    text_hash text NOT NULL,
    receipt text NOT NULL,
    received_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    handled_at timestamptz,
    failure text,
    UNIQUE (sender, id)
);
CREATE INDEX incoming_waiting ON incoming (seq) WHERE handled_at IS NULL;

CREATE TABLE refused_message (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sender text NOT NULL,
    code text NOT NULL,
    text_hash text NOT NULL,
    refused_at timestamptz NOT NULL
);

CREATE TABLE event (
    stream text NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    zone text NOT NULL,
    PRIMARY KEY (stream, number)
);

CREATE TABLE timer (
    id text PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL,
    due_at timestamptz NOT NULL
);
CREATE INDEX timer_due ON timer (due_at, id);

CREATE TABLE status_entry (
    list_id text NOT NULL,
    index integer NOT NULL CHECK (index >= 0),
    value smallint NOT NULL,
    PRIMARY KEY (list_id, index)
);
CREATE INDEX status_entry_nonzero ON status_entry (list_id, index) WHERE value <> 0;
CREATE TABLE status_revision (
    list_id text PRIMARY KEY,
    revision bigint NOT NULL
);

CREATE TABLE account_book (
    id text PRIMARY KEY,
    ledger text NOT NULL,
    code text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('asset', 'expense', 'liability', 'income', 'equity')),
    credits_must_not_exceed_debits boolean NOT NULL,
    debits_must_not_exceed_credits boolean NOT NULL,
    debits_posted_fen bigint NOT NULL CHECK (debits_posted_fen >= 0),
    credits_posted_fen bigint NOT NULL CHECK (credits_posted_fen >= 0),
    debits_pending_fen bigint NOT NULL CHECK (debits_pending_fen >= 0),
    credits_pending_fen bigint NOT NULL CHECK (credits_pending_fen >= 0),
    CHECK (NOT (credits_must_not_exceed_debits AND debits_must_not_exceed_credits))
);

CREATE TABLE transfer (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    debit_account text NOT NULL REFERENCES account_book (id),
    credit_account text NOT NULL REFERENCES account_book (id),
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    code text NOT NULL,
    memo text NOT NULL,
    phase text NOT NULL,
    resolves text NOT NULL,
    reverses text NOT NULL,
    "group" text NOT NULL,
    recorded_at timestamptz NOT NULL,
    zone text NOT NULL,
    CHECK (debit_account <> credit_account)
);
CREATE UNIQUE INDEX transfer_resolves ON transfer (resolves) WHERE resolves <> '';
CREATE UNIQUE INDEX transfer_reverses ON transfer (reverses) WHERE reverses <> '';
CREATE INDEX transfer_group ON transfer ("group") WHERE "group" <> '';
CREATE INDEX transfer_memo ON transfer (memo);

-- What is written stays written: neither a program's mistake nor a person at the console edits a transfer or an event.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER transfer_stays BEFORE UPDATE OR DELETE ON transfer FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_stays BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();
