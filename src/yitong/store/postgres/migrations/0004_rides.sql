-- Rides: passes, taps, trips, the lines of the books, pairs of operators, and their clearing windows.

CREATE TABLE metro_pass (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    account_id text
);
CREATE INDEX metro_pass_account_id ON metro_pass (account_id, seq);

CREATE TABLE metro_tap (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    pass_key text, untold text
);
CREATE INDEX metro_tap_pass_key ON metro_tap (pass_key, seq);
CREATE INDEX metro_tap_untold ON metro_tap (untold, seq) WHERE untold IS NOT NULL;

CREATE TABLE metro_trip (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    pass_key text, account_id text, issuer text
);
CREATE INDEX metro_trip_issuer ON metro_trip (issuer, seq);
CREATE INDEX metro_trip_pass_key ON metro_trip (pass_key, seq);
CREATE INDEX metro_trip_account_id ON metro_trip (account_id, seq);

CREATE TABLE metro_line (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    pass_key text, window_key text, usage_id text, untold text
);
CREATE INDEX metro_line_pass_key ON metro_line (pass_key, seq) WHERE pass_key IS NOT NULL;
CREATE INDEX metro_line_window_key ON metro_line (window_key, seq) WHERE window_key IS NOT NULL;
CREATE INDEX metro_line_usage_id ON metro_line (usage_id, seq);
CREATE INDEX metro_line_untold ON metro_line (untold, seq) WHERE untold IS NOT NULL;

CREATE TABLE metro_pair (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL
);

CREATE TABLE metro_window (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL,
    book text, day_key text, book_day text, untold text
);
CREATE INDEX metro_window_book ON metro_window (book, seq);
CREATE INDEX metro_window_day_key ON metro_window (day_key, seq);
CREATE INDEX metro_window_book_day ON metro_window (book_day, seq);
CREATE INDEX metro_window_untold ON metro_window (untold, seq) WHERE untold IS NOT NULL;
