-- What the operator should know of how requests arrive: that readers seem to come from one address, or behind a proxy that is not
-- trusted. No address is in it, nor anything made from one.
CREATE TABLE notices (
    kind       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    -- When it was noticed last, and among how many views of that hour.
    noticed_at BIGINT NOT NULL,
    views      BIGINT NOT NULL,
    -- How many of them it concerns, at least.
    affected   BIGINT NOT NULL,
    -- A hash of `server.trusted-proxies` then. With another setting, the notice says nothing.
    setting    BIGINT NOT NULL
) ENGINE = InnoDB;
