-- Cases beside their events: the file, the guard against a second open application, papers, and counters.

CREATE TABLE case_file (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    applicant text, window_id text, authority_id text, state text
);
CREATE INDEX case_file_applicant ON case_file (applicant, seq);
CREATE INDEX case_file_window_id ON case_file (window_id, seq);
CREATE INDEX case_file_authority_id ON case_file (authority_id, seq);
CREATE INDEX case_file_state ON case_file (state, seq);

CREATE TABLE open_application (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL
);

CREATE TABLE document (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    case_id text
);
CREATE INDEX document_case_id ON document (case_id, seq);

CREATE TABLE serial (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL
);
