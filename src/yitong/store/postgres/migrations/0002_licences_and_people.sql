-- People and their sessions, looks at their data, submissions of institutions, and everything about licences.

CREATE TABLE account (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    role text, number text, institution text
);
CREATE INDEX account_role ON account (role, seq);
CREATE INDEX account_number ON account (number);
CREATE INDEX account_institution ON account (institution, seq);

CREATE TABLE session (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    account_id text
);
CREATE INDEX session_account_id ON session (account_id, seq);

CREATE TABLE look (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    subject_id text
);
CREATE INDEX look_subject_id ON look (subject_id, seq);

CREATE TABLE submission (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    institution text
);
CREATE INDEX submission_institution ON submission (institution, seq);

CREATE TABLE licence (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    institution text, subject_id text, licence_id text, case_id text
);
CREATE INDEX licence_institution ON licence (institution, seq);
CREATE INDEX licence_subject_id ON licence (subject_id, seq);
CREATE UNIQUE INDEX licence_licence_id ON licence (licence_id);
CREATE INDEX licence_case_id ON licence (case_id);

CREATE TABLE issued (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    register_id text
);
CREATE INDEX issued_register_id ON issued (register_id, seq);

CREATE TABLE offer (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    code_hash text
);
CREATE UNIQUE INDEX offer_code_hash ON offer (code_hash);

CREATE TABLE token_grant (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL
);

CREATE TABLE nonce (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL
);

CREATE TABLE presentation (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    state text, institution text
);
CREATE UNIQUE INDEX presentation_state ON presentation (state);
CREATE INDEX presentation_institution ON presentation (institution, seq);

CREATE TABLE held_status (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL
);
