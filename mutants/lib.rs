//! Counting alone, as far as its mutants are tested (see Cargo.toml).

pub mod model {
    pub mod article;
    pub mod page;
    pub mod pages;
    pub mod picture;
    pub mod reaction;
    pub mod view;
}

pub mod server {
    pub mod breaker;
    pub mod clock;
    pub mod db;
    pub mod failpoint;
    pub mod redis;
    pub mod views;
}
