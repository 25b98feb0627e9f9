//! Which of the two numbers of `4/12/2016` is the month.

use super::spelling::{Separator, date_part, numbers};

/// Whether month or day comes first where the year comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayOrder {
    /// `4/13/2016`, as in the United States.
    MonthFirst,
    /// `13/4/2016`, as in most of the world.
    DayFirst,
}

impl DayOrder {
    /// The order that some dates show, if they show one: a first number above 12 is a day, a second
    /// number above 12 a day too. Dates that contradict each other show none.
    pub(in crate::import) fn shown_by<'a>(dates: impl Iterator<Item = &'a str>) -> Option<Self> {
        let (mut day_first, mut month_first) = (false, false);
        for [first, second] in dates.filter_map(in_question) {
            day_first |= first > 12;
            month_first |= second > 12;
        }
        match (day_first, month_first) {
            (true, false) => Some(Self::DayFirst),
            (false, true) => Some(Self::MonthFirst),
            _ => None,
        }
    }

    /// Whether a date can be read either way.
    pub(in crate::import) fn matters_to(date: &str) -> bool {
        in_question(date).is_some()
    }
}

/// The two numbers of a date of which one is the month, if its style leaves open which.
fn in_question(date: &str) -> Option<[i16; 2]> {
    let (separator, [first, second, third]) = numbers(date_part(date).0)?;
    let is_open = separator == Separator::Other && first.digits <= 2 && third.is_year();
    is_open.then_some([first.value, second.value])
}
