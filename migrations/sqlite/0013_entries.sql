-- The dedup log in rows of one batch each, with the same 16-byte entries as in Redis (see the module
-- `seen`). An entry's id is two hashes of 6 bytes: of the article and an address or network, and of the
-- article and the visitor. So the readers of two articles can't be matched. The log so far can't be
-- converted, because hashes can't be undone: whoever was counted within the window before may count once
-- more.
DROP TABLE view_seen;

CREATE TABLE view_seen (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    entries        BLOB    NOT NULL,
    window_ends_at INTEGER NOT NULL
);

CREATE INDEX view_seen_by_window_ends_at ON view_seen (window_ends_at);
