//! The names under which people's tables have the catalogue's fields, on one page.
//!
//! Names are plain (letters and digits, lower case), with spaces between them, best first. A field's own path, and
//! `occurred_at`, are always among its names.

use vault_wire::catalogue::Category;

/// How a table of one category is recognised.
pub(super) struct Profile {
    pub(super) category: Category,
    /// Names of the column with the moment.
    pub(super) time: &'static str,
    /// Names of the columns with fields.
    pub(super) fields: &'static [(&'static str, &'static str)],
    /// What must be there, one of each group, before a table is taken for this category.
    pub(super) needs: &'static [&'static [Need]],
}

/// Something that a kind of table has.
#[derive(Clone, Copy)]
pub(super) enum Need {
    Time,
    Field(&'static str),
    /// Columns of money in and money out.
    Paid,
    /// Columns of measurements.
    Metric,
}

use Need::{Field, Metric, Paid, Time};

/// Columns that say whose row it is. They are no field, but tell people apart.
pub(super) const SUBJECT: &str =
    "userid user personid participantid participant subjectid patientid memberid";
/// In health tables, `Id` is a person as well.
pub(super) const HEALTH_SUBJECT: &str = "id";
/// The time of day, beside a column with the date.
pub(super) const TIME_OF_DAY: &str = "time timeofday transactiontime purchasetime localtime";
/// Names of the time column that mean a date without a time of day.
pub(super) const DATES: &str =
    "date transactiondate dateoftransaction purchasedate orderdate receiptdate day visitdate";
/// Money out, in a column of its own.
pub(super) const MONEY_OUT: &str =
    "debit debitamount withdrawal withdrawals withdrawalamount paidout moneyout";
/// Money in, in a column of its own.
pub(super) const MONEY_IN: &str = "credit creditamount deposit deposits depositamount paidin moneyin";
/// What is left on the account. Not imported, but beside it the sign of an amount is certain.
pub(super) const BALANCE: &str = "balance runningbalance accountbalance closingbalance balanceafter";

pub(super) static PROFILES: [Profile; 10] = [
    Profile {
        category: Category::Receipts,
        time: "purchasedate dateofpurchase transactiondate dateoftransaction orderdate receiptdate \
                 saledate date datetime timestamp bookingdate completeddate starteddate posteddate \
                 postingdate postdate valuedate transactiontime purchasetime time",
        fields: &[
            (
                "total_cost",
                "total totalamount grandtotal totalprice totalpaid amountpaid transactionamount amount \
                 price cost paid spent sum",
            ),
            (
                "brand",
                "merchant merchantname brandname store storename shop shopname retailer vendor seller \
                 payee counterparty recipient beneficiary description transactiondescription \
                 originaldescription details narrative memo name",
            ),
            ("currency", "currencycode ccy transactioncurrency"),
            (
                "direction",
                "transactiontype debitcredit creditdebit debitorcredit drcr crdr type",
            ),
            (
                "purchase_category",
                "category productcategory expensecategory transactioncategory department",
            ),
            (
                "brand_category",
                "merchantcategory storecategory storetype shoptype",
            ),
            (
                "payment_method",
                "paymenttype paidwith paidby tender method card cardname accountname account",
            ),
            (
                "purchase_location.name",
                "branch branchname storelocation location",
            ),
            ("purchase_location.city", "city town storecity merchantcity"),
            (
                "purchase_location.country",
                "country countrycode storecountry merchantcountry",
            ),
            ("purchase_location.lat", "lat latitude"),
            ("purchase_location.lon", "lon lng long longitude"),
            ("items", "lineitems products basket"),
        ],
        needs: &[&[Field("total_cost"), Paid], &[Time, Field("brand")]],
    },
    Profile {
        category: Category::Locations,
        time: "timestamp datetime utctime recordedat locationtime fixtime date time",
        fields: &[
            ("lat", "latitude latdeg ycoordinate"),
            ("lon", "longitude lng long londeg xcoordinate"),
            (
                "altitude_m",
                "altitude alt ele elevation elevationm altitudemeters height",
            ),
            (
                "accuracy_m",
                "accuracy horizontalaccuracy accuracymeters horizontalaccuracym",
            ),
            ("place", "placename name label address"),
        ],
        needs: &[&[Field("lat")], &[Field("lon")]],
    },
    Profile {
        category: Category::Health,
        time: "activitydate activityday activityhour activityminute sleepday sleepdate dateofsleep \
                 timestamp datetime date day time starttime startdate recordedat",
        fields: &[
            ("metric", "measurement measure datatype type"),
            ("value", "reading quantity result"),
            ("unit", "units uom"),
            ("source", ""),
            ("activity.type", "activitytype activity exercise workout sport"),
            ("activity.duration", "durationseconds activitydurationseconds"),
            ("activity.distance", "activitydistancem"),
            ("activity.energy", "activityenergykcal"),
        ],
        needs: &[&[Field("metric"), Metric], &[Field("value"), Metric]],
    },
    Profile {
        category: Category::Cards,
        time: "installdate addedat dateadded joinedat membersince date",
        fields: &[
            (
                "card_name",
                "card programme program loyaltyprogram loyaltyprogramme membership",
            ),
            ("brand", "merchant store shop company issuer"),
            ("kind", "cardtype cardkind type"),
            ("status", "cardstatus state"),
            ("tier", "level statuslevel"),
        ],
        needs: &[
            &[Field("card_name")],
            &[Field("brand"), Field("kind"), Field("status"), Field("tier")],
        ],
    },
    Profile {
        category: Category::AppUsage,
        time: "starttime timestamp datetime date time day",
        fields: &[
            ("app", "appname application applicationname package packagename"),
            ("feature", "screen screenname section"),
            ("event", "eventname eventtype action"),
            (
                "duration_seconds",
                "duration durations durationsec usageseconds secondsused",
            ),
            ("count", "launches opens timesopened sessions"),
        ],
        needs: &[
            &[Field("app")],
            &[
                Field("event"),
                Field("feature"),
                Field("duration_seconds"),
                Field("count"),
            ],
        ],
    },
    Profile {
        category: Category::Browsing,
        time: "visittime visitdate lastvisittime lastvisited timestamp datetime date time",
        fields: &[
            ("domain", "host hostname site website"),
            ("url", "link pageurl address uri"),
            ("duration_seconds", "duration durationsec timespentseconds"),
            ("clicks", "clickcount"),
            ("interest_keywords", "keywords interests tags"),
            ("source", "browser extension"),
        ],
        needs: &[
            &[Field("domain"), Field("url")],
            &[Time, Field("duration_seconds"), Field("clicks")],
        ],
    },
    Profile {
        category: Category::Surveys,
        time: "timestamp submittedat date time",
        fields: &[("question", ""), ("answers", "answer response responses")],
        needs: &[&[Field("question")], &[Field("answers")]],
    },
    Profile {
        category: Category::ButtonEvents,
        time: "timestamp date time",
        fields: &[("button_id", "button"), ("placement", ""), ("action", "event")],
        needs: &[&[Field("button_id")], &[Field("action"), Field("placement")]],
    },
    Profile {
        category: Category::UsageMetrics,
        time: "timestamp date time",
        fields: &[("integration", ""), ("metric", ""), ("value", ""), ("period", "")],
        needs: &[&[Field("integration")], &[Field("metric")], &[Field("value")]],
    },
    Profile {
        category: Category::Summaries,
        time: "",
        fields: &[
            ("view", ""),
            ("period", ""),
            ("currency", ""),
            ("total", ""),
            ("count", ""),
        ],
        needs: &[
            &[Field("view")],
            &[Field("period")],
            &[Field("total"), Field("count")],
        ],
    },
];

/// Whether a plain name is one of these.
pub(super) fn is_among(name: &str, names: &str) -> bool {
    names.split_whitespace().any(|known| known == name)
}

impl Profile {
    /// The profile of a category.
    pub(super) fn of(category: Category) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.category == category)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::text::plain;

    #[test]
    fn every_category_has_a_profile_of_fields_that_it_has() {
        for category in Category::ALL {
            let profile = Profile::of(category).unwrap();
            for (path, names) in profile.fields {
                assert!(category.spec().kind_of(path).is_some(), "{category} {path}");
                assert!(names.split_whitespace().all(|name| plain(name) == name), "{path}");
            }
        }
    }
}
