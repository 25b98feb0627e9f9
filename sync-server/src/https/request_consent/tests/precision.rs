//! Fields and how exactly they are asked for.

use serde_json::{Value as Json, json};
use vault_wire::catalogue::Precision;

use super::{Problem, named, now, parse, with};

/// The leaves that a category's `fields` and `precision` come to.
fn leaves(category: &str, fields: Json, precision: Json) -> Result<Vec<(String, Precision)>, Problem> {
    let body = with(|body| {
        body["authorization_details"][0]["category"] = json!(category);
        body["authorization_details"][0]["fields"] = fields;
        body["authorization_details"][0]["precision"] = precision;
    });
    let request = parse(&body, now())?;
    Ok(request.terms.details[0].fields.clone().into_iter().collect())
}

#[test]
fn a_parent_stands_for_its_leaves() {
    let all = leaves("receipts", json!(["purchase_location"]), json!(null)).unwrap();
    let names: Vec<&str> = all.iter().map(|(leaf, _)| leaf.as_str()).collect();
    assert_eq!(
        names,
        ["city", "country", "lat", "lon", "name"].map(|leaf| format!("purchase_location.{leaf}"))
    );
}

#[test]
fn a_place_can_be_asked_for_as_a_city_a_country_or_a_grid() {
    use Precision::{Exact, Grid1km, Grid100km};
    let place = |word: &str| {
        leaves(
            "receipts",
            json!(["purchase_location"]),
            json!({ "purchase_location": word }),
        )
    };
    let (city, country) = ("purchase_location.city", "purchase_location.country");
    let (lat, lon) = ("purchase_location.lat", "purchase_location.lon");
    assert_eq!(place("city").unwrap(), named(&[(city, Exact), (country, Exact)]));
    assert_eq!(place("country").unwrap(), named(&[(country, Exact)]));
    assert_eq!(
        place("1km").unwrap(),
        named(&[(city, Exact), (country, Exact), (lat, Grid1km), (lon, Grid1km)])
    );
    assert_eq!(
        place("100km").unwrap(),
        named(&[(country, Exact), (lat, Grid100km), (lon, Grid100km)])
    );
    assert_eq!(place("exact").unwrap().len(), 5);
}

#[test]
fn coordinates_and_times_have_their_own_precisions() {
    for grid in ["exact", "100m", "1km", "10km", "100km"] {
        let found = leaves(
            "locations",
            json!(["lat", "lon"]),
            json!({ "lat": grid, "lon": grid }),
        )
        .unwrap();
        assert!(found.iter().all(|(_, precision)| precision.name() == grid));
    }
    for time in ["exact", "day", "month", "year"] {
        let found = leaves(
            "locations",
            json!(["observed_at"]),
            json!({ "observed_at": time }),
        )
        .unwrap();
        assert_eq!(found[0].1.name(), time);
    }
}

#[test]
fn a_precision_that_leaves_nothing_names_nothing_or_contradicts_is_refused() {
    for (fields, precision) in [
        (
            json!(["purchase_location.lat"]),
            json!({ "purchase_location": "city" }),
        ),
        (json!(["brand"]), json!({ "purchased_at": "day" })),
        (json!(["brand"]), json!({ "shoe_size": "exact" })),
        (json!(["brand"]), json!({ "brand": 5 })),
        (
            json!(["purchase_location"]),
            json!({ "purchase_location": "1km", "purchase_location.lat": "exact" }),
        ),
    ] {
        let refusal = leaves("receipts", fields.clone(), precision.clone());
        assert!(refusal.is_err(), "{fields} {precision}");
    }
}
