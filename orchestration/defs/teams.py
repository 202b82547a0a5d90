"""Who answers for an asset that its source does not name an owner for."""

DATA_TEAM = ["team:data-engineering"]
ANALYTICS_TEAM = ["team:customer-analytics"]
