-- Ten million entries are searched: each filter has an index in the order of time that pages come in.

DROP INDEX journal_by_object;
DROP INDEX journal_by_actor;
CREATE INDEX journal_by_object ON journal (object, at_us, seq);
CREATE INDEX journal_by_actor ON journal (actor, action, at_us, seq);
CREATE INDEX journal_by_action ON journal (action, at_us, seq);
CREATE INDEX alert_message_by_time ON alert_message (received_us);
