-- Invitations to make an account. The token itself is written down nowhere: whoever has it has the invitation.
CREATE TABLE invitations (
    token_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    role       ENUM ('reader', 'author', 'admin') NOT NULL,
    -- Who invites.
    user_id    BIGINT      NOT NULL,
    created_at BIGINT      NOT NULL,
    expires_at BIGINT      NOT NULL,
    CONSTRAINT invitations_user FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;
