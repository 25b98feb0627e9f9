//! The part of a body that the user reads: why, who else, where.

use vault_wire::{
    Digest, limits,
    purpose::Purpose,
    request::{Notice, Recipient, Wording},
};

use super::super::{
    limits::TOKEN_CHARS_MAX,
    problem::Code,
    strict::{Members, Node},
};

/// Why data is asked for, as a code and in words.
pub(super) struct StatedPurpose {
    /// The code.
    pub(super) code: Purpose,
    text: String,
    benefit: String,
}

/// Wording that does not say yet what for.
pub(super) struct Purposeless {
    recipients: Vec<Recipient>,
    storage_locations: Vec<String>,
    notice: Option<Notice>,
}

impl Purposeless {
    /// The wording.
    pub(super) fn with_purpose(self, purpose: StatedPurpose) -> Wording {
        Wording {
            purpose_text: purpose.text,
            benefit: purpose.benefit,
            recipients: self.recipients,
            storage_locations: self.storage_locations,
            notice: self.notice,
        }
    }
}

/// Reads the member `purpose`.
pub(super) fn purpose(node: &Node<'_>) -> Option<StatedPurpose> {
    let mut members = node.members()?;
    let code = members.required("code").and_then(|node| purpose_code(&node));
    let mut words = |name| {
        members
            .required(name)
            .and_then(|node| node.text(limits::PURPOSE_CHARS_MAX))
            .map(str::to_owned)
    };
    let (text, benefit) = (words("text"), words("benefit"));
    let dpv = members.optional("dpv");
    members.finish();
    if let Some((code, dpv)) = code.zip(dpv) {
        let (_, _, term) = Purpose::ALL[code as usize];
        dpv.one_of(&[(term, ())]);
    }
    Some(StatedPurpose {
        code: code?,
        text: text?,
        benefit: benefit?,
    })
}

fn purpose_code(node: &Node<'_>) -> Option<Purpose> {
    let code = node.text(TOKEN_CHARS_MAX)?;
    Purpose::from_code(code).ok().or_else(|| {
        let known = Purpose::ALL.map(|(_, code, _)| code).join(", ");
        node.fault(Code::UnknownPurpose, format!("must be one of {known}"))
    })
}

/// Takes the other members that the user reads.
pub(super) fn read(members: &mut Members<'_>) -> Option<Purposeless> {
    let recipients = members
        .optional("recipients")
        .map_or(Some(Vec::new()), |node| each(&node, recipient));
    let storage_locations = members
        .optional("storage_locations")
        .map_or(Some(Vec::new()), |node| {
            each(&node, |place| place.text(TOKEN_CHARS_MAX).map(str::to_owned))
        });
    let notice = members.optional("notice").map(|node| notice(&node));
    Some(Purposeless {
        recipients: recipients?,
        storage_locations: storage_locations?,
        notice: match notice {
            Some(read) => Some(read?),
            None => None,
        },
    })
}

fn each<'a, T>(node: &Node<'a>, read: impl Fn(&Node<'a>) -> Option<T>) -> Option<Vec<T>> {
    // Each is read even after one failed, so that every fault is told.
    let read: Vec<Option<T>> = node.list(limits::RECIPIENTS_MAX)?.iter().map(read).collect();
    read.into_iter().collect()
}

fn recipient(node: &Node<'_>) -> Option<Recipient> {
    let mut members = node.members()?;
    let mut text = |name| {
        members
            .required(name)
            .and_then(|node| node.text(TOKEN_CHARS_MAX))
            .map(str::to_owned)
    };
    let (name, role) = (text("name"), text("role"));
    let country = members.required("country").and_then(|node| country(&node));
    members.finish();
    Some(Recipient {
        name: name?,
        role: role?,
        country: country?,
    })
}

fn country(node: &Node<'_>) -> Option<String> {
    match node.text(2) {
        Some(code) if code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()) => {
            Some(code.to_owned())
        }
        Some(_) => node.fault(
            Code::InvalidRequest,
            "must be a country code, ISO 3166-1, such as DE",
        ),
        None => None,
    }
}

fn notice(node: &Node<'_>) -> Option<Notice> {
    let mut members = node.members()?;
    let url = members.required("url").and_then(|node| https_url(&node));
    let mut text = |name| {
        members
            .required(name)
            .and_then(|node| node.text(TOKEN_CHARS_MAX))
            .map(str::to_owned)
    };
    let (version, language) = (text("version"), text("language"));
    let sha256 = members.optional("sha256").map(|node| sha256(&node));
    members.finish();
    Some(Notice {
        url: url?,
        version: version?,
        language: language?,
        sha256: match sha256 {
            Some(read) => Some(read?),
            None => None,
        },
    })
}

fn https_url(node: &Node<'_>) -> Option<String> {
    let url = node.text(limits::TEXT_BYTES_MAX)?;
    if url.starts_with("https://") && url.parse::<axum::http::Uri>().is_ok() {
        return Some(url.to_owned());
    }
    node.fault(
        Code::InvalidRequest,
        "must be an address that starts with https://",
    )
}

fn sha256(node: &Node<'_>) -> Option<Digest> {
    let text = node.text(64)?;
    let digit = |at: usize| text.get(at..=at).and_then(|c| u8::from_str_radix(c, 16).ok());
    let mut digest = [0; 32];
    for (at, byte) in digest.iter_mut().enumerate() {
        match digit(2 * at).zip(digit(2 * at + 1)) {
            Some((high, low)) => *byte = high << 4 | low,
            None => return node.fault(Code::InvalidRequest, "must be 64 hexadecimal digits"),
        }
    }
    Some(digest)
}
