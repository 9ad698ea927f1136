//! Pictures: their formats, whether one can be published, what is stripped from it, their names,
//! their smaller copies, and those of people.

pub mod avatar;
pub mod check;
pub mod copies;
pub mod icc;
pub mod name;
pub mod strip;
pub mod tags;

/// The supported picture formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// Graphics Interchange Format.
    Gif,
    /// WebP.
    Webp,
}

impl Kind {
    /// All formats.
    pub const ALL: [Kind; 4] = [Kind::Png, Kind::Jpeg, Kind::Gif, Kind::Webp];

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Kind::Png => "image/png",
            Kind::Jpeg => "image/jpeg",
            Kind::Gif => "image/gif",
            Kind::Webp => "image/webp",
        }
    }

    /// The file extension.
    pub fn extension(self) -> &'static str {
        match self {
            Kind::Png => "png",
            Kind::Jpeg => "jpg",
            Kind::Gif => "gif",
            Kind::Webp => "webp",
        }
    }
}

impl TryFrom<String> for Kind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let known = Kind::ALL.into_iter().find(|kind| kind.media_type() == text);
        known.ok_or_else(|| format!("{text:?} is not a picture media type"))
    }
}
