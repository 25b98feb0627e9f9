use std::collections::HashSet;

use proptest::prelude::*;
use vault_wire::value::Value;

use super::*;
use crate::import::{Draft, Rejected};

fn read(document: &[u8]) -> (Vec<Item>, Option<ImportError>) {
    let mut points = Points::new(document, Drafter::new(None));
    let mut items = Vec::new();
    loop {
        match points.next() {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, None),
            Err(error) => return (items, Some(error)),
        }
    }
}

fn drafts(document: &str) -> Vec<Draft> {
    let (items, error) = read(document.as_bytes());
    assert!(error.is_none(), "{error:?}");
    items
        .into_iter()
        .map(|item| match item {
            Item::Draft(draft) => draft,
            Item::Rejected(rejected) => panic!("line {}: {}", rejected.place, rejected.reason),
        })
        .collect()
}

fn rejections(document: &str) -> Vec<Rejected> {
    let (items, _) = read(document.as_bytes());
    items
        .into_iter()
        .filter_map(|item| match item {
            Item::Rejected(rejected) => Some(rejected),
            Item::Draft(_) => None,
        })
        .collect()
}

fn time(draft: &Draft) -> String {
    draft.occurred_at.map(|at| at.to_string()).unwrap_or_default()
}

#[test]
fn waypoints_route_points_and_track_points_all_become_locations() {
    let drafts = drafts(
        "<gpx version='1.1' xmlns='http://www.topografix.com/GPX/1/1'>
         <wpt lat='46.1' lon='14.1'><ele>310.5</ele><name>Spring &amp; hut</name></wpt>
         <rte><name>Plan</name><rtept lat='46.2' lon='14.2'/></rte>
         <trk><name>Walk</name><trkseg>
           <trkpt lat='46.3' lon='14.3'><time>2026-05-01T08:00:00.1239Z</time></trkpt>
         </trkseg></trk></gpx>",
    );
    assert_eq!(drafts.len(), 3);
    assert_eq!(drafts[0].fields["place"], Value::Text("Spring & hut".into()));
    assert_eq!(drafts[0].fields["altitude_m"], Value::Float(310.5));
    assert_eq!(drafts[1].fields["place"], Value::Text("Plan".into()));
    assert_eq!(drafts[2].fields["place"], Value::Text("Walk".into()));
    assert_eq!(time(&drafts[2]), "2026-05-01T08:00:00.123Z");
    assert_eq!(drafts[2].place, 5);
}

#[test]
fn a_point_without_a_time_or_a_name_has_none() {
    let drafts =
        drafts("<gpx><trk><name> </name><trkseg><trkpt lat='1' lon='2'><time/></trkpt></trkseg></trk></gpx>");
    assert_eq!(drafts[0].occurred_at, None);
    assert_eq!(drafts[0].fields.keys().collect::<Vec<_>>(), ["lat", "lon"]);
}

#[test]
fn the_name_of_one_track_does_not_reach_the_next() {
    let drafts =
        drafts("<gpx><trk><name>A</name></trk><trk><trkseg><trkpt lat='1' lon='2'/></trkseg></trk></gpx>");
    assert!(!drafts[0].fields.contains_key("place"));
}

#[test]
fn prefixes_are_tolerated_and_old_years_are_kept_as_said() {
    let drafts = drafts(
        "<g:gpx xmlns:g='http://www.topografix.com/GPX/1/1'><g:wpt lat='1' lon='2'>\
         <g:time>1901-12-13T20:45:52.2073437Z</g:time></g:wpt><g:wpt lat='1' lon='2'>\
         <g:time>1999-01-01T00:00:00</g:time></g:wpt></g:gpx>",
    );
    assert_eq!(time(&drafts[0]), "1901-12-13T20:45:52.207Z");
    assert_eq!(time(&drafts[1]), "1999-01-01T00:00:00Z");
}

#[test]
fn an_accuracy_in_metres_is_kept_and_a_dilution_of_precision_is_not() {
    let drafts = drafts(
        "<gpx><wpt lat='1' lon='2'><hdop>1.2</hdop><extensions><x:accuracy>4.5</x:accuracy></extensions></wpt>\
         <wpt lat='1' lon='2'><hdop>1.2</hdop></wpt></gpx>",
    );
    assert_eq!(drafts[0].fields["accuracy_m"], Value::Float(4.5));
    assert!(!drafts[1].fields.contains_key("accuracy_m"));
}

