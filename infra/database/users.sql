-- What each user of the database may write. Run it as its owner, once the tables are there, and again after each upgrade.
--
-- The owner makes the three users first, each with a password of its own: CREATE USER tunegate_worker IDENTIFIED BY '…'. (A user made
-- through Google's API has every right.) Records are written once by INSERT … ON DUPLICATE KEY UPDATE, which needs the right to update.
--
-- tunegate_worker    pools tuning and simulations: results, leases, studies
-- tunegate_campaign  pool orchestrators: that, and campaigns, verdicts, route checks, the ledger
-- tunegate_release   rollout, rollback, monitor, and people at a terminal: that, and the registry

-- Studies are searched and changed by every worker, so they have a database of their own: TUNEGATE_STUDY_URL.
CREATE DATABASE IF NOT EXISTS tunegate_studies;
GRANT ALL ON tunegate_studies.* TO tunegate_worker, tunegate_campaign, tunegate_release;

GRANT SELECT ON tunegate.* TO tunegate_worker, tunegate_campaign, tunegate_release;
GRANT INSERT, UPDATE ON tunegate.answers TO tunegate_worker, tunegate_campaign, tunegate_release;
GRANT INSERT, UPDATE ON tunegate.day_results TO tunegate_worker, tunegate_campaign, tunegate_release;
GRANT INSERT, UPDATE, DELETE ON tunegate.leases TO tunegate_worker, tunegate_campaign, tunegate_release;

GRANT INSERT, UPDATE ON tunegate.campaigns TO tunegate_campaign, tunegate_release;
GRANT INSERT, UPDATE ON tunegate.verdicts TO tunegate_campaign, tunegate_release;
GRANT INSERT, UPDATE ON tunegate.route_checks TO tunegate_campaign, tunegate_release;
GRANT INSERT, UPDATE ON tunegate.ledger TO tunegate_campaign, tunegate_release;

GRANT INSERT ON tunegate.releases TO tunegate_release;
GRANT INSERT, UPDATE ON tunegate.decisions TO tunegate_release;
GRANT INSERT ON tunegate.experiment_events TO tunegate_release;
