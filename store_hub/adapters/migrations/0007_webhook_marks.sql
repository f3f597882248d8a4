-- OPERATIONAL. How far each receiver of webhooks has been told.
CREATE TABLE webhook_marks (
    url              TEXT    PRIMARY KEY,
    notification_id  INTEGER NOT NULL              -- the last event it took, or that was passed over
) STRICT, WITHOUT ROWID;
