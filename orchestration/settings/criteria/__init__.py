"""Models of criteria.yml, one module a method. A business person can change every number here without code.

Add a method as a module of its own with a key in `file.py`. No SQL, and no knowledge of tables beyond the names of the
features that a criterion may use.
"""

from orchestration.settings.criteria.bands import Code, Interval, Positive, Text, check_intervals
from orchestration.settings.criteria.classes import Abc, Lifecycle, OwnCycle
from orchestration.settings.criteria.effects import Effects, Intervention, Treated
from orchestration.settings.criteria.file import CriteriaFile, History, load_criteria, segment_map_file
from orchestration.settings.criteria.rfm import Rfm, Segment, SegmentMap, Thresholds
from orchestration.settings.criteria.schemes import FEATURE_DIRECTIONS, Band, Criterion, Direction, Flags, Scheme, Tier

__all__ = [
    "FEATURE_DIRECTIONS",
    "Abc",
    "Band",
    "Code",
    "CriteriaFile",
    "Criterion",
    "Direction",
    "Effects",
    "Flags",
    "History",
    "Interval",
    "Intervention",
    "Lifecycle",
    "OwnCycle",
    "Positive",
    "Rfm",
    "Scheme",
    "Segment",
    "SegmentMap",
    "Text",
    "Thresholds",
    "Tier",
    "Treated",
    "check_intervals",
    "load_criteria",
    "segment_map_file",
]  # fmt: skip
