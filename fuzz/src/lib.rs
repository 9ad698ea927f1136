//! The modules of the program that are fuzzed, under the names that they have there.

#[path = "../../src/model"]
pub mod model {
    pub mod article;
    pub mod picture;
    pub mod view;
}

#[path = "../../src/server"]
pub mod server {
    pub mod content {
        pub mod address;
        pub mod characters;
        pub mod form;
        pub mod front_matter;
        pub mod highlight;
        pub mod markdown;
        pub mod nesting;
        pub mod pieces;
        pub mod raw_html;
        pub mod slug;
    }
    pub mod pictures {
        pub mod content;
        pub mod icc;
        pub mod strip;
    }
    pub mod request {
        pub mod forwarded;
    }
    pub mod views {
        pub mod crawlers;
        pub mod gate;
    }
}
