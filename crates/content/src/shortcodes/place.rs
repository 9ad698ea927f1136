//! Puts blocks where tags stand: in the quotes and the items of lists around them.

use super::Converter;

/// How much of a line is read for marks of quotes and items, in bytes. Without a limit, many tags
/// behind a million spaces would take the square of the line's length.
const LONGEST_MARKS: usize = 200;

/// How deep quotes and items are followed.
const DEEPEST: usize = 64;

/// What a line can be in.
#[derive(Clone)]
enum Container {
    Quote,
    /// An item of a list, whose lines are indented by so many columns.
    Item(usize),
}

/// The quotes and items that are open after a line, the outermost first.
#[derive(Clone, Default)]
pub(super) struct Containers(Vec<Container>);

/// Where a tag stands.
pub(super) struct Place {
    containers: Containers,
    /// What its line begins with.
    first: String,
    /// What further lines in the same quotes and items begin with.
    prefix: String,
    /// How many columns of indentation the tag has, behind the mark of the innermost quote.
    indentation: usize,
    /// Whether nothing is before it on its line but marks and spaces.
    pub is_first: bool,
    /// Whether its line begins an item.
    begins_item: bool,
    /// Whether its line begins a quote, and no item in that.
    pub begins_quote: bool,
}

/// The rest of a line. Spaces are taken from it by columns: a tab extends to the next multiple of
/// four.
struct Line<'a> {
    rest: &'a str,
    column: usize,
    /// The columns of a tab that are left, if only a part of it was taken.
    spare: usize,
}

impl<'a> Line<'a> {
    fn new(line: &'a str) -> Self {
        Self { rest: line, column: 0, spare: 0 }
    }

    /// How many columns of spaces come next.
    fn spaces(&self) -> usize {
        let mut column = self.column + self.spare;
        for byte in self.rest.bytes() {
            match byte {
                b' ' => column += 1,
                b'\t' => column += 4 - column % 4,
                _ => break,
            }
        }
        column - self.column
    }

    /// What comes after the spaces.
    fn text(&self) -> &'a str {
        self.rest.trim_start_matches([' ', '\t'])
    }

    fn is_blank(&self) -> bool {
        self.text().trim_end().is_empty()
    }

    fn take_spaces(&mut self, columns: usize) {
        let end = self.column + columns;
        while self.column < end {
            if self.spare > 0 {
                self.spare -= 1;
                self.column += 1;
            } else if let Some(rest) = self.rest.strip_prefix(' ') {
                self.rest = rest;
                self.column += 1;
            } else if let Some(rest) = self.rest.strip_prefix('\t') {
                self.rest = rest;
                self.spare = 4 - self.column % 4;
            } else {
                break;
            }
        }
    }

    /// Takes a mark, which is ASCII, and the spaces before it.
    fn take_mark(&mut self, length: usize) {
        self.take_spaces(self.spaces());
        self.rest = &self.rest[length..];
        self.column += length;
    }

    /// Takes the mark of a quote, if one comes next.
    fn take_quote(&mut self) -> bool {
        let is_quote = self.spaces() < 4 && self.text().starts_with('>');
        if is_quote {
            self.take_mark(1);
            self.take_spaces(1);
        }
        is_quote
    }
}

/// The length of the mark of an item at the beginning of a text, without the spaces behind it.
fn item_mark(text: &str) -> Option<usize> {
    let is_rule = |mark: char| {
        text.matches(mark).count() > 2 && text.trim_end().trim_matches([mark, ' ', '\t']).is_empty()
    };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let length = match text.as_bytes().get(digits)? {
        b'.' | b')' if (1..10).contains(&digits) => digits + 1,
        mark @ (b'-' | b'*' | b'+') if digits == 0 && !is_rule(char::from(*mark)) => 1,
        _ => return None,
    };
    (text.len() == length || text[length..].starts_with([' ', '\t', '\n'])).then_some(length)
}

impl Containers {
    /// How many of them go on in a line. Their marks are taken from it.
    fn going_on(&self, line: &mut Line<'_>) -> usize {
        let mut goes_on = |container: &&Container| match container {
            Container::Quote => line.take_quote(),
            Container::Item(_) if line.is_blank() => true,
            Container::Item(width) => {
                let is_in = line.spaces() >= *width;
                if is_in {
                    line.take_spaces(*width);
                }
                is_in
            }
        };
        self.0.iter().take_while(|container| goes_on(container)).count()
    }

