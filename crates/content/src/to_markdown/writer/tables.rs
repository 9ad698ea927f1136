//! Tables, as far as Markdown has them.

use comrak::nodes::{AstNode, NodeTable, NodeValue, TableAlignment};
use markup5ever_rcdom::Handle;

use super::super::chunks::{self, Chunk, is_blank, is_block, is_box};
use super::super::dom::{attribute, children, descendants, tag};
use super::Writer;
use super::inlines::{Flow, Place};

impl<'a> Writer<'a> {
    /// A table, if Markdown can hold it.
    pub(super) fn table(&self, node: &Handle) -> Option<&'a AstNode<'a>> {
        let mut rows: Vec<(bool, Handle)> = Vec::new();
        for child in children(node) {
            match tag(&child) {
                Some("tr") => rows.push((false, child)),
                Some(part @ ("thead" | "tbody" | "tfoot")) => {
                    for row in children(&child) {
                        match tag(&row) {
                            Some("tr") => rows.push((part == "thead", row)),
                            _ if is_blank(&row) => {}
                            _ => return None,
                        }
                    }
                }
                Some("colgroup") => {}
                _ if is_blank(&child) => {}
                _ => return None,
            }
        }
        let cells = |row: &Handle| -> Vec<Handle> {
            children(row).into_iter().filter(|cell| tag(cell).is_some()).collect()
        };
        let first = cells(&rows.first()?.1);
        let has_head = rows[0].0 || first.iter().all(|cell| tag(cell) == Some("th"));
        let heads = rows.iter().filter(|(is_head, _)| *is_head).count();
        let is_plain = |cell: &Handle| {
            matches!(tag(cell), Some("td" | "th"))
                && ["colspan", "rowspan"].iter().all(|key| {
                    attribute(cell, key).is_none_or(|span| matches!(span.trim(), "" | "0" | "1"))
                })
                && descendants(cell)
                    .iter()
                    .skip(1)
                    .all(|node| !(is_block(node) || is_box(node)) || tag(node) == Some("p"))
        };
        let is_simple = rows.iter().all(|(_, row)| {
            let cells = cells(row);
            cells.len() == first.len() && cells.iter().all(is_plain)
        });
        if !has_head || heads > 1 || first.is_empty() || !is_simple {
            return None;
        }
        let alignments = first.iter().map(alignment).collect();
        let table = self.node(NodeValue::Table(Box::new(NodeTable {
            alignments,
            num_columns: first.len(),
            num_rows: rows.len(),
            num_nonempty_cells: 0,
        })));
        for (index, (_, row)) in rows.iter().enumerate() {
            let row_node = self.add(table, NodeValue::TableRow(index == 0));
            for cell in cells(row) {
                let cell_node = self.add(row_node, NodeValue::TableCell);
                let mut found = Vec::new();
                chunks::split(&children(&cell), &mut found);
                for chunk in found {
                    let nodes = match chunk {
                        Chunk::Inline(nodes) => nodes,
                        Chunk::Block(paragraph) => children(&paragraph),
                    };
                    if nodes.iter().all(is_blank) {
                        continue;
                    }
                    if cell_node.first_child().is_some() {
                        self.add(cell_node, NodeValue::HtmlInline("<br>".into()));
                    }
                    self.inlines(&nodes, cell_node, &mut Flow::new(Place::Cell, false));
                }
            }
        }
        Some(table)
    }
}

fn alignment(cell: &Handle) -> TableAlignment {
    let align = attribute(cell, "align").unwrap_or_default().to_ascii_lowercase();
    let style = attribute(cell, "style").unwrap_or_default().to_ascii_lowercase();
    let style: String = style.chars().filter(|one| !one.is_whitespace()).collect();
    let is = |side: &str| align == side || style.contains(&format!("text-align:{side}"));
    if is("center") {
        TableAlignment::Center
    } else if is("right") {
        TableAlignment::Right
    } else if is("left") {
        TableAlignment::Left
    } else {
        TableAlignment::None
    }
}
