//! What the choices and notes of the program are called on a page.

use tidemark_content::markdown::Note;
use tidemark_counting::Window;

use crate::model::language::Language;
use crate::model::search::{Since, Sort};

impl Language {
    /// What the author of a text is told about what could not be rendered.
    pub fn note(self, note: Note) -> String {
        self.text(match note {
            Note::CodeIsPlain => "note-code-is-plain",
            Note::NestsTooDeep => "note-nests-too-deep",
            Note::TagIsTooLong => "note-tag-is-too-long",
            Note::TooMuchOutsideCells => "note-too-much-outside-cells",
            Note::TooLargeAPage => "note-too-large-a-page",
            Note::TooManyAddresses => "note-too-many-addresses",
            Note::TooManyHeadings => "note-too-many-headings",
            Note::FormulaIsSource => "note-formula-is-source",
            Note::DiagramIsSource => "note-diagram-is-source",
            Note::TooManyFootnotes => "note-too-many-footnotes",
        })
    }

    /// The name of a window of a ranking.
    pub fn window(self, window: Window) -> String {
        self.text(match window {
            Window::All => "all-time",
            Window::Day => "last-24-hours",
            Window::Week => "last-7-days",
            Window::Month => "last-30-days",
        })
    }

    /// The name of an order of search results.
    pub fn sort(self, sort: Sort) -> String {
        self.text(match sort {
            Sort::Relevance => "best-match",
            Sort::Date => "newest",
            Sort::Views => "most-viewed",
        })
    }

    /// The name of a period of a search.
    pub fn since(self, since: Since) -> String {
        self.text(match since {
            Since::Week => "since-week",
            Since::Month => "since-month",
            Since::Year => "since-year",
        })
    }
}
