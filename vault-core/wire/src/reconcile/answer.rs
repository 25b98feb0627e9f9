//! The side that is asked.

use super::{
    Fault, LIST_BELOW, REST_BYTES, Set,
    message::{Message, Said, Spans, VERSION},
    span::{Edge, Span},
    summary::{Item, Summary},
};
use crate::limits::RECONCILE_BYTES_MAX;

/// Answers a message: of each span that differs, what is held there or how its parts sum up. What
/// does not fit into one message is summed up at its end, so that it is asked about again.
///
/// # Errors
///
/// [`Fault`] if the message is not one, or the set cannot be read.
pub fn answer<S: Set>(set: &mut S, message: &[u8]) -> Result<Vec<u8>, Fault<S::Error>> {
    let Some(mut spans) = Spans::of(message)? else {
        // Another version of negentropy: this one is offered.
        return Ok(vec![VERSION]);
    };
    let mut out = Message::new();
    while let Some((span, said)) = spans.next()? {
        let mut answered = span.to;
        match said {
            Said::Skip => out.skip(span.to),
            Said::Fingerprint(theirs) => differ(set, &span, theirs, &mut out)?,
            Said::Items(_) => answered = list(set, &span, &mut out)?,
        }
        if answered != Edge::End && is_full(set, &out, answered != span.to) {
            put_off(set, answered, &mut out)?;
            break;
        }
    }
    Ok(out.into_bytes())
}

/// Says what is held in a span, if it is not what the other side holds there.
pub(super) fn differ<S: Set>(
    set: &mut S,
    span: &Span,
    theirs: crate::entry::Fingerprint,
    out: &mut Message,
) -> Result<(), Fault<S::Error>> {
    let ours = set.summary(span).map_err(Fault::Set)?;
    if ours.fingerprint() == theirs {
        out.skip(span.to);
        return Ok(());
    }
    describe(set, span, &ours, 1, out)
}

/// Lists a span of few items; of a larger one, sums up its parts.
pub(super) fn describe<S: Set>(
    set: &mut S,
    span: &Span,
    summary: &Summary,
    half_bytes: usize,
    out: &mut Message,
) -> Result<(), Fault<S::Error>> {
    if summary.count < LIST_BELOW as u64 {
        let items = items(set, span, LIST_BELOW)?;
        out.items(span.to, &items);
        return Ok(());
    }
    for part in span.split(half_bytes) {
        let summary = set.summary(&part).map_err(Fault::Set)?;
        out.fingerprint(part.to, summary.fingerprint());
    }
    Ok(())
}

/// Lists what is held in a span, as far as it fits. Returns how far that is.
fn list<S: Set>(set: &mut S, span: &Span, out: &mut Message) -> Result<Edge, Fault<S::Error>> {
    let room = RECONCILE_BYTES_MAX.saturating_sub(out.len() + 2 * REST_BYTES) / 32;
    let held = items(set, span, room + 1)?;
    let (fitting, to) = match held.get(room) {
        Some(first_without_room) => (&held[..room], Edge::At(*first_without_room)),
        None => (&held[..], span.to),
    };
    out.items(to, fitting);
    Ok(to)
}

fn items<S: Set>(set: &mut S, span: &Span, limit: usize) -> Result<Vec<Item>, Fault<S::Error>> {
    set.items(span, limit).map_err(Fault::Set)
}

/// Whether the message must end here. One more span takes at most 16 fingerprints or 32 items.
pub(super) fn is_full<S: Set>(set: &S, out: &Message, was_cut: bool) -> bool {
    const SPAN_BYTES: usize = LIST_BELOW * 32 + REST_BYTES;
    was_cut || set.is_tired() || out.len() + SPAN_BYTES + REST_BYTES > RECONCILE_BYTES_MAX
}

/// Sums up everything from here on, so that it is asked about again.
pub(super) fn put_off<S: Set>(set: &mut S, from: Edge, out: &mut Message) -> Result<(), Fault<S::Error>> {
    let rest = Span { from, to: Edge::End };
    let summary = set.summary(&rest).map_err(Fault::Set)?;
    out.fingerprint(Edge::End, summary.fingerprint());
    Ok(())
}
