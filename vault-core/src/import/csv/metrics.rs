//! Columns of wide activity tables (one row a day, one measurement a column), as Fitbit and others
//! export them.

/// A measurement that a column holds.
#[derive(Debug)]
pub(super) struct Metric {
    /// Names of its column, in letters and digits only, with spaces between them.
    names: &'static str,
    /// Its name in the vault.
    pub(super) metric: &'static str,
    /// Its unit in UCUM; nothing where exports differ and the column's name does not say.
    pub(super) unit: Option<&'static str>,
}

/// The measurement that a column with this plain name holds.
pub(super) fn named(name: &str) -> Option<&'static Metric> {
    METRICS
        .iter()
        .find(|metric| metric.names.split(' ').any(|known| known == name))
}

const fn metric(metric: &'static str, unit: &'static str, names: &'static str) -> Metric {
    Metric {
        names,
        metric,
        unit: Some(unit),
    }
}

const fn of_unsaid_unit(metric: &'static str, names: &'static str) -> Metric {
    Metric {
        names,
        metric,
        unit: None,
    }
}

static METRICS: [Metric; 43] = [
    metric(
        "steps",
        "{steps}",
        "steps totalsteps steptotal stepcount stepstotal dailysteps",
    ),
    metric("floors", "{floors}", "floors floorsclimbed totalfloors"),
    metric(
        "distance",
        "km",
        "totaldistance distancekm distanceinkm distancekilometers",
    ),
    metric("distance", "m", "distancem distancemeters distancemetres"),
    metric("distance", "[mi_i]", "distancemi distancemiles distanceinmiles"),
    of_unsaid_unit("distance", "distance"),
    metric("tracker_distance", "km", "trackerdistance"),
    metric("logged_activities_distance", "km", "loggedactivitiesdistance"),
    metric("very_active_distance", "km", "veryactivedistance"),
    metric("moderately_active_distance", "km", "moderatelyactivedistance"),
    metric("light_active_distance", "km", "lightactivedistance"),
    metric("sedentary_active_distance", "km", "sedentaryactivedistance"),
    metric(
        "very_active_minutes",
        "min",
        "veryactiveminutes minutesveryactive",
    ),
    metric(
        "fairly_active_minutes",
        "min",
        "fairlyactiveminutes minutesfairlyactive",
    ),
    metric(
        "lightly_active_minutes",
        "min",
        "lightlyactiveminutes minuteslightlyactive",
    ),
    metric("sedentary_minutes", "min", "sedentaryminutes minutessedentary"),
    metric(
        "active_minutes",
        "min",
        "activeminutes minutesactive exerciseminutes moveminutescount",
    ),
    metric(
        "calories",
        "kcal",
        "calories caloriesburned totalcalories calorieskcal energykcal",
    ),
    metric(
        "active_calories",
        "kcal",
        "activitycalories activecalories activeenergykcal",
    ),
    metric(
        "basal_calories",
        "kcal",
        "caloriesbmr basalcalories restingcalories",
    ),
    metric(
        "sleep_minutes",
        "min",
        "sleepminutes minutesasleep totalminutesasleep sleepmin",
    ),
    metric("sleep_hours", "h", "sleephours hoursasleep"),
    metric("awake_minutes", "min", "minutesawake awakeminutes"),
    metric(
        "time_in_bed_minutes",
        "min",
        "timeinbed totaltimeinbed minutesinbed",
    ),
    metric("rem_sleep_minutes", "min", "minutesremsleep remsleepminutes"),
    metric(
        "light_sleep_minutes",
        "min",
        "minuteslightsleep lightsleepminutes",
    ),
    metric("deep_sleep_minutes", "min", "minutesdeepsleep deepsleepminutes"),
    metric("sleep_records", "{records}", "totalsleeprecords sleeprecords"),
    metric("awakenings", "{awakenings}", "numberofawakenings awakenings"),
    metric(
        "heart_rate",
        "/min",
        "heartrate heartratebpm avgheartrate averageheartrate averageheartratebpm bpm pulse",
    ),
    metric(
        "resting_heart_rate",
        "/min",
        "restingheartrate restingheartratebpm restinghr",
    ),
    metric("max_heart_rate", "/min", "maxheartrate maxheartratebpm"),
    metric("min_heart_rate", "/min", "minheartrate minheartratebpm"),
    metric(
        "heart_rate_variability",
        "ms",
        "hrvms hrvrmssd rmssd heartratevariabilityms",
    ),
    metric("respiratory_rate", "/min", "respiratoryrate breathingrate"),
    metric("oxygen_saturation", "%", "spo2 oxygensaturation bloodoxygen"),
    metric("weight", "kg", "weightkg weightinkg weightkilograms"),
    metric("weight", "[lb_av]", "weightlb weightlbs weightpounds"),
    of_unsaid_unit("weight", "weight"),
    metric("body_mass_index", "kg/m2", "bmi bodymassindex"),
    metric("body_fat", "%", "fat bodyfat bodyfatpercentage"),
    metric("water", "mL", "waterml waterintakeml"),
    metric(
        "body_temperature",
        "Cel",
        "bodytemperaturec bodytemperaturecelsius",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::text::plain;

    #[test]
    fn no_two_measurements_share_a_column_name_and_every_name_is_plain() {
        let mut names: Vec<_> = METRICS
            .iter()
            .flat_map(|metric| metric.names.split(' '))
            .collect();
        assert!(names.iter().all(|name| plain(name) == *name));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_unit_is_said_by_the_name_or_not_at_all() {
        assert_eq!(named(&plain("Weight (kg)")).unwrap().unit, Some("kg"));
        assert_eq!(named("weight").unwrap().unit, None);
        assert!(named("mood").is_none());
    }
}
