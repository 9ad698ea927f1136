//! MySQL or MariaDB, as the ledger of views needs it.

use tidemark_counting::store::redis::RedisStore;

use super::Finding;

pub(super) async fn examine_mysql(store: &RedisStore) -> Vec<Finding> {
    let mut findings = Vec::new();
    let durability = match store.ledger.durability().await {
        Ok(durability) => durability,
        Err(error) => {
            return vec![Finding::Wrong(format!(
                "SQL does not answer ({error}). Views are accepted and wait in Redis; pages can't be served until it is back."
            ))];
        }
    };
    findings.push(Finding::Fact(format!("SQL: answers; {}.", durability.version)));
    if durability.flush_log_at_commit != 1 {
        findings.push(Finding::Warning(format!(
            "SQL: innodb_flush_log_at_trx_commit is {}. Worst case after a crash of its machine: the last second of flushed views is lost, \
             because Redis has already deleted them. Set it to 1.",
            durability.flush_log_at_commit
        )));
    }
    if durability.is_galera {
        findings.push(Finding::Warning(
            "SQL: this is a Galera cluster. Flushes that conflict on different nodes are refused at commit and retried; with a node that \
             lags behind (wsrep_sync_wait 0), a total that Redis loads from SQL may be stale until the next reconcile. Let Tidemark \
             use one node."
                .into(),
        ));
    }
    match store.ledger.origins().await {
        Ok(origins) if origins.len() > 1 => {
            let last =
                origins.last().and_then(|last| jiff::Timestamp::from_millisecond(*last).ok());
            findings.push(Finding::Warning(format!(
                "Redis lost its data, or was replaced, {} time(s), last before {}. Views that were not flushed are lost; totals and rankings \
                 were rebuilt from SQL.",
                origins.len() - 1,
                last.map(|last| last.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default()
            )));
        }
        Ok(_) => {}
        Err(error) => findings.push(Finding::Wrong(format!("SQL does not answer: {error}"))),
    }
    findings
}