    fn prefix(&self) -> String {
        let prefix = |container: &Container| match container {
            Container::Quote => "> ".to_owned(),
            Container::Item(width) => " ".repeat(*width),
        };
        self.0.iter().map(prefix).collect()
    }

    /// The columns of the items in the innermost quote.
    fn indentation(&self) -> usize {
        let width = |container: &Container| match container {
            Container::Quote => None,
            Container::Item(width) => Some(*width),
        };
        self.0.iter().rev().map_while(width).sum()
    }

    /// Reads the marks of the next line. Returns where its text begins, and the place there.
    fn read(mut self, line: &str) -> (usize, Place) {
        let mut rest = Line::new(line);
        let going_on = self.going_on(&mut rest);
        self.0.truncate(going_on);
        let (mut first, mut begins_item) = (self.prefix(), false);
        while self.0.len() < DEEPEST && rest.spaces() < 4 {
            if rest.take_quote() {
                first.push_str("> ");
                self.0.push(Container::Quote);
                continue;
            }
            let text = rest.text();
            let Some(length) = item_mark(text) else { break };
            let before = rest.spaces();
            rest.take_mark(length);
            // More than four are the indentation of code.
            let is_one = rest.spaces() > 4 || rest.is_blank();
            let behind = if is_one { 1 } else { rest.spaces() };
            rest.take_spaces(behind);
            first.push_str(&format!("{:before$}{}{:behind$}", "", &text[..length], ""));
            self.0.push(Container::Item(before + length + behind));
            begins_item = true;
        }
        let is_new = self.0.len() > going_on;
        let place = Place {
            first,
            prefix: self.prefix(),
            indentation: self.indentation() + rest.spaces(),
            is_first: false,
            begins_item,
            begins_quote: is_new && matches!(self.0.last(), Some(Container::Quote)),
            containers: self,
        };
        (line.len() - rest.text().len(), place)
    }
}

impl Place {
    /// The text of a line behind the marks of the quotes and items around. `None` if one of them
    /// has ended before it.
    pub fn text_of<'a>(&self, line: &'a str) -> Option<&'a str> {
        let mut line = Line::new(line);
        let is_in = self.containers.going_on(&mut line) == self.containers.0.len();
        is_in.then(|| line.text())
    }

    /// What stands between a tag and its end: without the marks of the quotes around, and without
    /// the indentation that its lines have because the tag has it.
    pub fn dedented(&self, inner: &str) -> String {
        let (beside_tag, lines) = inner.split_once('\n').unwrap_or((inner, ""));
        let containers = &self.containers.0;
        let last_quote = containers.iter().rposition(|one| matches!(one, Container::Quote));
        let outer = &containers[..last_quote.map_or(0, |at| at + 1)];
        let mut lines: Vec<Line> = lines.split('\n').map(Line::new).collect();
        for line in &mut lines {
            for container in outer {
                match container {
                    Container::Quote => _ = line.take_quote(),
                    Container::Item(width) => line.take_spaces(*width),
                }
            }
        }
        let shared = lines.iter().filter(|line| !line.is_blank()).map(Line::spaces);
        let shared = shared.fold(self.indentation, usize::min);
        let mut dedented = beside_tag.trim().to_owned();
        for (number, line) in lines.iter_mut().enumerate() {
            line.take_spaces(shared);
            if number > 0 || !dedented.is_empty() {
                dedented.push('\n');
            }
            dedented.extend(std::iter::repeat_n(' ', line.spare));
            dedented.push_str(line.rest);
        }
        dedented
    }
}

