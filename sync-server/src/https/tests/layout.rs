//! How `API.md` shows JSON: as it was sent, without what differs from run to run.

/// What differs from run to run: the 26 characters of an id, and secrets.
pub(super) fn masked(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('_') {
        let (before, after) = rest.split_at(at + 1);
        shown.push_str(before);
        let run = after
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(after.len());
        let secret = run >= 26 || before.ends_with("pv_tok_");
        shown.push_str(if secret { "…" } else { "" });
        rest = if secret { &after[run..] } else { after };
    }
    shown + rest
}

/// Keys, nonces and sealed bytes left out: they are long, and say nothing to people.
pub(super) fn shortened(json: &str) -> String {
    let is_digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let is_long = |text: &str| text.len() > 30 && text.chars().all(is_digit);
    let texts = json.split('"').map(|text| if is_long(text) { "…" } else { text });
    texts.collect::<Vec<_>>().join("\"")
}

/// JSON for people: in one line what fits there, members in the order in which they were sent.
pub(super) fn laid_out(json: &str, indent: usize) -> String {
    const LINE: usize = 110;
    let parts = parts(json);
    let flat = flat(json);
    if parts.is_empty() || indent + flat.chars().count() <= LINE {
        return flat;
    }
    let inner = indent + 2;
    let lines: Vec<String> = parts
        .iter()
        .map(|part| {
            let key = if json.starts_with('{') {
                part.find("\":").map_or(0, |at| at + 2)
            } else {
                0
            };
            let (key, value) = part.split_at(key);
            let gap = if key.is_empty() { "" } else { " " };
            format!("{:inner$}{key}{gap}{}", "", laid_out(value, inner))
        })
        .collect();
    let (open, close) = (&json[..1], &json[json.len() - 1..]);
    format!("{open}\n{}\n{:indent$}{close}", lines.join(",\n"), "")
}

/// The members or values of an object or a list; nothing for another value.
fn parts(json: &str) -> Vec<&str> {
    if !json.starts_with(['{', '[']) || json.len() == 2 {
        return Vec::new();
    }
    let (mut parts, mut from) = (Vec::new(), 1);
    for (at, c, depth) in outside_texts(json) {
        if (c == ',' && depth == 1) || at == json.len() - 1 {
            parts.push(&json[from..at]);
            from = at + 1;
        }
    }
    parts
}

/// The same with a space after each colon and comma.
fn flat(json: &str) -> String {
    let mut spaced = json.to_owned();
    let gaps: Vec<usize> = outside_texts(json)
        .filter(|(_, c, _)| matches!(c, ':' | ','))
        .map(|(at, ..)| at + 1)
        .collect();
    gaps.into_iter().rev().for_each(|at| spaced.insert(at, ' '));
    spaced
}

/// Every character outside texts with its place and the depth of nesting there.
fn outside_texts(json: &str) -> impl Iterator<Item = (usize, char, u32)> + '_ {
    let (mut in_text, mut escaped, mut depth) = (false, false, 0);
    json.char_indices().filter_map(move |(at, c)| {
        let was_in_text = in_text;
        in_text ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        if was_in_text || in_text {
            return None;
        }
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        Some((at, c, depth))
    })
}
