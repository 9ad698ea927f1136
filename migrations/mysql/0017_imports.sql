-- Which file an article was imported from, and in which form. A file that has not changed since changes nothing here.
CREATE TABLE article_imports (
    article_id BIGINT       NOT NULL PRIMARY KEY,
    -- The file's path below the imported folder.
    path       VARCHAR(768) NOT NULL UNIQUE,
    -- A hash of the file when it was last imported.
    hash       VARCHAR(64)  NOT NULL,
    -- The article's version then. With another one, it was changed here since.
    version    BIGINT       NOT NULL,
    CONSTRAINT article_imports_article FOREIGN KEY (article_id) REFERENCES articles (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;

-- Pictures that came with an import, by a hash of the file, so that each is kept once.
CREATE TABLE imported_pictures (
    hash VARCHAR(64)  NOT NULL PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    INDEX imported_pictures_by_name (name),
    CONSTRAINT imported_pictures_picture FOREIGN KEY (name) REFERENCES pictures (name) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100202 utf8mb4_nopad_bin */;