impl Converter<'_> {
    /// The beginning of a line, with the marks of its quotes and items.
    fn marks(&self, line: usize) -> &str {
        let start = self.starts[line];
        let end = self.starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let line = &self.text[start..end];
        &line[..line.floor_char_boundary(LONGEST_MARKS)]
    }

    /// Where the rest stands.
    pub(super) fn place(&mut self) -> Place {
        let line = self.line();
        while self.lines_read < line {
            let containers = std::mem::take(&mut self.containers);
            self.containers = containers.read(self.marks(self.lines_read)).1.containers;
            self.lines_read += 1;
        }
        let containers = self.containers.clone();
        if self.lines_read > line {
            // Something that began on an earlier line has ended on this one.
            let (prefix, indentation) = (containers.prefix(), containers.indentation());
            return Place {
                containers,
                first: prefix.clone(),
                prefix,
                indentation,
                is_first: false,
                begins_item: false,
                begins_quote: false,
            };
        }
        let (text, place) = containers.read(self.marks(line));
        Place { is_first: self.starts[line] + text == self.at, ..place }
    }

    /// Goes on behind something in a place. Its lines begin and end no quotes and items.
    pub(super) fn pass(&mut self, place: Place, length: usize) {
        self.at += length;
        self.containers = place.containers;
        self.lines_read = self.starts.partition_point(|start| *start < self.at);
    }

    /// Puts a block in place of a tag: every line with the marks of the quotes and items around
    /// it, and between blank lines. Without those it could become a part of what is before it, or
    /// what comes after it a part of it.
    pub(super) fn put_block(&mut self, place: Place, block: &str, length: usize) {
        let prefix = place.prefix.as_str();
        let blank = prefix.trim_end();
        let marks = &self.text[self.starts[self.line()]..self.at];
        if place.is_first && self.out.ends_with(marks) {
            self.out.truncate(self.out.len() - marks.len());
            if !place.begins_item && !is_blank(last_line(&self.out)) {
                self.out.push_str(blank);
                self.out.push('\n');
            }
            self.out.push_str(&place.first);
        } else {
            self.out.truncate(self.out.trim_end_matches([' ', '\t']).len());
            self.out.push_str(&format!("\n{blank}\n{prefix}"));
        }
        for (number, line) in block.lines().enumerate() {
            if number > 0 {
                self.out.push('\n');
                self.out.push_str(if line.is_empty() { blank } else { prefix });
            }
            self.out.push_str(line);
        }
        let after = &self.text[self.at + length..];
        let spaces = after.len() - after.trim_start_matches([' ', '\t']).len();
        let after = &after[spaces..];
        if !after.is_empty() {
            self.out.push_str(&format!("\n{blank}"));
            if !after.starts_with('\n') {
                self.out.push_str(&format!("\n{prefix}"));
            }
        }
        self.pass(place, length + spaces);
    }

    /// Puts a picture or a link in place of a tag. If the tag has a line of its own behind HTML, it
    /// becomes a block: in HTML, Markdown is shown as it is.
    pub(super) fn put_text(&mut self, text: &str, length: usize) {
        if text.starts_with(['!', '[']) {
            let place = self.place();
            let end = self.text[self.at + length..].trim_start_matches([' ', '\t']);
            if place.is_first && (end.is_empty() || end.starts_with('\n')) {
                let before = self.out.trim_end_matches([' ', '\t', '>']);
                if last_line(before).trim_start_matches([' ', '\t', '>']).starts_with('<') {
                    self.put_block(place, text, length);
                    return;
                }
            }
        }
        self.out.push_str(text);
        self.at += length;
    }

    /// Leaves something out, with its line if nothing else is on that.
    pub(super) fn leave_out(&mut self, length: usize) {
        let place = self.place();
        let marks = &self.text[self.starts[self.line()]..self.at];
        let after = &self.text[self.at + length..];
        let spaces = after.len() - after.trim_start_matches([' ', '\t']).len();
        let after = &after[spaces..];
        let is_whole_line = place.is_first && (after.is_empty() || after.starts_with('\n'));
        if is_whole_line && !place.begins_item && self.out.ends_with(marks) {
            self.out.truncate(self.out.len() - marks.len());
            self.pass(place, length + spaces + usize::from(!after.is_empty()));
        } else {
            self.pass(place, length);
        }
    }

    /// Puts a marker in place of what follows the marks of its line.
    pub(super) fn put_marker(&mut self, place: &Place, marker: &str, length: usize) {
        let marks = &self.text[self.starts[self.line()]..self.at];
        if self.out.ends_with(marks) {
            self.out.truncate(self.out.len() - marks.len());
            self.out.push_str(&place.first);
        }
        self.out.push_str(marker);
        self.at += length;
    }

    /// Whether a tag is in a table: right before it or behind it is the border of a cell.
    pub(super) fn is_in_cell(&self, length: usize) -> bool {
        let before = self.text[..self.at].trim_end_matches([' ', '\t']);
        let after = self.text[self.at + length..].trim_start_matches([' ', '\t']);
        (before.ends_with('|') && !before.ends_with("\\|")) || after.starts_with('|')
    }
}

/// The last line of a text that ends with its end, or else what stands behind the last end.
fn last_line(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    &text[text.rfind('\n').map_or(0, |at| at + 1)..]
}

/// Whether a line has nothing but marks of quotes.
fn is_blank(line: &str) -> bool {
    line.trim_matches([' ', '\t', '>']).is_empty()
}
