"""The columns that tags may look at: numbers of customer_features, and texts of the profile and the classes."""

from typing import Annotated

from pydantic import AfterValidator

from orchestration.settings.criteria.schemes import FEATURE_DIRECTIONS

# Numbers that are neither good nor bad for the business, so that no criterion weighs them.
NEUTRAL_FEATURES = (
    "age_years", "discount_order_share", "coupon_share", "price_percentile", "price_sensitivity", "eco_share",
    "online_payment_share", "mobile_payment_share", "weekend_share", "weekend_holiday_share", "presale_share",
    "aftersale_share", "service_need_share", "custom_request_rate", "top_category_share", "visit_days_window",
    "visit_regularity",
)  # fmt: skip
FEATURES = tuple(sorted({*FEATURE_DIRECTIONS, *NEUTRAL_FEATURES}))

PROFILE_COLUMNS = (
    "customer_type", "gender", "country", "region", "region_zone", "city", "city_tier", "climate_zone", "industry",
    "size_band", "district", "occupation", "household", "income_band", "education",
)  # fmt: skip
FEATURE_COLUMNS = (
    "main_channel",
    "main_payment",
    "usual_time",
    "top_category",
    "top_brand",
    "marketing_consent",
    "intent",
)
CLASS_COLUMNS = ("lifecycle", "rfm_segment", "abc_class")
TEXT_COLUMNS = (*PROFILE_COLUMNS, *FEATURE_COLUMNS, *CLASS_COLUMNS)


def _feature(name: str) -> str:
    if name not in FEATURES:
        raise ValueError(f"unknown feature column; one of {', '.join(FEATURES)}")
    return name


def _column(name: str) -> str:
    if name not in TEXT_COLUMNS:
        raise ValueError(f"unknown text column; one of {', '.join(TEXT_COLUMNS)}")
    return name


Feature = Annotated[str, AfterValidator(_feature)]
TextColumn = Annotated[str, AfterValidator(_column)]
