//! Purposes: why data is wanted, from a fixed list.

use serde::{Deserialize, Serialize};

/// Why data is wanted: a code of the fixed list, mapped to the Data Privacy Vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// Suit content or offers to the person.
    Personalisation,
    /// Recommend products, places or content.
    Recommendations,
    /// Show the person their own spending.
    ExpenseTracking,
    /// Run a loyalty programme.
    Loyalty,
    /// Send marketing.
    Marketing,
    /// Show advertising.
    Advertising,
    /// Measure and understand use in aggregate.
    Analytics,
    /// Research.
    Research,
    /// Coach wellness and fitness.
    Wellness,
    /// Provide or support health care.
    Healthcare,
    /// Assess an insurance.
    Insurance,
    /// Assess credit.
    CreditAssessment,
    /// Prevent fraud.
    FraudPrevention,
    /// Verify identity.
    IdentityVerification,
    /// Answer the person's support request.
    CustomerSupport,
    /// Provide the service that the person asked for.
    ServiceProvision,
    /// Navigate or show what is near.
    LocationServices,
    /// Improve the product.
    ProductImprovement,
    /// Prepare taxes or accounts.
    Accounting,
    /// Meet a legal duty.
    LegalCompliance,
}

/// A purpose code that is not on the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown purpose code")]
pub struct UnknownPurpose;

impl Purpose {
    /// Every purpose with its code and its term in the Data Privacy Vocabulary.
    pub const ALL: [(Self, &'static str, &'static str); 20] = [
        (Self::Personalisation, "personalisation", "dpv:Personalisation"),
        (
            Self::Recommendations,
            "recommendations",
            "dpv:ProvidePersonalisedRecommendations",
        ),
        (Self::ExpenseTracking, "expense_tracking", "dpv:ServiceProvision"),
        (Self::Loyalty, "loyalty", "dpv:CustomerRelationshipManagement"),
        (Self::Marketing, "marketing", "dpv:Marketing"),
        (Self::Advertising, "advertising", "dpv:Advertising"),
        (Self::Analytics, "analytics", "dpv:ServiceUsageAnalytics"),
        (Self::Research, "research", "dpv:ResearchAndDevelopment"),
        (Self::Wellness, "wellness", "dpv:ServiceProvision"),
        (Self::Healthcare, "healthcare", "dpv:ServiceProvision"),
        (Self::Insurance, "insurance", "dpv:ServiceProvision"),
        (Self::CreditAssessment, "credit_assessment", "dpv:CreditChecking"),
        (
            Self::FraudPrevention,
            "fraud_prevention",
            "dpv:FraudPreventionAndDetection",
        ),
        (
            Self::IdentityVerification,
            "identity_verification",
            "dpv:IdentityVerification",
        ),
        (Self::CustomerSupport, "customer_support", "dpv:CustomerCare"),
        (
            Self::ServiceProvision,
            "service_provision",
            "dpv:ServiceProvision",
        ),
        (
            Self::LocationServices,
            "location_services",
            "dpv:ServiceProvision",
        ),
        (
            Self::ProductImprovement,
            "product_improvement",
            "dpv:ServiceOptimisation",
        ),
        (Self::Accounting, "accounting", "dpv:RecordManagement"),
        (Self::LegalCompliance, "legal_compliance", "dpv:LegalCompliance"),
    ];

    /// Its code in the API.
    pub const fn code(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The purpose behind a code.
    pub fn from_code(code: &str) -> Result<Self, UnknownPurpose> {
        Self::ALL
            .into_iter()
            .find(|(_, name, _)| *name == code)
            .map(|(purpose, ..)| purpose)
            .ok_or(UnknownPurpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_reads_back_from_its_code() {
        for (purpose, code, _) in Purpose::ALL {
            assert_eq!(purpose.code(), code);
            assert_eq!(Purpose::from_code(code), Ok(purpose));
        }
    }
}
