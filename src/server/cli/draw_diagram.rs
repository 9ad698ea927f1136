//! Draws one diagram, in a process that has limits: nothing bounds what drawing a hostile one
//! takes.

use std::io::{Read, Write, stdin, stdout};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use rustix::process::{Resource, Rlimit, setrlimit};
use tidemark_content::diagram::{LONGEST, draw};

/// How long a diagram may keep a processor busy, in seconds. One of fifty boxes takes some
/// milliseconds.
const MOST_TIME: u64 = 2;

/// How much memory a diagram may take, in bytes, besides the program itself.
const MOST_MEMORY: u64 = 512 << 20;

/// The hidden command that [`draw_diagram`] is run by.
pub(super) const NAME: &str = "draw-diagram";

/// Starts this program as the process that draws a diagram.
pub(super) fn drawing() -> Command {
    // The file may have been replaced by a newer version meanwhile.
    let program = match cfg!(target_os = "linux") {
        true => PathBuf::from("/proc/self/exe"),
        false => std::env::current_exe().unwrap_or_else(|_| "tidemark".into()),
    };
    let mut command = Command::new(program);
    // The settings may have secrets. The allocator would reserve more than the process may have.
    command.arg(NAME).env_clear().env("MIMALLOC_ARENA_RESERVE", "0");
    command
}

/// Reads a source from standard input and writes its SVG to standard output. Writes nothing if it
/// can't be drawn, and dies at a limit.
pub(super) fn draw_diagram() -> ExitCode {
    let limits = [
        (Resource::Cpu, MOST_TIME),
        (Resource::Data, MOST_MEMORY),
        // A diagram is no reason to fill the disk.
        (Resource::Core, 0),
    ];
    for (resource, limit) in limits {
        let limit = Rlimit { current: Some(limit), maximum: Some(limit) };
        if setrlimit(resource, limit).is_err() {
            return ExitCode::FAILURE;
        }
    }
    let mut source = String::new();
    let longest = u64::try_from(LONGEST).unwrap_or(u64::MAX);
    let drawn = stdin()
        .take(longest)
        .read_to_string(&mut source)
        .ok()
        .and_then(|_| draw(&source))
        .and_then(|svg| stdout().write_all(svg.as_bytes()).ok());
    match drawn {
        Some(()) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}
