-- Outpatient bills: at the home the insured, quotes and settlements; at the place of care the covers of bills.

CREATE TABLE insured (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    number text, institution text
);
CREATE UNIQUE INDEX insured_number ON insured (number);
CREATE INDEX insured_institution ON insured (institution, seq);

CREATE TABLE home_quote (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    bill_id text
);
CREATE INDEX home_quote_bill_id ON home_quote (bill_id, seq);

CREATE TABLE home_settlement (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    person_no text, institution text
);
CREATE INDEX home_settlement_person_no ON home_settlement (person_no, seq);
CREATE INDEX home_settlement_institution ON home_settlement (institution, seq);

CREATE TABLE bill_file (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    hospital text
);
CREATE INDEX bill_file_hospital ON bill_file (hospital, seq);
