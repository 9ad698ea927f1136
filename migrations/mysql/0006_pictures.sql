-- Pictures that authors have sent. The bytes are in the store that `pictures.url` names, under the same name.
CREATE TABLE pictures (
    id            BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- The last part of its address. Nobody can guess it: pictures of drafts are open to whoever knows theirs.
    name          VARCHAR(255) NOT NULL UNIQUE,
    user_id       BIGINT       NOT NULL,
    media_type    ENUM ('image/png', 'image/jpeg', 'image/gif', 'image/webp') NOT NULL,
    bytes         BIGINT       NOT NULL,
    -- In pixels, as it is shown.
    width         BIGINT       NOT NULL,
    height        BIGINT       NOT NULL,
    -- What the file was called where it came from.
    original_name VARCHAR(255) NOT NULL,
    created_at    BIGINT       NOT NULL,
    INDEX pictures_by_user (user_id, id),
    CONSTRAINT pictures_user FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;
