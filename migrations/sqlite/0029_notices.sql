-- What the operator should know of how requests arrive: that readers seem to come from one address, or behind a proxy that is not
-- trusted. No address is in it, nor anything made from one.
CREATE TABLE notices (
    kind       TEXT    NOT NULL PRIMARY KEY,
    -- When it was noticed last, and among how many views of that hour.
    noticed_at INTEGER NOT NULL,
    views      INTEGER NOT NULL,
    -- How many of them it concerns, at least.
    affected   INTEGER NOT NULL,
    -- A hash of `server.trusted-proxies` then. With another setting, the notice says nothing.
    setting    INTEGER NOT NULL
) WITHOUT ROWID;
