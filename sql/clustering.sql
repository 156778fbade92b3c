-- Orleans cluster membership on PostgreSQL 12 or later, for Microsoft.Orleans.Clustering.AdoNet 10.
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
                 AND QueryKey IN ('InsertMembershipVersionKey', 'InsertMembershipKey', 'UpdateMembershipKey', 'UpdateIAmAlivetimeKey', 'MembershipReadRowKey',
                                  'MembershipReadAllKey', 'GatewaysQueryKey', 'DeleteMembershipTableEntriesKey', 'CleanupDefunctSiloEntriesKey'))
    THEN
        RAISE EXCEPTION 'OrleansQuery already holds membership queries that are not of this script: nothing was changed'
            USING ERRCODE = 'unique_violation', HINT = 'sql/README.md, "A database that Orleans''s own scripts have prepared"';
    END IF;
END $$;

-- One row for each cluster. Every change of its members raises the version by one; who expected another version changes nothing.
CREATE TABLE IF NOT EXISTS orleans_cluster
(
    cluster_id text PRIMARY KEY,
    version    integer NOT NULL,
    changed_at timestamptz NOT NULL
);

-- One row for each run of a silo: a silo that starts again has another generation.
CREATE TABLE IF NOT EXISTS orleans_silo
(
    cluster_id    text NOT NULL REFERENCES orleans_cluster ON DELETE CASCADE,
    address       text NOT NULL,
    port          integer NOT NULL,
    generation    integer NOT NULL,
    silo_name     text NOT NULL,
    host_name     text NOT NULL,
    status        integer NOT NULL,
    gateway_port  integer NOT NULL,
    suspect_times text,
    started_at    timestamptz NOT NULL,
    alive_at      timestamptz NOT NULL,
    PRIMARY KEY (cluster_id, address, port, generation)
);

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES
('InsertMembershipVersionKey', $query$/* tokmesh */
WITH founded AS (
    INSERT INTO orleans_cluster (cluster_id, version, changed_at) VALUES (@DeploymentId, 0, now())
    ON CONFLICT (cluster_id) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM founded
$query$),

-- Version and silo change in one statement, so both or neither. Of two that expect the same version the second waits for the row
-- of the first, sees that the version has moved on, and adds nothing.
('InsertMembershipKey', $query$/* tokmesh */
WITH moved AS (
    UPDATE orleans_cluster AS c SET version = c.version + 1, changed_at = now()
    WHERE c.cluster_id = @DeploymentId AND c.version = @Version
      AND NOT EXISTS (SELECT FROM orleans_silo AS s
                      WHERE s.cluster_id = c.cluster_id AND s.address = @Address AND s.port = @Port AND s.generation = @Generation)
    RETURNING c.cluster_id
), joined AS (
    INSERT INTO orleans_silo (cluster_id, address, port, generation, silo_name, host_name, status, gateway_port, started_at, alive_at)
    SELECT cluster_id, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM moved
    RETURNING 1
)
SELECT count(*) FROM joined
$query$),

('UpdateMembershipKey', $query$/* tokmesh */
WITH moved AS (
    UPDATE orleans_cluster AS c SET version = c.version + 1, changed_at = now()
    WHERE c.cluster_id = @DeploymentId AND c.version = @Version
      AND EXISTS (SELECT FROM orleans_silo AS s
                  WHERE s.cluster_id = c.cluster_id AND s.address = @Address AND s.port = @Port AND s.generation = @Generation)
    RETURNING c.cluster_id
), changed AS (
    UPDATE orleans_silo AS s SET status = @Status, suspect_times = @SuspectTimes, alive_at = @IAmAliveTime
    FROM moved
    WHERE s.cluster_id = moved.cluster_id AND s.address = @Address AND s.port = @Port AND s.generation = @Generation
    RETURNING 1
)
SELECT count(*) FROM changed
$query$),

-- A sign of life is no change of the members: the version stays.
('UpdateIAmAlivetimeKey', $query$/* tokmesh */
UPDATE orleans_silo SET alive_at = @IAmAliveTime
WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
$query$),

-- The version comes back even when there is no silo, and from the same snapshot as the silos.
('MembershipReadRowKey', $query$/* tokmesh */
SELECT s.address AS Address, s.port AS Port, s.generation AS Generation, s.silo_name AS SiloName, s.host_name AS HostName, s.status AS Status,
       s.gateway_port AS ProxyPort, s.suspect_times AS SuspectTimes, s.started_at AS StartTime, s.alive_at AS IAmAliveTime, c.version AS Version
FROM orleans_cluster AS c
LEFT JOIN orleans_silo AS s ON s.cluster_id = c.cluster_id AND s.address = @Address AND s.port = @Port AND s.generation = @Generation
WHERE c.cluster_id = @DeploymentId
$query$),

('MembershipReadAllKey', $query$/* tokmesh */
SELECT s.address AS Address, s.port AS Port, s.generation AS Generation, s.silo_name AS SiloName, s.host_name AS HostName, s.status AS Status,
       s.gateway_port AS ProxyPort, s.suspect_times AS SuspectTimes, s.started_at AS StartTime, s.alive_at AS IAmAliveTime, c.version AS Version
FROM orleans_cluster AS c
LEFT JOIN orleans_silo AS s USING (cluster_id)
WHERE c.cluster_id = @DeploymentId
$query$),

-- A silo without a gateway says so by port 0.
('GatewaysQueryKey', $query$/* tokmesh */
SELECT address AS Address, gateway_port AS ProxyPort, generation AS Generation
FROM orleans_silo
WHERE cluster_id = @DeploymentId AND status = @Status AND gateway_port > 0
$query$),

('DeleteMembershipTableEntriesKey', $query$/* tokmesh */
DELETE FROM orleans_cluster WHERE cluster_id = @DeploymentId
$query$),

-- 6 is Dead: whatever else a silo is, somebody may still ask after it.
('CleanupDefunctSiloEntriesKey', $query$/* tokmesh */
DELETE FROM orleans_silo WHERE cluster_id = @DeploymentId AND status = 6 AND alive_at < @IAmAliveTime
$query$)
ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText WHERE OrleansQuery.QueryText <> excluded.QueryText;

COMMIT;
