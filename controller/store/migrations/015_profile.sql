-- Whose quotas bind the schedule: enum planner_profile

ALTER TABLE station ADD COLUMN profile INTEGER NOT NULL DEFAULT 0 CHECK (profile BETWEEN 0 AND 2);
