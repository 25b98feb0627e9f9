//! Invariant I3: what is not granted never leaves the device. Looked for on the wire, in what the
//! server could open, in what it keeps on the disk, and in what a developer gets.

use harness::{Ask, Tap, Traces, World, receipt};
use sync_server::service::holdings::holdings;
use vault_core::{
    Category::{Health, Locations, Receipts},
    NewRecord, Precision, Value,
};

#[tokio::test(flavor = "multi_thread")]
async fn ungranted_values_are_nowhere_but_in_the_vault() {
    let mut world = World::new(100).await;
    let tap = Tap::before(world.quic()).await;
    let device = world.offline_device();
    device
        .vault
        .connect(&tap.address(), world.pin(), None)
        .await
        .unwrap();
    let now = world.clocks.time();
    for n in 0..40 {
        let brand = format!("granted brand {n}");
        let method = format!("secret card {n} of the owner");
        device
            .vault
            .put(receipt(now, &brand, "123456.78", &method))
            .unwrap();
        let place = NewRecord::new(Locations)
            .at(now)
            .with("lat", Value::Float(46.056_947 + f64::from(n) / 1e5))
            .with("lon", Value::Float(14.505_751))
            .with("place", Value::Text(format!("home address {n}")));
        device.vault.put(place).unwrap();
        let health = NewRecord::new(Health).with("metric", Value::Text(format!("diagnosis number {n}")));
        device.vault.put(health).unwrap();
    }
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    let everything = ["brand", "total_cost", "payment_method", "purchased_at"];
    developer
        .ask(&Ask::for_fields(Receipts, &everything), &subject)
        .await;
    device
        .grant(|all| all.only_fields(Receipts, &["brand"]).unwrap())
        .await;
    developer
        .ask(&Ask::for_fields(Locations, &["lat", "lon"]), &subject)
        .await;
    device
        .grant(|all| {
            let coarse = all.at_precision(Locations, "lat", Precision::Grid10km).unwrap();
            coarse
                .at_precision(Locations, "lon", Precision::Grid10km)
                .unwrap()
        })
        .await;
    let receipts = developer.read_all(&subject, Receipts, None).await.unwrap();
    let places = developer.read_all(&subject, Locations, None).await.unwrap();
    assert_eq!((receipts.len(), places.len()), (40, 40));
    assert!(
        places
            .iter()
            .all(|place| place.fields["lat"] == 46.05 && place.fields["lon"] == 14.55),
        "{places:?}"
    );
    device.sync().await;

    let vault = device.vault.status().unwrap().id;
    let could_open = holdings(world.server(), vault).unwrap();
    let fields: Vec<_> = could_open.fields.iter().map(String::as_str).collect();
    assert_eq!(
        (could_open.entries, could_open.unreadable, fields),
        (80, 0, vec!["brand", "lat", "lon"])
    );

    let mut ungranted = Traces::default().and_text("123456.78");
    for n in 0..40 {
        ungranted = ungranted
            .and_text(&format!("secret card {n} of the owner"))
            .and_text(&format!("home address {n}"));
        ungranted = ungranted.and_text(&format!("diagnosis number {n}"));
    }
    let answers: String = receipts
        .iter()
        .chain(&places)
        .map(|record| record.fields.to_string())
        .collect();
    assert_eq!(ungranted.found_in(answers.as_bytes()), None);
    let any_text = [Receipts, Locations, Health]
        .into_iter()
        .fold(ungranted, |traces, category| {
            traces.and_records(&device.records(category))
        });
    let heard = tap.heard();
    assert!(heard.len() > 20_000, "the tap heard only {} bytes", heard.len());
    assert_eq!(any_text.found_in(&heard), None, "on the wire");
    let (found, searched) = any_text.found_below(world.data_folder());
    assert!(searched > 50_000, "only {searched} bytes were searched");
    assert_eq!(found, None, "in the server's data");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_consent_not_even_the_number_of_records_leaves() {
    let mut world = World::new(101).await;
    let mut heard = Vec::new();
    for records in [0, 3_000] {
        let tap = Tap::before(world.quic()).await;
        let device = world.offline_device();
        let now = world.clocks.time();
        let many = (0..records).map(|n| receipt(now, &format!("brand {n}"), "1", "card"));
        device.vault.put_batch(many.collect()).unwrap();
        device
            .vault
            .connect(&tap.address(), world.pin(), None)
            .await
            .unwrap();
        let developer = world.developer("Shop").await;
        let subject = device.link(&developer).await;
        developer
            .ask(&Ask::for_fields(Receipts, &["brand"]), &subject)
            .await;
        assert_eq!(device.sync().await.entries, 0);
        device.vault.reject(device.pending().unwrap().request.id).unwrap();
        assert_eq!(device.sync().await.entries, 0);
        let vault = device.vault.status().unwrap().id;
        assert_eq!(holdings(world.server(), vault).unwrap().entries, 0);
        heard.push(tap.heard().len());
    }
    // Handshakes differ by some packets; three thousand records would be a hundred times more.
    assert!(
        heard[1] < 2 * heard[0],
        "{heard:?} bytes without and with records"
    );
}
