-- One order may name several nodes, with one signature: node is then NULL.

CREATE TABLE shared_order (
    id INTEGER PRIMARY KEY,
    broadcast INTEGER REFERENCES broadcast (id),
    node INTEGER REFERENCES node (id),
    kind INTEGER NOT NULL,
    issued_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    body BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;

INSERT INTO shared_order (id, broadcast, node, kind, issued_us, expires_us, body, signature)
SELECT id, broadcast, node, kind, issued_us, expires_us, body, signature FROM issued_order;
DROP TABLE issued_order;
ALTER TABLE shared_order RENAME TO issued_order;

CREATE INDEX issued_order_by_target ON issued_order (broadcast, node, kind, id);
CREATE INDEX issued_order_by_node ON issued_order (node);
CREATE INDEX issued_order_by_expiry ON issued_order (expires_us);