#[test]
fn a_bad_point_is_rejected_with_its_line_and_the_rest_goes_on() {
    let document = "<gpx>\n<wpt lat='91' lon='2'/>\n<wpt lat='x' lon='2'/>\n<wpt lat='1'/>\n\
                    <wpt lat='1' lon='2'><time>yesterday</time></wpt>\n<wpt lat='nan' lon='2'/>\n<wpt lat='1' lon='2'/>\n</gpx>";
    let rejections = rejections(document);
    assert_eq!(
        rejections.iter().map(|r| r.place).collect::<Vec<_>>(),
        [2, 3, 4, 5, 6]
    );
    assert!(rejections[3].reason.starts_with("time"));
    assert_eq!(read(document.as_bytes()).0.len(), 6);
}

#[test]
fn a_file_that_is_cut_off_gives_what_was_good_and_says_how_far() {
    let (items, error) = read(b"<gpx>\n<wpt lat='1' lon='2'/>\n<wpt lat='1' lon='2'>");
    assert_eq!(items.len(), 1);
    assert!(
        matches!(
            error,
            Some(ImportError::BrokenXml {
                line: 3,
                points: 1,
                ..
            })
        ),
        "{error:?}"
    );
    let (_, error) = read(b"<gpx><trk></gpx>");
    assert!(matches!(error, Some(ImportError::BrokenXml { .. })));
}

#[test]
fn xml_that_is_not_gpx_says_what_it_is() {
    let (_, error) = read(b"<?xml version='1.0'?><HealthData/>");
    assert!(matches!(error, Some(ImportError::NotGpx { root }) if root == "HealthData"));
    assert!(matches!(read(b"").1, Some(ImportError::Empty)));
    assert!(matches!(
        read(b"<?xml version='1.0'?>").1,
        Some(ImportError::BrokenXml { .. })
    ));
}

#[test]
fn entities_of_a_document_type_are_not_expanded() {
    let document = "<!DOCTYPE gpx [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'><!ENTITY f SYSTEM 'file:///etc/hosts'>]>\
                    <gpx><wpt lat='1' lon='2'><name>&b;&f;&#233;</name></wpt></gpx>";
    assert_eq!(drafts(document)[0].fields["place"], Value::Text("&b;&f;é".into()));
}

#[test]
fn endless_texts_tags_and_nesting_are_errors() {
    let long = "x".repeat(EVENT_BYTES_MAX * 3);
    for document in [
        format!("<gpx><wpt lat='1' lon='2'><name>{long}</name></wpt></gpx>"),
        format!("<gpx><wpt lat='1' lon='2' {long}='1'/></gpx>"),
        format!("<gpx><!-- {long} --></gpx>"),
        format!("<!DOCTYPE gpx [{long}]><gpx/>"),
        format!("<gpx>{}", "<a>".repeat(1000)),
    ] {
        let (items, error) = read(document.as_bytes());
        assert!(items.is_empty());
        assert!(matches!(error, Some(ImportError::BrokenXml { .. })), "{error:?}");
    }
}

#[test]
fn a_long_name_in_pieces_is_rejected_and_takes_no_more_memory_than_its_limit() {
    let pieces = "<![CDATA[0123456789]]>".repeat(10_000);
    let document = format!("<gpx><wpt lat='1' lon='2'><name>{pieces}</name></wpt></gpx>");
    assert!(rejections(&document)[0].reason.contains("4096"));
}

#[test]
fn standing_still_gives_as_many_records_as_points() {
    let point = "<wpt lat='1' lon='2'/>".repeat(5);
    let hashes: HashSet<_> = drafts(&format!("<gpx>{point}</gpx>"))
        .iter()
        .map(|d| d.dedup)
        .collect();
    assert_eq!(hashes.len(), 5);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_shuffled_markup_makes_it_panic(parts in prop::collection::vec(
        prop::sample::select(vec!["<gpx>", "</gpx>", "<wpt lat='1' lon='2'>", "</wpt>", "<trk>", "</trk>", "<name>",
            "</name>", "<time>", "</time>", "2026-01-01T00:00:00Z", "&amp;", "&", "&#0;", "<![CDATA[", "]]>", "<!--",
            "-->", "<!DOCTYPE", ">", "<ele/>", "'", "\u{e9}"]), 0..40)) {
        let document = format!("<gpx>{}", parts.concat());
        let (items, _) = read(document.as_bytes());
        prop_assert!(items.len() <= parts.len());
    }
}
