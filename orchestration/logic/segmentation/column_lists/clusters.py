# ruff: noqa: E501  (one column a line, whatever its width)
"""The columns of cluster_segments and cluster_profiles."""

from orchestration.logic.segmentation.column_lists.types import COUNT, MONEY, TEXT, Lines

_NAMED: Lines = (
    ("cluster_id", "INTEGER", "群编号", "Number of the cluster; the same from period to period, 1 had the highest mean net amount in the oldest fit"),
    ("cluster_label", TEXT, "群名称", "Name of the cluster, Chinese / English"),
    ("cluster_label_zh", TEXT, "群中文名", "Chinese name: the features by which the cluster stands out against all"),
    ("cluster_label_en", TEXT, "群英文名", "English name: the features by which the cluster stands out against all"),
)  # fmt: skip
SEGMENTS: Lines = (
    *_NAMED,
    ("distance", "DECIMAL(18,6)", "到中心距离", "Distance to the centroid of the cluster in scaled units"),
    ("silhouette", "DECIMAL(9,6)", "轮廓系数", "(b - a) / max(a, b), a the distance to the own centroid, b to the next one: 1 is clear, 0 is between two"),
)  # fmt: skip
PROFILES: Lines = (
    *_NAMED,
    ("description_zh", TEXT, "中文说明", "The cluster in Chinese: customers, revenue, and the means of the features that name it"),
    ("description_en", TEXT, "英文说明", "The cluster in English: customers, revenue, and the means of the features that name it"),
    ("count_customers", COUNT, "客户数", "Customers in the cluster on the as-of day"),
    ("customers_share", "DECIMAL(9,6)", "客户占比", "Share of the clustered customers"),
    ("net_amount", MONEY, "净销售额", "Net amount of the cluster's customers in the window"),
    ("revenue_share", "DECIMAL(18,6)", "净销售额占比", "Share of the net amount of the clustered customers; null when that is not positive"),
    ("feature_means", TEXT, "特征均值", "JSON: mean of each feature over the cluster's customers"),
    ("feature_medians", TEXT, "特征中位数", "JSON: median of each feature over the cluster's customers"),
    ("centroid", TEXT, "群中心", "JSON: centroid by feature, in scaled units"),
    ("scaling", TEXT, "缩放方式", "JSON: how each feature was scaled: (x - center) / scale, after sign(x) ln(1 + |x|) if log; fill stands for a missing value"),
    ("count_clusters", "INTEGER", "群数", "Chosen number of clusters (k)"),
    ("silhouette", "DECIMAL(9,6)", "平均轮廓系数", "Mean silhouette of the customers that were fitted: what k was chosen by"),
    ("fitted_on", "DATE", "拟合日", "First day of the period for which the clusters were fitted, from the facts before it"),
)  # fmt: skip
