"""Models of criteria.yml, one module a method. A business person can change every number here without code.

Add a method as a module of its own with a key in `file.py`. No SQL, and no knowledge of tables beyond the names of the
features that a criterion may use.
"""

from orchestration.settings.criteria.bands import Code, Interval, Positive, Text, check_intervals
from orchestration.settings.criteria.classes import Abc, Lifecycle, OwnCycle
from orchestration.settings.criteria.clusters import CLUSTER_FEATURES, Clusters, ClusterWords
from orchestration.settings.criteria.effects import Effects, Intervention, Treated
from orchestration.settings.criteria.file import CriteriaFile, History, load_criteria, segment_map_file
from orchestration.settings.criteria.leads import Engagement, LeadScore
from orchestration.settings.criteria.rfm import Rfm, Segment, SegmentMap, Thresholds
from orchestration.settings.criteria.schemes import FEATURE_DIRECTIONS, Band, Criterion, Direction, Flags, Scheme, Tier
from orchestration.settings.criteria.stages import PurchaseStages, Stage, StageRule

__all__ = [
    "CLUSTER_FEATURES",
    "FEATURE_DIRECTIONS",
    "Abc",
    "Band",
    "ClusterWords",
    "Clusters",
    "Code",
    "CriteriaFile",
    "Criterion",
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
    "Stage",
    "StageRule",
    "Text",
    "Thresholds",
    "Tier",
    "Treated",
    "check_intervals",
    "load_criteria",
    "segment_map_file",
]  # fmt: skip
