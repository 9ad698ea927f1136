//! Counts the lines of a file while it is read.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// Counts lines on the way.
pub(super) struct Lines<R> {
    pub inner: R,
    pub count: Rc<Cell<usize>>,
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let lines = buffer[..length].iter().filter(|byte| **byte == b'\n').count();
        self.count.set(self.count.get() + lines);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(buffer) = self.inner.fill_buf() {
            let taken = &buffer[..amount.min(buffer.len())];
            let lines = taken.iter().filter(|byte| **byte == b'\n').count();
            self.count.set(self.count.get() + lines);
        }
        self.inner.consume(amount);
    }
}
