//! The reader in `examples/reader.py`, which `docs/STREAM.md` shows.

use std::process::{Child, Command, Stdio};

use super::*;

const READER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/reader.py");

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn python(arguments: &[&str]) -> Command {
    let mut python = Command::new("python3");
    python.args(arguments).stdin(Stdio::null());
    python
}

#[test]
fn the_reader_in_the_documentation_is_the_one_that_is_tested() {
    let code = std::fs::read_to_string(READER).unwrap();
    let document = include_str!("../../../docs/STREAM.md");
    assert!(document.contains(&format!("```python\n{code}```")));
    assert!(code.lines().count() <= 35);
}

#[test]
fn a_reader_in_another_language_keeps_the_same_counts_though_it_is_killed() {
    let has_client = python(&["-c", "import kafka"]).stderr(Stdio::null()).status();
    if !has_client.is_ok_and(|status| status.success()) {
        eprintln!("skipped: it needs Python with kafka-python (pip install kafka-python)");
        return;
    }
    on_kafka(async |blog, kafka| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("counts.db").display().to_string();
        let sum = "import sqlite3, sys\nprint(sqlite3.connect(sys.argv[1]).execute('SELECT SUM(views) FROM counts').fetchone()[0])";
        let mut consumer = blog.consumer();
        for someone in 0..4 {
            let reader = python(&[READER, &kafka.address(), &blog.settings.topic, &file]);
            let _reader = Process({ reader }.spawn().unwrap());
            blog.view(someone..someone + 1, 1..=ARTICLES).await;
            // Some batches are in the topic several times.
            blog.send().await;
            blog.settle(&mut consumer).await;
            let wanted = ((someone + 1) * ARTICLES).to_string();
            let mut counted = String::new();
            let start = Instant::now();
            while start.elapsed() < WAIT {
                let output = python(&["-c", sum, &file]).stderr(Stdio::null()).output().unwrap();
                counted = String::from_utf8(output.stdout).unwrap().trim().to_owned();
                if counted == wanted {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            assert_eq!(counted, wanted);
        }
        assert_eq!(blog.in_sql().await, 4 * ARTICLES);
    });
}
