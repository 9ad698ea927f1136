//! Sends a cached page as gzip without compressing it each time: fixed parts are compressed once,
//! holes not at all.
//!
//! A gzip stream is a sequence of deflate blocks (RFC 1951, 3.2.3). Blocks that were compressed
//! separately can be concatenated, as long as none refers back to another piece.

use flate2::{Compress, Compression, Crc, FlushCompress};

/// The gzip header (RFC 1952): deflate, no name, no time, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];

/// The final block, empty.
const LAST_BLOCK: [u8; 5] = [1, 0, 0, 0xff, 0xff];

/// How many bytes end a stream: the final block, the checksum and the length.
const TRAILER: usize = LAST_BLOCK.len() + 8;

/// The most bytes that fit into a stored (uncompressed) block.
const LARGEST_STORED: usize = 0xffff;

/// Compresses a piece into blocks that end on a byte boundary. None of them is marked as final.
pub fn deflate(piece: &[u8]) -> Vec<u8> {
    // The compressor fails only when asked to set a dictionary, which we never do.
    try_to_deflate(piece).unwrap_or_else(|| {
        let mut blocks = Vec::new();
        store(piece, &mut blocks);
        blocks
    })
}

fn try_to_deflate(piece: &[u8]) -> Option<Vec<u8>> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut blocks = Vec::with_capacity(piece.len() / 2 + 64);
    let mut read = 0;
    loop {
        blocks.reserve(piece.len() / 4 + 64);
        compress.compress_vec(piece.get(read..)?, &mut blocks, FlushCompress::Sync).ok()?;
        read = usize::try_from(compress.total_in()).ok()?;
        if read == piece.len() && blocks.len() < blocks.capacity() {
            return Some(blocks);
        }
    }
}

/// Appends a piece as stored (uncompressed) blocks.
fn store(piece: &[u8], blocks: &mut Vec<u8>) {
    for part in piece.chunks(LARGEST_STORED) {
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
        blocks.push(0);
        blocks.extend_from_slice(&length.to_le_bytes());
        blocks.extend_from_slice(&(!length).to_le_bytes());
        blocks.extend_from_slice(part);
    }
}

/// A whole text as gzip.
pub fn gzip(text: &[u8]) -> Vec<u8> {
    let blocks = deflate(text);
    let mut gzip = Gzip::with_capacity(blocks.len() + HEADER.len() + TRAILER);
    gzip.add_deflated(text, &blocks);
    gzip.finish()
}

/// A gzip stream under construction.
#[derive(Debug)]
pub struct Gzip {
    stream: Vec<u8>,
    sum: Crc,
}

impl Gzip {
    /// An empty stream with room for about `size` bytes.
    pub fn with_capacity(size: usize) -> Self {
        let mut stream = Vec::with_capacity(size);
        stream.extend_from_slice(&HEADER);
        Self { stream, sum: Crc::new() }
    }

    /// Adds a piece that is already compressed, as `blocks`. The piece itself is needed for the
    /// checksum.
    pub fn add_deflated(&mut self, piece: &[u8], blocks: &[u8]) {
        self.sum.update(piece);
        self.stream.extend_from_slice(blocks);
    }

    /// Adds a piece uncompressed.
    pub fn add_stored(&mut self, piece: &[u8]) {
        self.sum.update(piece);
        store(piece, &mut self.stream);
    }

    /// Ends the stream and returns its bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.stream.extend_from_slice(&LAST_BLOCK);
        self.stream.extend_from_slice(&self.sum.sum().to_le_bytes());
        self.stream.extend_from_slice(&self.sum.amount().to_le_bytes());
        self.stream
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn assembled_pieces_inflate_to_the_original(pieces in prop::collection::vec((any::<bool>(), ".{0,3000}"), 0..8)) {
            let mut gzip = Gzip::with_capacity(0);
            for (is_stored, piece) in &pieces {
                match is_stored {
                    true => gzip.add_stored(piece.as_bytes()),
                    false => gzip.add_deflated(piece.as_bytes(), &deflate(piece.as_bytes())),
                }
            }
            let stream = gzip.finish();
            let mut text = String::new();
            GzDecoder::new(&stream[..]).read_to_string(&mut text).unwrap();
            prop_assert_eq!(text, pieces.into_iter().map(|(_, piece)| piece).collect::<String>());
        }
    }

    #[test]
    fn a_piece_larger_than_a_block_is_stored_in_several_blocks() {
        let piece = vec![7; 200_000];
        let mut gzip = Gzip::with_capacity(0);
        gzip.add_stored(&piece);
        let (stream, mut bytes) = (gzip.finish(), Vec::new());
        GzDecoder::new(&stream[..]).read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, piece);
    }
}
