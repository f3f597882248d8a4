-- What an event names is asked for by the event too.
CREATE INDEX epcis_things_by_event ON epcis_things (journal_id, line);
