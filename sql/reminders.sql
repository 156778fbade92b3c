-- Orleans reminders on PostgreSQL 12 or later, for Microsoft.Orleans.Reminders.AdoNet 10.
-- May be run any number of times, by any number of processes at once: see README.md.

BEGIN;
SET LOCAL client_min_messages = warning;
-- One run at a time, whichever script: CREATE … IF NOT EXISTS alone fails when two see nothing and both create.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(6074305918822751); END $$;

-- Where a provider looks up, by key, the text of every query that it sends. The names are Orleans's.
CREATE TABLE IF NOT EXISTS OrleansQuery
(
    QueryKey  varchar(64) PRIMARY KEY,
    QueryText text NOT NULL
);

-- Queries of another origin speak of other tables: replacing them would hide what is in those.
DO $$
BEGIN
    IF EXISTS (SELECT FROM OrleansQuery
               WHERE QueryText NOT LIKE '/* tokmesh */%'
                 AND QueryKey IN ('UpsertReminderRowKey', 'ReadReminderRowKey', 'ReadReminderRowsKey', 'ReadRangeRows1Key', 'ReadRangeRows2Key',
                                  'DeleteReminderRowKey', 'DeleteReminderRowsKey'))
    THEN
        RAISE EXCEPTION 'OrleansQuery already holds reminder queries that are not of this script: nothing was changed'
            USING ERRCODE = 'unique_violation', HINT = 'sql/README.md, "A database that Orleans''s own scripts have prepared"';
    END IF;
END $$;

-- One row for each reminder. A silo asks for those whose grain's hash lies in its part of a ring of signed 32-bit numbers.
CREATE TABLE IF NOT EXISTS orleans_reminder
(
    service_id text NOT NULL,
    grain_id   text NOT NULL,
    name       text NOT NULL,
    grain_hash integer NOT NULL,
    starts_at  timestamptz NOT NULL,
    period_ms  bigint NOT NULL,
    version    integer NOT NULL,
    PRIMARY KEY (service_id, grain_id, name)
);
CREATE INDEX IF NOT EXISTS orleans_reminder_ring ON orleans_reminder (service_id, grain_hash);

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES
('UpsertReminderRowKey', $query$/* tokmesh */
INSERT INTO orleans_reminder AS r (service_id, grain_id, name, grain_hash, starts_at, period_ms, version)
VALUES (@ServiceId, @GrainId, @ReminderName, @GrainHash, @StartTime, @Period, 0)
ON CONFLICT (service_id, grain_id, name) DO UPDATE
SET grain_hash = excluded.grain_hash, starts_at = excluded.starts_at, period_ms = excluded.period_ms, version = r.version + 1
RETURNING version AS Version
$query$),

('ReadReminderRowKey', $query$/* tokmesh */
SELECT grain_id AS GrainId, name AS ReminderName, starts_at AS StartTime, period_ms AS Period, version AS Version
FROM orleans_reminder
WHERE service_id = @ServiceId AND grain_id = @GrainId AND name = @ReminderName
$query$),

('ReadReminderRowsKey', $query$/* tokmesh */
SELECT grain_id AS GrainId, name AS ReminderName, starts_at AS StartTime, period_ms AS Period, version AS Version
FROM orleans_reminder
WHERE service_id = @ServiceId AND grain_id = @GrainId
$query$),

-- A part of the ring that does not run over its end; the one below does, or is the whole ring.
('ReadRangeRows1Key', $query$/* tokmesh */
SELECT grain_id AS GrainId, name AS ReminderName, starts_at AS StartTime, period_ms AS Period, version AS Version
FROM orleans_reminder
WHERE service_id = @ServiceId AND grain_hash > @BeginHash AND grain_hash <= @EndHash
$query$),

('ReadRangeRows2Key', $query$/* tokmesh */
SELECT grain_id AS GrainId, name AS ReminderName, starts_at AS StartTime, period_ms AS Period, version AS Version
FROM orleans_reminder
WHERE service_id = @ServiceId AND (grain_hash > @BeginHash OR grain_hash <= @EndHash)
$query$),

('DeleteReminderRowKey', $query$/* tokmesh */
WITH gone AS (
    DELETE FROM orleans_reminder
    WHERE service_id = @ServiceId AND grain_id = @GrainId AND name = @ReminderName AND version = @Version
    RETURNING 1
)
SELECT count(*) FROM gone
$query$),

('DeleteReminderRowsKey', $query$/* tokmesh */
DELETE FROM orleans_reminder WHERE service_id = @ServiceId
$query$)
ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText WHERE OrleansQuery.QueryText <> excluded.QueryText;

COMMIT;
