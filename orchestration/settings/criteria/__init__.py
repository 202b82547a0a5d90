"""Models of criteria.yml, one module a method. A business person can change every number here without code.

Add a method as a module of its own with a key in `file.py`. No SQL, and no knowledge of tables beyond the names of the
features that a criterion may use.
"""

from orchestration.settings.criteria.bands import Code, Interval, Positive, Text, check_intervals
from orchestration.settings.criteria.classes import Abc, Lifecycle, OwnCycle
from orchestration.settings.criteria.clusters import CLUSTER_FEATURES, Clusters, ClusterWords
from orchestration.settings.criteria.clv import Clv
from orchestration.settings.criteria.effects import Effects, Intervention, Treated
from orchestration.settings.criteria.file import CriteriaFile, History, criteria_files, load_criteria
from orchestration.settings.criteria.inputs import CLASS_COLUMNS, FEATURE_COLUMNS, FEATURES, PROFILE_COLUMNS
from orchestration.settings.criteria.leads import Engagement, LeadScore, SizeBand
from orchestration.settings.criteria.rfm import Rfm, Segment, SegmentMap, Thresholds
from orchestration.settings.criteria.schemes import FEATURE_DIRECTIONS, Band, Criterion, Direction, Flags, Scheme, Tier
from orchestration.settings.criteria.stages import PurchaseStages, Stage, StageRule
from orchestration.settings.criteria.tags import OTHER, UNKNOWN, Condition, Dimension, TagBand, TagRule, Tags, Values
from orchestration.settings.criteria.vocabulary import Vocabulary

__all__ = [
    "CLASS_COLUMNS",
    "CLUSTER_FEATURES",
    "FEATURES",
    "FEATURE_COLUMNS",
    "FEATURE_DIRECTIONS",
    "OTHER",
    "PROFILE_COLUMNS",
    "UNKNOWN",
    "Abc",
    "Band",
    "ClusterWords",
    "Clusters",
    "Clv",
    "Code",
    "Condition",
    "CriteriaFile",
    "Criterion",
    "Dimension",
    "Direction",
    "Effects",
    "Engagement",
    "Flags",
    "History",
    "Interval",
    "Intervention",
    "LeadScore",
    "Lifecycle",
    "OwnCycle",
    "Positive",
    "PurchaseStages",
    "Rfm",
    "Scheme",
    "Segment",
    "SegmentMap",
    "SizeBand",
    "Stage",
    "StageRule",
    "TagBand",
    "TagRule",
    "Tags",
    "Text",
    "Thresholds",
    "Tier",
    "Treated",
    "Values",
    "Vocabulary",
    "check_intervals",
    "criteria_files",
    "load_criteria",
]  # fmt: skip
