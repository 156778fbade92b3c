-- Orleans grain state on PostgreSQL 12 or later, for Microsoft.Orleans.Persistence.AdoNet 10.
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
                 AND QueryKey IN ('ReadFromStorageKey', 'WriteToStorageKey', 'ClearStorageKey', 'DeleteStorageKey'))
    THEN
        RAISE EXCEPTION 'OrleansQuery already holds storage queries that are not of this script: nothing was changed'
            USING ERRCODE = 'unique_violation', HINT = 'sql/README.md, "A database that Orleans''s own scripts have prepared"';
    END IF;
END $$;

-- One row for each grain and each of its states. A grain is named by two numbers (an integer or a Guid), or by a text, or by
-- numbers with a text; "no text" and "the empty text" are two names, which a null in a key could not tell apart. The provider's
-- hashes are not kept: the whole name is the key. All of a name may take about 2,600 bytes, which is what an index entry holds.
CREATE TABLE IF NOT EXISTS orleans_grain_state
(
    service_id text NOT NULL,
    grain_type text NOT NULL,
    key_0      bigint NOT NULL,
    key_1      bigint NOT NULL,
    has_text   boolean NOT NULL,
    key_text   text NOT NULL,
    version    integer NOT NULL,
    payload    bytea,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (service_id, grain_type, key_0, key_1, has_text, key_text)
);

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES
('ReadFromStorageKey', $query$/* tokmesh */
SELECT payload AS PayloadBinary, version AS Version
FROM orleans_grain_state
WHERE service_id = @ServiceId AND grain_type = @GrainTypeString AND key_0 = @GrainIdN0 AND key_1 = @GrainIdN1
  AND has_text = (@GrainIdExtensionString IS NOT NULL) AND key_text = coalesce(@GrainIdExtensionString, '')
$query$),

-- Without a version the state must be new, with one it must still be that one. No row comes back when it is not: that is how the
-- provider hears of a conflict. At most one of the two parts does anything.
('WriteToStorageKey', $query$/* tokmesh */
WITH added AS (
    INSERT INTO orleans_grain_state (service_id, grain_type, key_0, key_1, has_text, key_text, version, payload, written_at)
    SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, @GrainIdExtensionString IS NOT NULL, coalesce(@GrainIdExtensionString, ''), 1, @PayloadBinary, now()
    WHERE @GrainStateVersion IS NULL
    ON CONFLICT DO NOTHING
    RETURNING version
), replaced AS (
    UPDATE orleans_grain_state SET payload = @PayloadBinary, version = version + 1, written_at = now()
    WHERE service_id = @ServiceId AND grain_type = @GrainTypeString AND key_0 = @GrainIdN0 AND key_1 = @GrainIdN1
      AND has_text = (@GrainIdExtensionString IS NOT NULL) AND key_text = coalesce(@GrainIdExtensionString, '')
      AND version = @GrainStateVersion
    RETURNING version
)
SELECT version AS NewGrainStateVersion FROM added
UNION ALL
SELECT version FROM replaced
$query$),

-- The row stays, so that a version that was given out before stays void.
('ClearStorageKey', $query$/* tokmesh */
UPDATE orleans_grain_state SET payload = NULL, version = version + 1, written_at = now()
WHERE service_id = @ServiceId AND grain_type = @GrainTypeString AND key_0 = @GrainIdN0 AND key_1 = @GrainIdN1
  AND has_text = (@GrainIdExtensionString IS NOT NULL) AND key_text = coalesce(@GrainIdExtensionString, '')
  AND version = @GrainStateVersion
RETURNING version AS NewGrainStateVersion
$query$),

-- Instead of the one before, where a provider is told to delete what is cleared.
('DeleteStorageKey', $query$/* tokmesh */
DELETE FROM orleans_grain_state
WHERE service_id = @ServiceId AND grain_type = @GrainTypeString AND key_0 = @GrainIdN0 AND key_1 = @GrainIdN1
  AND has_text = (@GrainIdExtensionString IS NOT NULL) AND key_text = coalesce(@GrainIdExtensionString, '')
  AND version = @GrainStateVersion
RETURNING version + 1 AS NewGrainStateVersion
$query$)
ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText WHERE OrleansQuery.QueryText <> excluded.QueryText;

COMMIT;
