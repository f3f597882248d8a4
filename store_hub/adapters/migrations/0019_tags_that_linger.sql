-- A tag that has left counts on its shelf for a little while, for it may only be hidden: 1 until that is over.
ALTER TABLE tags ADD COLUMN lingers INTEGER NOT NULL DEFAULT 0;
