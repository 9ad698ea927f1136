//! What Kafka and OpenSearch have in common.

use std::path::Path;
use std::time::Duration;

use crate::process::test_servers;

/// How long a server may take to start. It takes 3 to 20 seconds; the rest is for a busy machine.
pub(crate) const START: Duration = Duration::from_secs(120);

/// Whether `scripts/servers.sh` has installed the server, and its Java is still there. Says so if
/// not.
pub(crate) fn is_available(name: &str) -> bool {
    let programs = test_servers();
    let is = programs.join(name).is_file()
        && programs.parent().is_some_and(|folder| folder.join(name).join("java").exists());
    if !is {
        eprintln!("SKIPPED: {name} is not here; `scripts/servers.sh get {name}` gets it");
    }
    is
}

/// Java's options for a server with this much memory in its heap, which starts fast rather than
/// runs fast.
pub(crate) fn options(megabytes: u32, folder: &Path) -> Vec<String> {
    let mut options = own_options(megabytes, folder);
    options.extend(["-XX:+UseSerialGC".into(), "-XX:TieredStopAtLevel=1".into()]);
    options
}

/// The same, for one that runs as Java's own settings have it.
pub(crate) fn own_options(megabytes: u32, folder: &Path) -> Vec<String> {
    vec![
        // Otherwise a killed server leaves a file in /tmp.
        "-XX:-UsePerfData".into(),
        format!("-Xms{megabytes}m"),
        format!("-Xmx{megabytes}m"),
        // Libraries are unpacked there before they are loaded.
        format!("-Djava.io.tmpdir={}", folder.join("tmp").display()),
    ]
}
