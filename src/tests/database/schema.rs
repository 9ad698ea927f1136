//! The tables, and those that the counting crate makes.

use super::*;

/// A line for each table, column and index in SQLite.
async fn sqlite_schema(database: &SqliteDatabase) -> BTreeSet<String> {
    let statements = [
        "SELECT 'table ' || name || ', without rowid: ' || wr FROM pragma_table_list
         WHERE schema = 'main' AND type = 'table'",
        "SELECT 'table ' || name || ' never uses an id again' FROM sqlite_schema
         WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'",
        "SELECT 'column ' || tables.name || '.' || columns.name || ' ' || columns.type
            || ', not null: ' || columns.\"notnull\" || ', default: ' || coalesce(columns.dflt_value, 'none')
            || ', in primary key: ' || columns.pk
         FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
         WHERE tables.type = 'table'",
        "SELECT 'index ' || tables.name || ', ' || indexes.name || ', unique: ' || indexes.\"unique\"
            || ', partial: ' || indexes.partial || ', ' || columns.seqno || ': '
            || coalesce(columns.name, 'rowid') || ', descending: ' || columns.\"desc\"
         FROM sqlite_schema AS tables JOIN pragma_index_list(tables.name) AS indexes
            JOIN pragma_index_xinfo(indexes.name) AS columns
         WHERE tables.type = 'table' AND columns.\"key\" = 1",
    ];
    let mut schema = BTreeSet::new();
    for sql in statements {
        let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(database.reader()).await.unwrap();
        schema.extend(rows);
    }
    schema
}

/// A line for each column and index of the database at `url`.
fn server_schema(url: &str) -> BTreeSet<String> {
    let name = url.rsplit('/').next().unwrap();
    let columns = format!(
        "SELECT 'column', table_name, column_name, column_type, is_nullable, column_default, collation_name, extra
         FROM information_schema.columns WHERE table_schema = '{name}'"
    );
    let indexes = format!(
        "SELECT 'index', table_name, index_name, non_unique, seq_in_index, column_name, collation
         FROM information_schema.statistics WHERE table_schema = '{name}'"
    );
    let answers = [columns, indexes].map(|sql| SqlServer::shared().execute(&sql));
    answers.iter().flat_map(|answer| answer.lines()).map(|line| line.replace('\t', " ")).collect()
}

/// The counting crate can create its own tables in programs that lack them. This program created
/// them before that, with additional columns.
#[test]
fn the_migrated_tables_match_those_of_the_counting_crate() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    Runtime::new().unwrap().block_on(async {
        let program = open_sqlite(&file("program.db")).await.unwrap();
        let alone =
            SqliteDatabase::open(&file("alone.db"), None, &tidemark_counting::MIGRATIONS.sqlite)
                .await
                .unwrap();
        let on_sqlite = (sqlite_schema(&program).await, sqlite_schema(&alone).await);
        let (program, alone) = (new_database(), new_database());
        open_mysql(&program).await.unwrap().close().await;
        let server =
            MySqlDatabase::open(&alone, None, &tidemark_counting::MIGRATIONS.mysql).await.unwrap();
        server.close().await;
        let on_server = (server_schema(&program), server_schema(&alone));
        for ((program, mut alone), at_least) in [(on_sqlite, 30), (on_server, 15)] {
            // Ignore the internal tables of sqlx and SQLite.
            alone.retain(|line| !line.contains(" _sqlx_") && !line.contains(" sqlite_sequence"));
            assert!(alone.len() >= at_least, "{alone:#?}");
            let missing: Vec<_> = alone.difference(&program).collect();
            assert!(missing.is_empty(), "{missing:#?} are not in {program:#?}");
        }
    });
}
