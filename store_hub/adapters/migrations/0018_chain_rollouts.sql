-- The chain's name of the last rollout; empty where a person of the shop began it.
ALTER TABLE rollouts ADD COLUMN chain_rollout_id TEXT NOT NULL DEFAULT '';
