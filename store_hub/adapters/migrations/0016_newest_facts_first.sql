-- After a month without the cloud the newest figures are told first.
CREATE INDEX dirty_by_period ON dirty (period_ms);
