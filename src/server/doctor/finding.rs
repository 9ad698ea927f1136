//! The lines of the report.

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Fact,
    /// A guarantee is weaker than it could be.
    Warning,
    /// Something does not work.
    Problem,
}

impl Finding {
    /// How serious it is.
    pub fn level(&self) -> Level {
        match self {
            Finding::Fact(_) => Level::Fact,
            Finding::Warning(_) => Level::Warning,
            Finding::Wrong(_) => Level::Problem,
        }
    }

    /// What it says.
    pub fn text(&self) -> &str {
        let (Finding::Fact(text) | Finding::Warning(text) | Finding::Wrong(text)) = self;
        text
    }
}

/// A line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Information.
    Fact(String),
    /// A guarantee is weaker than it could be. Says what that costs and what to set.
    Warning(String),
    /// Something does not work, or a guarantee does not hold.
    Wrong(String),
}
