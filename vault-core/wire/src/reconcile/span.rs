//! Parts of the space of items.

use super::summary::Item;

/// Where a span begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// Just before this item.
    At(Item),
    /// Behind everything.
    End,
}

/// The items from one edge on, up to but without the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub from: Edge,
    /// Where it ends.
    pub to: Edge,
}

impl Edge {
    /// Before everything.
    pub const START: Self = Self::At(Item([0; 32]));

    /// Just behind an item.
    pub fn behind(item: &Item) -> Self {
        let mut bytes = item.0;
        for byte in bytes.iter_mut().rev() {
            let (next, over) = byte.overflowing_add(1);
            *byte = next;
            if !over {
                return Self::At(Item(bytes));
            }
        }
        Self::End
    }

    /// The last item before the edge that there could be.
    fn last_before(self) -> [u8; 32] {
        let Self::At(Item(mut bytes)) = self else {
            return [0xff; 32];
        };
        for byte in bytes.iter_mut().rev() {
            let (previous, under) = byte.overflowing_sub(1);
            *byte = previous;
            if !under {
                break;
            }
        }
        bytes
    }
}

impl Span {
    /// Everything.
    pub const ALL: Self = Self {
        from: Edge::START,
        to: Edge::End,
    };

    /// Whether no item can lie in it.
    pub fn is_empty(&self) -> bool {
        self.from >= self.to
    }

    /// Whether an item lies in it.
    pub fn contains(&self, item: &Item) -> bool {
        (self.from..self.to).contains(&Edge::At(*item))
    }

    /// What both have in common.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        Self {
            from: self.from.max(other.from),
            to: self.to.min(other.to),
        }
    }

    /// Splits it by the first half byte in which its items can differ (or the first two): at most
    /// 16 spans (or 256), at least two unless only one item fits in.
    pub(super) fn split(&self, half_bytes: usize) -> Vec<Self> {
        let Edge::At(Item(first)) = self.from else {
            return Vec::new();
        };
        let last = self.to.last_before();
        let common = (0..64).take_while(|place| half(&first, *place) == half(&last, *place));
        let common = common.count().min(64 - half_bytes);
        let mut prefix = first;
        for place in common..64 {
            set_half(&mut prefix, place, 0);
        }
        let mut parts = Vec::with_capacity(1 << (4 * half_bytes));
        let mut from = Edge::At(Item(prefix));
        for _ in 0..1usize << (4 * half_bytes) {
            let to = after_prefix(from, common + half_bytes);
            let part = Self { from, to }.within(self);
            if !part.is_empty() {
                parts.push(part);
            }
            if to == Edge::End {
                break;
            }
            from = to;
        }
        parts
    }
}

/// The edge behind all items that begin with the first half bytes of this one.
fn after_prefix(edge: Edge, half_bytes: usize) -> Edge {
    let Edge::At(Item(mut bytes)) = edge else {
        return Edge::End;
    };
    for place in (0..half_bytes).rev() {
        let next = half(&bytes, place) + 1;
        set_half(&mut bytes, place, next & 15);
        if next < 16 {
            return Edge::At(Item(bytes));
        }
    }
    Edge::End
}

fn half(bytes: &[u8; 32], place: usize) -> u8 {
    match place % 2 {
        0 => bytes[place / 2] >> 4,
        _ => bytes[place / 2] & 15,
    }
}

fn set_half(bytes: &mut [u8; 32], place: usize, value: u8) {
    let byte = &mut bytes[place / 2];
    *byte = match place % 2 {
        0 => *byte & 15 | value << 4,
        _ => *byte & 0xf0 | value,
    };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edge() -> impl Strategy<Value = Edge> {
        prop_oneof![
            9 => proptest::collection::vec(prop_oneof![Just(0u8), Just(0xff), any::<u8>()], 32)
                .prop_map(|bytes| Edge::At(Item(bytes.try_into().unwrap()))),
            1 => Just(Edge::End),
        ]
    }

    proptest! {
        #[test]
        fn the_parts_of_a_span_follow_each_other_and_make_up_the_whole(
            one in edge(), other in edge(), shared in 0usize..33, half_bytes in 1usize..3,
        ) {
            let (mut from, to) = (one.min(other), one.max(other));
            if let (Edge::At(low), Edge::At(high)) = (&mut from, &to) {
                low.0[..shared].copy_from_slice(&high.0[..shared]);
            }
            let span = Span { from: from.min(to), to: from.max(to) };
            prop_assume!(!span.is_empty());
            let parts = span.split(half_bytes);
            prop_assert_eq!(parts.first().unwrap().from, span.from);
            prop_assert_eq!(parts.last().unwrap().to, span.to);
            prop_assert!(parts.windows(2).all(|pair| pair[0].to == pair[1].from));
            prop_assert!(parts.iter().all(|part| !part.is_empty()));
            let single = Edge::behind(&match span.from { Edge::At(item) => item, Edge::End => unreachable!() });
            prop_assert!(parts.len() > 1 || single == span.to, "a span of several items is split");
        }
    }

    #[test]
    fn behind_the_last_item_is_the_end() {
        assert_eq!(Edge::behind(&Item([0xff; 32])), Edge::End);
        let mut next = [0; 32];
        next[31] = 1;
        assert_eq!(Edge::behind(&Item([0; 32])), Edge::At(Item(next)));
    }
}
