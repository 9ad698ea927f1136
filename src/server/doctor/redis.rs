//! Redis, and its files.

use tidemark_counting::store::redis::RedisStore;
use tidemark_counting::store::redis::files::Files;
use tidemark_store::redis::Info;

use super::Finding;

/// Whether Redis may evict data. Every policy but `noeviction` loses something: `allkeys-*` drops
/// counts, `volatile-*` drops the dedup log, so that repeats would count.
pub(super) fn evicts(node: &Info) -> bool {
    !matches!(node.get("maxmemory_policy"), "noeviction" | "")
}

pub(super) async fn examine_redis(store: &RedisStore) -> Vec<Finding> {
    let nodes = match store.nodes().await {
        Ok(nodes) => nodes,
        Err(error) => {
            return vec![Finding::Wrong(format!(
                "Redis does not answer ({error}). Pages show the counts from SQL, and views get 503 until it is back."
            ))];
        }
    };
    let mut findings = Vec::new();
    let versions: Vec<&str> = nodes.iter().map(|node| node.get("redis_version")).collect();
    findings.push(Finding::Fact(format!(
        "Redis: answers; {} server(s), version {}.",
        nodes.len(),
        versions.join(", ")
    )));
    for node in &nodes {
        let name = format!("Redis on port {}", node.get("tcp_port"));
        if evicts(node) {
            findings.push(Finding::Wrong(format!(
                "{name}: maxmemory-policy is {}, which evicts counts or the dedup log when Redis runs out of memory. Set it to \
                 noeviction.",
                node.get("maxmemory_policy")
            )));
        }
        if node.get("aof_enabled") != "1" {
            findings.push(Finding::Warning(format!(
                "{name}: it has no append-only file. Worst case: a crash loses every view that was not flushed, and the dedup log since \
                 the last snapshot. Set appendonly yes."
            )));
        } else if node.get("aof_last_write_status") != "ok" {
            findings.push(Finding::Wrong(format!(
                "{name}: it can't write its append-only file. Check its log and its disk."
            )));
        }
    }
    if nodes.iter().any(|node| node.get("aof_enabled") == "1") {
        findings.push(match store.redis.setting("appendfsync").await {
            Ok(Some(policy)) if policy == "always" => Finding::Fact(
                "Redis: appendfsync always. Each acknowledged view is on disk. Worst case after a power cut: no acknowledged view is lost.".into(),
            ),
            Ok(Some(policy)) if policy == "no" => Finding::Warning(
                "Redis: appendfsync no. Worst case after a crash of the machine: the views of about the last 30 seconds are lost, and \
                 repeats of other views may count again. Set everysec or always."
                    .into(),
            ),
            Ok(Some(_)) => Finding::Fact(
                "Redis: appendfsync everysec. Worst case after a crash of Redis: the views of the last second, or up to three seconds with \
                 a slow disk, are lost; none is counted twice. appendfsync always loses none but is slower."
                    .into(),
            ),
            Ok(None) => Finding::Warning(
                "Redis does not report appendfsync, or its nodes differ. Assuming everysec: a crash may lose the views of the last second, \
                 or up to three seconds with a slow disk. Check each node."
                    .into(),
            ),
            Err(error) => Finding::Wrong(format!("Redis does not answer: {error}")),
        });
        if store.redis.setting("no-appendfsync-on-rewrite").await.ok().flatten().as_deref()
            == Some("yes")
        {
            findings.push(Finding::Warning(
                "Redis: no-appendfsync-on-rewrite is yes, so nothing is synced during a rewrite. Worst case after a power cut at that time: \
                 all views since the rewrite began are lost. Set it to no."
                    .into(),
            ));
        }
    }
    findings.push(examine_files(store).await);
    let is_cluster = store.redis.is_cluster().await.unwrap_or(false);
    if is_cluster && nodes.len() == 1 {
        findings.push(Finding::Warning(
            "Redis: a Cluster in which one node has all counts, because redis.shards is too small. To change it, stop every server, run \
             tidemark flush, empty Redis, and set redis.shards to 16; that ends all sessions and windows."
                .into(),
        ));
    }
    if is_cluster {
        findings.push(Finding::Fact(
            "Redis: a Cluster. After a failover, views that the master had not yet replicated are lost; none is counted twice."
                .into(),
        ));
    }
    // Registers the name of this Redis in SQL. A Redis that lost its data has a new name, so losses
    // show up there.
    if let Err(error) = store.register_origin().await {
        findings
            .push(Finding::Wrong(format!("Can't tell whether Redis has lost its data: {error}")));
    }
    match store.unflushed().await {
        Ok(unflushed) => findings.push(Finding::Fact(format!(
            "Redis: {} views wait for the next flush; {} batches are in an unfinished flush.",
            unflushed.pending, unflushed.batches
        ))),
        Err(error) => findings.push(Finding::Wrong(format!("Redis does not answer: {error}"))),
    }
    findings
}

/// Checks whether destroyed salts are gone from Redis' files (rule C3).
async fn examine_files(store: &RedisStore) -> Finding {
    match store.files().await {
        Ok(Files::Off) => Finding::Fact("Redis: no append-only file, so none keeps destroyed salts.".into()),
        Ok(Files::Fresh) => Finding::Fact(
            "Redis: destroyed salts are gone from its append-only file, which was rewritten today.".into(),
        ),
        Ok(Files::Due) => Finding::Fact(
            "Redis: destroyed salts leave its append-only file with the next prune, which rewrites the file once a day."
                .into(),
        ),
        Ok(Files::Failed) => Finding::Wrong(
            "Redis could not rewrite its append-only file, so destroyed salts are still in it: anyone with the file could tell who read \
             what. Check its log and its disk."
                .into(),
        ),
        Ok(Files::Refused(reason)) => Finding::Warning(format!(
            "Redis refuses BGREWRITEAOF ({reason}), so destroyed salts stay in its append-only file until it is rewritten: anyone with \
             the file could tell who read what. Allow this user the command, or run it daily."
        )),
        Err(error) => Finding::Wrong(format!("Redis does not answer: {error}")),
    }
}
