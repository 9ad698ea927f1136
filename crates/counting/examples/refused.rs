//! Which of these User-Agents are refused as crawlers? Reads one a line, prints those that are
//! refused, and how many.
//!
//! `cargo run -p tidemark-counting --example refused < FILE`

use std::io::{self, BufRead};

use tidemark_counting::crawlers::is_crawler;

fn main() -> io::Result<()> {
    let (mut refused, mut all) = (0, 0);
    for user_agent in io::stdin().lock().lines() {
        let user_agent = user_agent?;
        all += 1;
        if is_crawler(&user_agent) {
            refused += 1;
            println!("{user_agent}");
        }
    }
    eprintln!("{refused} of {all} are refused");
    Ok(())
}
