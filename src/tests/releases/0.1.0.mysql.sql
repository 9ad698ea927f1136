-- The database of a small blog as Tidemark 0.1.0 left it (migration 20), for src/tests/upgrades.rs. Never changed.
SET FOREIGN_KEY_CHECKS = 0;
CREATE TABLE `_sqlx_migrations` (
  `version` bigint(20) NOT NULL,
  `description` text NOT NULL,
  `installed_on` timestamp NOT NULL DEFAULT current_timestamp(),
  `success` tinyint(1) NOT NULL,
  `checksum` blob NOT NULL,
  `execution_time` bigint(20) NOT NULL,
  PRIMARY KEY (`version`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO _sqlx_migrations VALUES ('1', 'start', '2026-11-28 06:35:18', '1', X'76645947898C0992720BA6F2E70FEE69880CB743F2CEBA56105D9CA78EADA60CC00A0C7B61AD29A2BC9451C19334868C', '40881064');
INSERT INTO _sqlx_migrations VALUES ('2', 'counting', '2026-11-28 06:35:19', '1', X'03CE991F7442F1163016FEBD8DC7CCC934505A1B26E6EC5F9A2A0D4AA756745B6AB075D08CBD81DF418541E2A594A1F9', '17623150');
INSERT INTO _sqlx_migrations VALUES ('3', 'accounts', '2026-11-28 06:35:19', '1', X'525AE57F0F6E6CC92F197CBDE43CD25ABAF2807FD37BE4776485CFD84129FA4509EAB40CF572A8BBD7D1E02637382806', '6826528');
INSERT INTO _sqlx_migrations VALUES ('4', 'reactions', '2026-11-28 06:35:19', '1', X'E9555A63122F2A1ECB3431B954640EF7C138B8E5BA3B8B9ECE9E7CB7A9196AD3872C7EB0F8DE6131B0A33A193E716E9E', '16202544');
INSERT INTO _sqlx_migrations VALUES ('5', 'studio', '2026-11-28 06:35:19', '1', X'9AA73A3CD18A96DDD9FB0E8FA5267C152AA0B63CD3AC4615693A4C6DAF9084AEBF7ABDAF6CF035F1C2F853DCA3C0C749', '12589913');
INSERT INTO _sqlx_migrations VALUES ('6', 'pictures', '2026-11-28 06:35:19', '1', X'DF917E5D9437B34BB8FD56301EE448E9D8F82F5BBC83284386975C524393C591D638197C230FC41EEED86421FA49A2E9', '8153748');
INSERT INTO _sqlx_migrations VALUES ('7', 'content version', '2026-11-28 06:35:19', '1', X'EACDF1E09BE90BE3EC9452243FE3A502FAB6B05E8D17FE74E7D7B57BED31A5D46E9D7693A0959B0C370FD7EF0424F48D', '12826903');
INSERT INTO _sqlx_migrations VALUES ('8', 'renderer', '2026-11-28 06:35:19', '1', X'0E42319EEE4A14DDE9285DFD3056D3A7590ECFF25AC738AD557FA7A26CA6ACF5BB45EE496510997FEC5C1ECC534FE7EB', '13251124');
INSERT INTO _sqlx_migrations VALUES ('10', 'credentials', '2026-11-28 06:35:19', '1', X'F4F959819C08A282DFD025C6AC2EC245BC278F82325E5CAA948669C42814F8ABDF75338A960CA70B9C944CBDD3E9B3DC', '6805921');
INSERT INTO _sqlx_migrations VALUES ('11', 'networks and devices', '2026-11-28 06:35:19', '1', X'5646F71A2999C1045480C6472B5DDB7FEC936F59F221E0B05B9D039796D0B382047F480884C2002BABC25ACC4DEA59F3', '5742919');
INSERT INTO _sqlx_migrations VALUES ('12', 'revisions by user', '2026-11-28 06:35:19', '1', X'73982EB56E603B1251EB32AC1EA2FEF00B4C33F40C6E9273379DCC2E40D05B62C519F844BFA85D91BB35C783894CB729', '6106774');
INSERT INTO _sqlx_migrations VALUES ('13', 'entries', '2026-11-28 06:35:19', '1', X'1244DB6C301F7C6E45ED13750A2FB2E4C612B185687CC175E9DB4C11EB4C2ECAE68EA3BE27F2398C46FAD0BB547A8C16', '1289277');
INSERT INTO _sqlx_migrations VALUES ('14', 'search', '2026-11-28 06:35:19', '1', X'2712108AD8EA4C8C48A79DD1134654D5BC36A71F18310F2EE60A785DD0E0CEE28C59A89DB5812822421603995BA12B99', '135894890');
INSERT INTO _sqlx_migrations VALUES ('15', 'search queue', '2026-11-28 06:35:19', '1', X'A90F24431030867039A1EDA0BB56972EAB740B43E9D20FE7C593D7813EFC007482EA939907A529BE61EFAF9176823809', '102437797');
INSERT INTO _sqlx_migrations VALUES ('16', 'view feeds', '2026-11-28 06:35:19', '1', X'E83FF10B0364873A895F8B429854CDC128E74A2CAE17EA4AB63BC572514E1537B6FC9E809A2A554D87267FDB7D1D1B33', '15588656');
INSERT INTO _sqlx_migrations VALUES ('17', 'imports', '2026-11-28 06:35:19', '1', X'9C50CD6793F9885A7BEB8F7983A7364A0E5D7CA7EC10BA90A4FF6A371AF82CA6AB3A43DB67AC7BE298F3D647AA0B9705', '18024192');
INSERT INTO _sqlx_migrations VALUES ('18', 'baselines', '2026-11-28 06:35:19', '1', X'E4F75497265B1266D820E1B2B029C96DEF60DBEB1ABD4BF70FEAB4F9163BFFDC32E76312C4737D8C38DE072AD4A62782', '279799347');
INSERT INTO _sqlx_migrations VALUES ('19', 'site', '2026-11-28 06:35:19', '1', X'75131105F5A04070B2A34954449EBDE177DBE3F5BEE7E6CB9DE24F5820082AC397FF0A9A13BE72BC4755BD9F1BCCD393', '406932850');
INSERT INTO _sqlx_migrations VALUES ('20', 'forms', '2026-11-28 06:35:20', '1', X'6E982B1E4ADAF28D538ACA3FF33BC9CA7BD9215005D6ED02F997F1CAC85436AA2091018213ED3DAE03C9A1C2D36742DE', '196207865');
CREATE TABLE `article_aliases` (
  `path` varchar(768) NOT NULL,
  `article_id` bigint(20) NOT NULL,
  `position` bigint(20) NOT NULL,
  PRIMARY KEY (`path`),
  KEY `article_aliases_by_article` (`article_id`),
  CONSTRAINT `article_aliases_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO article_aliases VALUES ('/old/tides.html', '1', '0');
CREATE TABLE `article_authors` (
  `article_id` bigint(20) NOT NULL,
  `position` bigint(20) NOT NULL,
  `user_id` bigint(20) NOT NULL,
  PRIMARY KEY (`article_id`,`position`),
  KEY `article_authors_by_user` (`user_id`,`article_id`),
  CONSTRAINT `article_authors_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `article_authors_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO article_authors VALUES ('1', '0', '1');
INSERT INTO article_authors VALUES ('2', '0', '1');
INSERT INTO article_authors VALUES ('1', '1', '2');
INSERT INTO article_authors VALUES ('3', '0', '2');
CREATE TABLE `article_baselines` (
  `article_id` bigint(20) NOT NULL,
  `source` varchar(64) NOT NULL,
  `views` bigint(20) NOT NULL,
  `last_day` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`article_id`,`source`),
  CONSTRAINT `article_baselines_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO article_baselines VALUES ('1', 'GoatCounter', '500', '2026-10-31');
CREATE TABLE `article_drafts` (
  `user_id` bigint(20) NOT NULL,
  `article_id` bigint(20) NOT NULL,
  `form_key` varchar(32) NOT NULL DEFAULT '',
  `version` bigint(20) NOT NULL,
  `fields` mediumtext NOT NULL,
  `saved_at` bigint(20) NOT NULL,
  PRIMARY KEY (`user_id`,`article_id`,`form_key`),
  CONSTRAINT `article_drafts_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO article_drafts VALUES ('1', '0', 'k', '0', '{"title":"Unsaved"}', '1');
CREATE TABLE `article_imports` (
  `article_id` bigint(20) NOT NULL,
  `path` varchar(768) NOT NULL,
  `hash` varchar(64) NOT NULL,
  `version` bigint(20) NOT NULL,
  PRIMARY KEY (`article_id`),
  UNIQUE KEY `path` (`path`),
  CONSTRAINT `article_imports_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO article_imports VALUES ('1', 'tides.md', '8e1d0342a2c817e0e4b43a0e2f58d9a7952fc6a374526ab257c7b4f89ab83c87', '1');
INSERT INTO article_imports VALUES ('2', 'land.md', 'b13950e78e4b10b472dc9a220ab8e828675611339e9b95876b864466b642ffc9', '1');
INSERT INTO article_imports VALUES ('3', 'draft.md', 'f1e3457a82a771a1810e52714bb8ba273efef0b94578143f4a0c9e991ae41899', '1');
CREATE TABLE `article_renderer` (
  `id` tinyint(4) NOT NULL,
  `version` bigint(20) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO article_renderer VALUES ('1', '0');
CREATE TABLE `article_revisions` (
  `article_id` bigint(20) NOT NULL,
  `version` bigint(20) NOT NULL,
  `slug` varchar(255) NOT NULL,
  `title` text NOT NULL,
  `summary` text NOT NULL,
  `markdown` mediumtext NOT NULL,
  `tags` text NOT NULL,
  `cover` text DEFAULT NULL,
  `user_id` bigint(20) DEFAULT NULL,
  `created_at` bigint(20) NOT NULL,
  PRIMARY KEY (`article_id`,`version`),
  KEY `article_revisions_by_user` (`user_id`,`created_at`),
  CONSTRAINT `article_revisions_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `article_revisions_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO article_revisions VALUES ('2', '1', 'land', 'Land, before', '', 'Wet.', '[]', NULL, NULL, '1');
CREATE TABLE `article_stats` (
  `article_id` bigint(20) NOT NULL,
  `views` bigint(20) NOT NULL DEFAULT 0,
  `likes` bigint(20) NOT NULL DEFAULT 0,
  `collects` bigint(20) NOT NULL DEFAULT 0,
  `indexed_views` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`article_id`),
  KEY `article_stats_by_views` (`views` DESC,`article_id` DESC)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO article_stats VALUES ('1', '42', '0', '0', '0');
INSERT INTO article_stats VALUES ('2', '7', '1', '1', '0');
CREATE TABLE `article_tags` (
  `article_id` bigint(20) NOT NULL,
  `position` bigint(20) NOT NULL,
  `tag_id` bigint(20) NOT NULL,
  PRIMARY KEY (`article_id`,`position`),
  KEY `article_tags_by_tag` (`tag_id`,`article_id`),
  CONSTRAINT `article_tags_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `article_tags_tag` FOREIGN KEY (`tag_id`) REFERENCES `tags` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO article_tags VALUES ('1', '0', '1');
INSERT INTO article_tags VALUES ('2', '1', '1');
INSERT INTO article_tags VALUES ('2', '0', '2');
CREATE TABLE `article_view_hours` (
  `hour` bigint(20) NOT NULL,
  `article_id` bigint(20) NOT NULL,
  `views` bigint(20) NOT NULL,
  PRIMARY KEY (`hour`,`article_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO article_view_hours VALUES ('498000', '1', '42');
INSERT INTO article_view_hours VALUES ('498000', '2', '7');
CREATE TABLE `article_write_lock` (
  `id` tinyint(4) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO article_write_lock VALUES ('1');
CREATE TABLE `articles` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `slug` varchar(255) NOT NULL,
  `title` text NOT NULL,
  `summary` text NOT NULL,
  `markdown` mediumtext NOT NULL,
  `html` mediumtext NOT NULL,
  `contents` mediumtext NOT NULL,
  `reading_minutes` bigint(20) NOT NULL,
  `language` varchar(255) NOT NULL,
  `author_id` bigint(20) NOT NULL,
  `status` enum('draft','published') NOT NULL,
  `published_at` bigint(20) DEFAULT NULL,
  `created_at` bigint(20) NOT NULL,
  `updated_at` bigint(20) NOT NULL,
  `version` bigint(20) NOT NULL DEFAULT 1,
  `deleted_at` bigint(20) DEFAULT NULL,
  `cover` text DEFAULT NULL,
  `kind` enum('article','page') NOT NULL DEFAULT 'article',
  PRIMARY KEY (`id`),
  UNIQUE KEY `slug` (`slug`),
  KEY `articles_author` (`author_id`),
  KEY `articles_by_published_at` (`status`,`deleted_at`,`published_at`,`id`,`kind`),
  CONSTRAINT `articles_author` FOREIGN KEY (`author_id`) REFERENCES `users` (`id`),
  CONSTRAINT `articles_published_has_time` CHECK (`status` <> 'published' or `published_at` is not null)
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO articles VALUES ('1', 'tides', 'Tides and the moon', 'The moon pulls, and the 🌊 follows.', 'The *moon* pulls, and the 🌊 follows.\n\n## Spring tides\n', '<p>The <em>moon</em> pulls, and the 🌊 follows.</p>\n<h2 id="spring-tides">Spring tides<a href="#spring-tides" aria-label="Link to heading \'Spring tides\'" class="anchor"></a></h2>\n', '[{"level":2,"text":"Spring tides","anchor":"spring-tides"}]', '1', 'en', '1', 'published', '1793491200000', '1795847721141', '1795847721141', '1', NULL, NULL, 'article');
INSERT INTO articles VALUES ('2', 'land', 'Land', 'Dry.', 'Dry.\n', '<p>Dry.</p>\n', '[]', '1', 'en', '1', 'published', '1793577600000', '1795847721141', '1795847721141', '1', NULL, NULL, 'article');
INSERT INTO articles VALUES ('3', 'later', 'Later', 'Not yet.', 'Not yet.\n', '<p>Not yet.</p>\n', '[]', '1', 'en', '2', 'draft', '1793664000000', '1795847721141', '1795847721141', '1', NULL, NULL, 'article');
CREATE TABLE `collects` (
  `user_id` bigint(20) NOT NULL,
  `article_id` bigint(20) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  PRIMARY KEY (`user_id`,`article_id`),
  KEY `collects_by_article` (`article_id`),
  KEY `collects_by_user` (`user_id`,`created_at`,`article_id`),
  CONSTRAINT `collects_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO collects VALUES ('4', '2', '1');
CREATE TABLE `content_version` (
  `id` bigint(20) NOT NULL,
  `version` bigint(20) NOT NULL,
  `baselines` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO content_version VALUES ('1', '1', '1');
CREATE TABLE `follows` (
  `user_id` bigint(20) NOT NULL,
  `author_id` bigint(20) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  PRIMARY KEY (`user_id`,`author_id`),
  KEY `follows_by_author` (`author_id`,`created_at`),
  CONSTRAINT `follows_author` FOREIGN KEY (`author_id`) REFERENCES `users` (`id`) ON DELETE CASCADE,
  CONSTRAINT `follows_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO follows VALUES ('4', '1', '1');
CREATE TABLE `imported_pictures` (
  `hash` varchar(64) NOT NULL,
  `name` varchar(255) NOT NULL,
  PRIMARY KEY (`hash`),
  KEY `imported_pictures_by_name` (`name`),
  CONSTRAINT `imported_pictures_picture` FOREIGN KEY (`name`) REFERENCES `pictures` (`name`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `invitations` (
  `token_hash` varchar(64) NOT NULL,
  `role` enum('reader','author','admin') NOT NULL,
  `user_id` bigint(20) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `expires_at` bigint(20) NOT NULL,
  PRIMARY KEY (`token_hash`),
  KEY `invitations_user` (`user_id`),
  CONSTRAINT `invitations_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `job_runs` (
  `job` varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `started_at` bigint(20) NOT NULL,
  `milliseconds` bigint(20) NOT NULL,
  `succeeded` tinyint(1) NOT NULL,
  `result` text NOT NULL,
  PRIMARY KEY (`job`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `known_devices` (
  `user_id` bigint(20) NOT NULL,
  `token_hash` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `used_at` bigint(20) NOT NULL,
  PRIMARY KEY (`user_id`,`token_hash`),
  KEY `known_devices_by_used_at` (`used_at`),
  CONSTRAINT `known_devices_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `likes` (
  `user_id` bigint(20) NOT NULL,
  `article_id` bigint(20) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  PRIMARY KEY (`user_id`,`article_id`),
  KEY `likes_by_article` (`article_id`,`created_at`),
  CONSTRAINT `likes_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO likes VALUES ('4', '2', '1');
CREATE TABLE `pictures` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `name` varchar(255) NOT NULL,
  `user_id` bigint(20) NOT NULL,
  `media_type` enum('image/png','image/jpeg','image/gif','image/webp') NOT NULL,
  `bytes` bigint(20) NOT NULL,
  `width` bigint(20) NOT NULL,
  `height` bigint(20) NOT NULL,
  `original_name` varchar(255) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `name` (`name`),
  KEY `pictures_by_user` (`user_id`,`id`),
  CONSTRAINT `pictures_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=2 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO pictures VALUES ('1', 'abc.png', '1', 'image/png', '4', '1', '1', 'x.png', '1');
CREATE TABLE `search_analysis` (
  `id` tinyint(4) NOT NULL,
  `version` bigint(20) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO search_analysis VALUES ('1', '0');
CREATE TABLE `search_documents` (
  `article_id` bigint(20) NOT NULL,
  `published_at` bigint(20) NOT NULL,
  `hash` bigint(20) NOT NULL,
  `title` mediumtext NOT NULL,
  `terms` mediumtext NOT NULL,
  PRIMARY KEY (`article_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `search_queue` (
  `article_id` bigint(20) NOT NULL,
  `version` bigint(20) NOT NULL,
  `queued_at` bigint(20) NOT NULL,
  PRIMARY KEY (`article_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO search_queue VALUES ('1', '1', '1795847721141');
INSERT INTO search_queue VALUES ('2', '1', '1795847721141');
INSERT INTO search_queue VALUES ('3', '1', '1795847721141');
CREATE TABLE `search_rebuild` (
  `id` tinyint(4) NOT NULL CHECK (`id` = 1),
  `serial` bigint(20) NOT NULL,
  `lease_until` bigint(20) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO search_rebuild VALUES ('1', '0', '0');
CREATE TABLE `site_menu` (
  `position` bigint(20) NOT NULL,
  `label` text NOT NULL,
  `target` text NOT NULL,
  PRIMARY KEY (`position`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO site_menu VALUES ('1', 'Sea', '/tags/sea');
CREATE TABLE `site_redirects` (
  `source` varchar(768) NOT NULL,
  `position` bigint(20) NOT NULL,
  `target` text DEFAULT NULL,
  `status` bigint(20) NOT NULL,
  PRIMARY KEY (`source`),
  CONSTRAINT `site_redirects_status` CHECK (`status` in (301,302,410))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO site_redirects VALUES ('/gone', '1', NULL, '410');
CREATE TABLE `site_settings` (
  `id` bigint(20) NOT NULL,
  `version` bigint(20) NOT NULL,
  `menu_version` bigint(20) NOT NULL,
  `redirects_version` bigint(20) NOT NULL,
  `title` text DEFAULT NULL,
  `description` text DEFAULT NULL,
  `footer` text DEFAULT NULL,
  `logo` varchar(255) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO site_settings VALUES ('1', '2', '1', '1', 'Tides', NULL, NULL, NULL);
CREATE TABLE `tags` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `slug` varchar(255) NOT NULL,
  `name` text NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `slug` (`slug`)
) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO tags VALUES ('1', 'sea', 'Sea');
INSERT INTO tags VALUES ('2', 'land', 'Land');
CREATE TABLE `used_forms` (
  `user_id` bigint(20) NOT NULL,
  `form_key` varchar(32) NOT NULL,
  `article_id` bigint(20) DEFAULT NULL,
  `used_at` bigint(20) NOT NULL,
  PRIMARY KEY (`user_id`,`form_key`),
  KEY `used_forms_by_time` (`used_at`),
  KEY `used_forms_article` (`article_id`),
  CONSTRAINT `used_forms_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `used_forms_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `users` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `username` varchar(255) NOT NULL,
  `name` text NOT NULL,
  `role` enum('reader','author','admin') NOT NULL,
  `password_hash` text DEFAULT NULL,
  `created_at` bigint(20) NOT NULL,
  `credential` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  UNIQUE KEY `username` (`username`)
) ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO users VALUES ('1', 'jo-doe', 'Jo Doe', 'author', NULL, '1795847721141', '0');
INSERT INTO users VALUES ('2', 'ann-ebb', 'Ann Ebb', 'author', NULL, '1795847721141', '0');
INSERT INTO users VALUES ('3', 'ada', 'Ada Admin', 'admin', NULL, '1795847721849', '0');
INSERT INTO users VALUES ('4', 'rae', 'Rae Reader', 'reader', NULL, '1795847722381', '0');
CREATE TABLE `view_batches` (
  `id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `applied_at` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `view_batches_by_applied_at` (`applied_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `view_feeds` (
  `cluster_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `topic` varchar(249) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `part` int(11) NOT NULL,
  `next_offset` bigint(20) NOT NULL,
  `last_batch` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (`cluster_id`,`topic`,`part`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `view_origins` (
  `id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `first_seen_at` bigint(20) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
SET FOREIGN_KEY_CHECKS = 1;
