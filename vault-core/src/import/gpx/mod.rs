//! GPX 1.0 and 1.1: every track point, route point and waypoint becomes a location.
//!
//! Elements are known by their local names, whatever the prefix. Entities of a DTD are never
//! expanded, nesting and lengths are limited, and nothing is kept but the point being read. `hdop`
//! is a factor and not a distance, so it is no accuracy; `accuracy` in a point's extensions is.

mod point;

use std::io::BufRead;

use quick_xml::{
    Reader as Xml,
    escape::resolve_xml_entity,
    events::{BytesRef, BytesStart, Event},
};

use self::point::{Detail, Point};
use super::{draft::Drafter, draft::Item, error::ImportError, meter::Meter, text::shortened};

/// Largest tag, text, comment or document type, in bytes.
const EVENT_BYTES_MAX: usize = 64 << 10;
/// Longest name, number or time, in bytes.
const TEXT_BYTES_MAX: usize = 4 << 10;
/// Deepest nesting of elements.
const DEPTH_MAX: usize = 64;

/// The points of a GPX file, one by one.
pub(super) struct Points<R> {
    xml: Xml<Meter<R>>,
    buffer: Vec<u8>,
    open: Open,
    drafter: Drafter,
    points: u64,
}

/// Where in the document the reader is.
#[derive(Default)]
struct Open {
    depth: usize,
    has_root: bool,
    /// The track or route that is open, at its depth.
    path: Option<(usize, Option<String>)>,
    /// The point that is open, at its depth.
    point: Option<(usize, Point)>,
    /// The element whose text is wanted, at its depth, with the text so far.
    text: Option<(usize, Detail, String)>,
}

impl<R: BufRead> Points<R> {
    /// The points of a document in UTF-8.
    pub(super) fn new(source: R, drafter: Drafter) -> Self {
        let mut xml = Xml::from_reader(Meter::new(source));
        xml.config_mut().expand_empty_elements = true;
        xml.config_mut().allow_dangling_amp = true;
        Self {
            xml,
            buffer: Vec::new(),
            open: Open::default(),
            drafter,
            points: 0,
        }
    }

    /// Bytes of the document read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.xml.get_ref().bytes_taken()
    }

    /// The next point, or nothing at the document's end.
    pub(super) fn next(&mut self) -> Result<Option<Item>, ImportError> {
        loop {
            self.buffer.clear();
            self.xml.get_mut().allow(EVENT_BYTES_MAX);
            let line = self.xml.get_ref().line();
            let broken = |reason: String| ImportError::BrokenXml {
                line,
                points: self.points,
                reason,
            };
            match self.xml.read_event_into(&mut self.buffer) {
                Ok(Event::Start(start)) => {
                    self.open.start(&start, line).map_err(|refusal| match refusal {
                        Refusal::NotGpx(root) => ImportError::NotGpx { root },
                        Refusal::TooDeep => {
                            broken(format!("more than {DEPTH_MAX} elements inside each other"))
                        }
                    })?;
                }
                Ok(Event::Text(text)) => self.open.text(&text),
                Ok(Event::CData(text)) => self.open.text(&text),
                Ok(Event::GeneralRef(reference)) => self.open.reference(&reference),
                Ok(Event::End(_)) => {
                    if let Some((point, path_name)) = self.open.end() {
                        let item = point.into_item(path_name.as_deref(), &mut self.drafter);
                        self.points += u64::from(matches!(item, Item::Draft(_)));
                        return Ok(Some(item));
                    }
                }
                Ok(Event::Eof) if self.xml.get_ref().bytes_taken() == 0 => return Err(ImportError::Empty),
                Ok(Event::Eof) if self.open.depth > 0 => return Err(broken("the file is cut off".into())),
                Ok(Event::Eof) if !self.open.has_root => {
                    return Err(broken("there is no <gpx> in it".into()));
                }
                Ok(Event::Eof) => return Ok(None),
                Ok(
                    Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_),
                ) => {}
                Err(_) if self.xml.get_ref().is_exhausted() => {
                    return Err(broken(format!(
                        "one tag or text of more than {EVENT_BYTES_MAX} bytes"
                    )));
                }
                Err(quick_xml::Error::Io(error)) => {
                    return Err(ImportError::Io(std::io::Error::new(error.kind(), error)));
                }
                Err(error) => return Err(broken(shortened(&error.to_string(), 200))),
            }
        }
    }
}

enum Refusal {
    NotGpx(String),
    TooDeep,
}

impl Open {
    fn start(&mut self, start: &BytesStart<'_>, line: u64) -> Result<(), Refusal> {
        self.depth += 1;
        let name = start.local_name();
        let name = name.as_ref();
        if self.depth == 1 && name != "gpx" {
            return Err(Refusal::NotGpx(shortened(name, 40)));
        }
        self.has_root = true;
        if self.depth > DEPTH_MAX {
            return Err(Refusal::TooDeep);
        }
        if let Some((depth, _)) = &self.point {
            let is_child = self.depth == depth + 1;
            if let Some(detail) = Detail::named(name, is_child) {
                self.text = Some((self.depth, detail, String::new()));
            }
            return Ok(());
        }
        match name {
            "trkpt" | "rtept" | "wpt" => self.point = Some((self.depth, Point::begin(start, line))),
            "trk" | "rte" => self.path = Some((self.depth, None)),
            "name"
                if self
                    .path
                    .as_ref()
                    .is_some_and(|(depth, _)| self.depth == depth + 1) =>
            {
                self.text = Some((self.depth, Detail::Name, String::new()));
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, more: &str) {
        if let Some((_, _, text)) = &mut self.text {
            let room = (TEXT_BYTES_MAX + 1).saturating_sub(text.len());
            text.push_str(&more[..more.floor_char_boundary(room)]);
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) {
        match reference.resolve_char_ref() {
            Ok(Some(character)) => self.text(character.encode_utf8(&mut [0; 4])),
            _ => match resolve_xml_entity(reference) {
                Some(text) => self.text(text),
                None => self.text(&format!("&{};", &**reference)),
            },
        }
    }

    /// Closes an element; if it was a point, gives it with the name of its track or route.
    fn end(&mut self) -> Option<(Point, Option<String>)> {
        let closed = self.depth;
        self.depth = self.depth.saturating_sub(1);
        if let Some((_, detail, text)) = self.text.take_if(|(depth, ..)| *depth == closed) {
            match (&mut self.point, &mut self.path) {
                (Some((_, point)), _) => point.set(detail, text.trim()),
                (None, Some((_, name))) if text.len() <= TEXT_BYTES_MAX => {
                    *name = Some(text.trim().to_owned());
                }
                _ => {}
            }
        }
        if let Some((_, point)) = self.point.take_if(|(depth, _)| *depth == closed) {
            let path_name = self.path.as_ref().and_then(|(_, name)| name.clone());
            return Some((point, path_name));
        }
        self.path.take_if(|(depth, _)| *depth == closed);
        None
    }
}

#[cfg(test)]
mod tests;
