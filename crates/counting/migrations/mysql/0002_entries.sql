-- With MySQL and MariaDB, the dedup log is in Redis. Its numbers are those of SQLite's migrations.
DO 0;
