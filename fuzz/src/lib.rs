//! The modules of the program that are fuzzed, under the names that they have there.

#[path = "../../src/model"]
pub mod model {
    pub mod article;
}

#[path = "../../src/server"]
pub mod server {
    pub mod content {
        pub mod characters;
        pub mod front_matter;
        pub mod markdown;
        pub mod nesting;
        pub mod raw_html;
        pub mod slug;
    }
}
