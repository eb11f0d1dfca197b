-- The certificate that a join code gave, for a node that did not get the answer and asks again.

ALTER TABLE join_code ADD COLUMN cert BLOB CHECK (length(cert) > 0);
