//! How things look, for people and for scripts. Everything here takes data and writes to any writer,
//! so that the prompt of `vault preview` and that of `vault demo` are the same.

pub(crate) mod activity;
pub(crate) mod amendment;
pub(crate) mod damage;
pub(crate) mod grant;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod log;
pub(crate) mod preview;
pub(crate) mod receipts;
pub(crate) mod record;
pub(crate) mod request;
pub(crate) mod sync;
pub(crate) mod terms;
pub(crate) mod voucher;

mod page;
mod screen;
mod text;
mod times;
mod value;

#[cfg(test)]
pub(crate) mod samples;

pub(crate) use page::{Facts, Page, Tone, heading, state};
pub(crate) use screen::Screen;
pub(crate) use text::{bytes, count, counted, plain};
pub(crate) use times::{ago, local, long, span};
pub(crate) use value::one_line;
