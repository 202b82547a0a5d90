# ruff: noqa: E501 (the faults read best one a line)
"""Every kind of check meets a row that breaks it: the right check fails, says what it saw and its bound, and holds no value."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from quality.checks import CheckResult
from quality.runner import rules, run_suite
from quality.suites import LAYERS

Plant = Callable[[str], Path]
CANARY = "canary@example.com"
ORDER = "(select min(order_key) from marts.orders)"
FIRST = "(select min(customer_id) from marts.customers)"
BUYER = "(select min(customer_id) from insights.customer_features where count_orders > 0)"

# layer, what spoils the warehouse, the check that must fail, what it observes
# As if the models had learned from known outcomes.
BY_OUTCOMES = "update insights.churn_models set model = 'contract_' || model; update insights.churn_scores set model = 'contract_' || model"
FAULTS = [
    ("raw", "update control.ingest_ledger set rows_read = 99 where sha256 = 'aa'", "ingest_ledger__rows_add_up", 1),
    ("raw", "insert into control.ingest_ledger select * from control.ingest_ledger where sha256 = 'bb'", "ingest_ledger__source_entity_sha256_unique", 1),
    ("raw", "update control.ingest_ledger set rows_quarantined = 300, rows_read = 321 where sha256 = 'aa'", "ingest_ledger__quarantined_share_per_block", 0.934579),
    ("raw", "update control.ingest_ledger set status = 'refused' where sha256 = 'bb'", "ingest_ledger__refused_files_share", 0.333333),
    ("raw", "update control.ingest_ledger set status = 'halfway'", "ingest_ledger__status_known", 3),
    ("raw", "delete from raw.persons where _row_number = 1", "persons__rows_match_ledger", 1),
    ("raw", "update raw.persons set _record_key = null where _row_number < 4", "persons__technical_columns_not_null", 3),
    ("raw", "delete from control.quarantine", "quarantine__rows_match_ledger", 1),
    ("staging", "insert into staging.stg_persons select * from staging.stg_persons limit 1", "stg_persons___record_key_unique", 2),
    ("staging", "update staging.stg_orders set _record_key = null where order_id = 'O1'", "stg_orders___record_key_not_null", 1),
    ("staging", "update staging.stg_orders set ordered_at = timestamp '2026-03-01 16:00:00' where order_id = 'O1'", "stg_orders__ordered_at_before_as_of", 1),
    ("staging", "update staging.stg_orders set ordered_at = timestamp '0201-03-01 16:00:00' where order_id = 'O1'", "stg_orders__ordered_at_plausible", 1),
    ("staging", "update staging.stg_orders set currency = 'XYZ' where order_id <= 'O3'", "stg_orders__currency_unknown_share", 0.383333),
    ("staging", "update staging.stg_orders set status = 'lost' where order_id = 'O1'", "stg_orders__status_known", 1),
    ("staging", "update staging.stg_exchange_rates set rate_to_base = 0", "stg_exchange_rates__rate_positive", 1),
    ("staging", "update staging.stg_persons set birth_date = null", "stg_persons__birth_date_uncastable_share", 1),
    ("staging", f"update staging.stg_persons set email = upper('{CANARY}') where gender = 'male'", "stg_persons__email_normalised", 10),
    ("staging", "update staging.stg_persons set phone_e164 = '13900000001' where gender = 'male'", "stg_persons__phone_normalised", 10),
    ("staging", "update staging.stg_persons set phone_e164 = null", "stg_persons__phone_invalid_share", 1),
    ("staging", "update staging.stg_persons set gender = 'm' where gender = 'male'", "stg_persons__gender_known", 10),
    ("staging", "update staging.stg_conservation set rows_out = 19 where entity = 'persons'", "stg_conservation__rows_add_up", 1),
    ("marts", "insert into marts.customers select * from marts.customers limit 1", "customers__customer_id_unique", 2),
    ("marts", f"update marts.customers set customer_id = null where customer_id = {FIRST}", "customers__customer_id_not_null", 1),
    ("marts", f"update marts.customers set customer_id = 'X1' where customer_id = {FIRST}", "customers__customer_id_shaped", 1),
    ("marts", f"delete from marts.customer_source_ids where customer_id = {FIRST}", "customers__has_records", 1),
    ("marts", f"delete from marts.customer_source_ids where customer_id = {FIRST}", "customer_source_ids__every_record_linked", 1),
    ("marts", "insert into marts.customer_source_ids select * from marts.customer_source_ids limit 1", "customer_source_ids__source_entity_source_record_id_unique", 1),
    ("marts", "update marts.customer_source_ids set match_probability = 1.5", "customer_source_ids__match_probability_in_range", 22),
    ("marts", f"delete from marts.customers where customer_id = {FIRST}", "customer_source_ids__customer_exists", 1),
    ("marts", f"insert into marts.customer_source_ids select {FIRST}, 'x', 'y', 'r' || n, 'key', null, null from range(300) as t(n)", "customer_source_ids__records_per_customer", 301),
    ("marts", "insert into marts.identity_quality select * from marts.identity_quality", "identity_quality__measure_part_left_channel_right_channel_unique", 7),
    ("marts", "update marts.identity_quality set value = -1 where left_channel = 'crm'", "identity_quality__value_in_range", 2),
    ("marts", "update marts.identity_quality set high = 0.96 where measure = 'pairwise_precision' and left_channel = 'all'", "identity_quality__pairwise_precision", 0.96),
    ("marts", "update marts.identity_quality set high = 0.6 where measure = 'pairwise_recall'", "identity_quality__pairwise_recall", 0.6),
    ("marts", "update marts.identity_quality set high = 0.49 where left_channel = 'crm' and measure = 'pairwise_precision'", "identity_quality__pairwise_precision_of_channels", 0.49),
    ("marts", "update marts.identity_quality set high = 0.8 where measure = 'cluster_precision'", "identity_quality__cluster_precision", 0.8),
    ("marts", "update marts.identity_quality set high = 0.5 where measure = 'cluster_recall'", "identity_quality__cluster_recall", 0.5),
    ("marts", "update marts.identity_quality set value = 101 where measure like 'review%'", "identity_quality__review_load", 101),
    ("marts", "delete from marts.orders where order_id = 'O1'", "orders__none_lost", 1),
    ("marts", "delete from marts.orders where order_id = 'O1'", "order_lines__order_exists", 1),
    ("marts", "insert into marts.orders select * from marts.orders where order_id = 'O1'", "orders__order_key_unique", 2),
    ("marts", "update marts.orders set customer_id = 'C0000000000000000' where order_id = 'O1'", "orders__customer_exists", 1),
    ("marts", "update marts.orders set customer_id = null", "orders__without_customer_share", 1),
    ("marts", "update marts.orders set net_amount = 2 * gross_amount", "orders__net_above_gross_share", 1),
    ("marts", "update marts.orders set is_counted = false where order_id = 'O1'", "orders__exclusion_explained", 1),
    ("marts", "update marts.orders set net_amount = null where order_id = 'O1'", "orders__net_amount_given", 1),
    ("marts", "update marts.conservation set difference = 1", "conservation__nothing_lost_or_doubled", 2),
    ("marts", "insert into marts.interactions select * from marts.interactions", "interactions__interaction_key_unique", 60),
    ("insights", f"insert into insights.customer_tiers select * from insights.customer_tiers where customer_id = {FIRST}", "customer_tiers__scheme_id_customer_id_unique", 1),
    ("insights", f"delete from insights.customer_tiers where customer_id = {FIRST}", "customer_tiers__every_customer", 1),
    ("insights", f"delete from insights.customer_features where customer_id = {FIRST}", "customer_features__every_customer", 1),
    ("insights", f"update insights.rfm_scores set r_score = 6 where customer_id = {FIRST}", "rfm_scores__r_score_in_range", 1),
    ("insights", f"update insights.rfm_scores set f_score = null where customer_id = {FIRST}", "rfm_scores__buyers_scored", 1),
    ("insights", f"update insights.scorecard_points set weight = 0.4 where customer_id = {FIRST}", "scorecard_points__weights_sum_to_one", 1),
    ("insights", "update insights.abc_classes set abc_class = 'D' where abc_class = 'C'", "abc_classes__abc_class_known", 12),
    ("insights", "update insights.abc_classes set net_amount = 5 where abc_class = 'A'", "abc_classes__classes_in_order", 5),
    ("insights", f"update insights.abc_classes set cumulative_share = 1.2 where customer_id = {FIRST}", "abc_classes__cumulative_share_in_range", 1),
    ("insights", f"update insights.lifecycle_states set lifecycle = 'asleep' where customer_id = {FIRST}", "lifecycle_states__lifecycle_known", 1),
    ("insights", f"update insights.customer_tiers set total_points = 3.6 where customer_id = {FIRST}", "customer_tiers__points_add_up", 1),
    ("insights", "update insights.customer_tiers set tier_since = date '2026-03-03'", "customer_tiers__tier_since_by_as_of", 22),
    ("insights", "update insights.customer_tiers set tier = 'gold'", "customer_tiers__largest_tier_share", 1),
    ("insights", "update insights.customer_tiers set tier = 'gold'", "customer_tiers__tiers_in_use", 1),
    ("insights", "update insights.customer_tier_table set tier = 'gold'", "customer_tier_table__tiers_in_use", 1),
    ("insights", f"insert into insights.customer_tags select * from insights.customer_tags where customer_id = {FIRST}", "customer_tags__customer_id_rule_id_unique", 1),
    ("insights", f"delete from insights.customer_tags where customer_id > {FIRST}", "customer_tags__smallest_tag", 1),
    ("insights", "update insights.customer_tags set tag = 'old'", "customer_tags__rule_of_its_tag", 22),
    ("insights", f"update insights.customer_tags set tag_zh = null where customer_id = {FIRST}", "customer_tags__tag_zh_not_null", 1),
    ("insights", f"update insights.customer_tags set customer_id = 'X1' where customer_id = {FIRST}", "customer_tags__customer_exists", 1),
    ("insights", f"update insights.customer_tiers set criteria_version = 'v2' where customer_id = {FIRST}", "customer_tiers__one_criteria_version", 1),
    ("insights", f"delete from insights.cluster_segments where customer_id = {FIRST}", "cluster_profiles__customers_counted", 1),
    ("insights", f"update insights.cluster_segments set cluster_id = 9 where customer_id = {FIRST}", "cluster_profiles__customers_counted", 2),
    ("insights", "insert into insights.cluster_profiles select * from insights.cluster_profiles where cluster_id = 1", "cluster_profiles__cluster_id_unique", 2),
    ("insights", "update insights.cluster_profiles set customers_share = 0.6", "cluster_profiles__customers_share_adds_up", 1),
    ("insights", "update insights.cluster_profiles set revenue_share = 0.4", "cluster_profiles__revenue_share_adds_up", 1),
    ("insights", "update insights.cluster_profiles set fitted_on = date '2026-03-03'", "cluster_profiles__fitted_on_by_as_of", 2),
    ("insights", f"insert into insights.cluster_segments select * from insights.cluster_segments where customer_id = {FIRST}", "cluster_segments__customer_id_unique", 2),
    ("insights", "update insights.cluster_segments set silhouette = -0.1 where cluster_id = 1", "cluster_segments__silhouette_in_range", 11),
    ("insights", "update insights.cluster_segments set distance = -1 where cluster_id = 1", "cluster_segments__distance_in_range", 11),
    ("insights", "insert into insights.clv_models select * from insights.clv_models where as_of = date '2026-03-02'", "clv_models__as_of_unique", 2),
    ("insights", "update insights.clv_models set model = 'guess'", "clv_models__model_known", 1),
    ("insights", "update insights.clv_models set converged = false", "clv_models__sound_or_explained", 1),
    ("insights", "update insights.clv_models set q = 0.9", "clv_models__sound_or_explained", 1),
    ("insights", "update insights.clv_models set model = 'historic'", "clv_models__sound_or_explained", 1),
    ("insights", "update insights.clv_models set model = 'historic', reason = 'x'", "clv_estimates__model_as_fitted", 20),
    ("insights", "update insights.clv_models set spearman = -0.4", "clv_models__frequency_and_money_apart", 0.4),
    ("insights", f"delete from insights.clv_estimates where customer_id = {FIRST}", "clv_estimates__every_customer", 1),
    ("insights", f"insert into insights.clv_estimates select * from insights.clv_estimates where customer_id = {FIRST}", "clv_estimates__customer_id_unique", 2),
    ("insights", f"update insights.clv_estimates set model = 'none' where customer_id = {BUYER}", "clv_estimates__model_as_fitted", 1),
    ("insights", f"update insights.clv_estimates set model = 'guess' where customer_id = {BUYER}", "clv_estimates__model_known", 1),
    ("insights", f"update insights.clv_estimates set t = 9 where customer_id = {BUYER}", "clv_estimates__times_in_order", 1),
    ("insights", f"update insights.clv_estimates set x = 0 where customer_id = {BUYER}", "clv_estimates__times_in_order", 1),
    ("insights", f"update insights.clv_estimates set x = -1 where customer_id = {BUYER}", "clv_estimates__x_in_range", 1),
    ("insights", f"update insights.clv_estimates set p_alive = 1.1 where customer_id = {BUYER}", "clv_estimates__p_alive_in_range", 1),
    ("insights", f"update insights.clv_estimates set expected_orders = -1 where customer_id = {BUYER}", "clv_estimates__expected_orders_in_range", 1),
    ("insights", f"update insights.clv_estimates set clv = null where customer_id = {BUYER}", "clv_estimates__clv_not_null", 1),
    ("insights", f"update insights.clv_estimates set clv = 340 where customer_id = {BUYER}", "clv_estimates__within_bounds", 1),
    ("insights", f"update insights.clv_estimates set clv_high = null where customer_id = {BUYER}", "clv_estimates__within_bounds", 1),
    ("insights", f"update insights.clv_estimates set model = 'historic' where customer_id = {BUYER}", "clv_estimates__within_bounds", 1),
    ("insights", "delete from insights.lead_scores where customer_id = (select min(customer_id) from insights.lead_scores)", "lead_scores__prospects_scored", 1),
    ("insights", f"update insights.lead_scores set customer_id = {BUYER}", "lead_scores__customer_id_unique", 2),
    ("insights", f"insert into insights.lead_scores select * replace ({BUYER} as customer_id) from insights.lead_scores", "lead_scores__prospects_scored", 2),
    ("insights", "update insights.lead_scores set score = 101", "lead_scores__score_in_range", 2),
    ("insights", "update insights.lead_scores set score = 24", "lead_scores__points_add_up", 2),
    ("insights", "update insights.lead_scores set intent = 'perhaps'", "lead_scores__intent_known", 2),
    ("insights", "update insights.lead_scores set sla_hours = 0", "lead_scores__sla_hours_in_range", 2),
    ("insights", f"delete from insights.purchase_stages where customer_id = {FIRST}", "purchase_stages__every_customer", 1),
    ("insights", f"update insights.purchase_stages set stage = 'thinking' where customer_id = {FIRST}", "purchase_stages__stage_known", 1),
    ("insights", f"update insights.purchase_stages set evidence = null where customer_id = {FIRST}", "purchase_stages__evidence_not_null", 1),
    ("insights", f"update insights.purchase_stages set entered_at = timestamp '2026-03-03' where customer_id = {FIRST}", "purchase_stages__entered_at_by_as_of", 1),
    ("insights", f"update insights.customer_features set engagement_score = null where customer_id = {FIRST}", "customer_features__engagement_score_not_null", 1),
    ("insights", f"update insights.customer_features set intent = 'perhaps' where customer_id = {FIRST}", "customer_features__intent_known", 1),
    ("insights", f"update insights.customer_features set intent = null where customer_id = {FIRST}", "customer_features__intent_not_null", 1),
    ("insights", f"""update insights.customer_features set interactions_90d_by_kind = '{{"view": 1, "call": 2}}' where customer_id = {FIRST}""", "customer_features__kinds_add_up", 1),
    ("insights", f"update insights.customer_features set interactions_30d_by_kind = null where customer_id = {FIRST}", "customer_features__kinds_add_up", 1),
    ("insights", "update insights.place_sums set count_orders = count_orders + 1 where name = 'unknown'", "place_sums__children_add_up", 1),
    ("insights", "update insights.place_sums set net_amount = 0 where level = 'country'", "place_sums__children_add_up", 2),
    ("insights", "delete from insights.place_sums where name = 'unknown'", "place_sums__children_add_up", 1),
    ("insights", "delete from insights.place_sums where level = 'region'", "place_sums__children_add_up", 2),
    ("insights", "update insights.place_sums set count_customers = 21 where level = 'all'", "place_sums__every_customer", 1),
    ("insights", "delete from insights.place_sums where level = 'all'", "place_sums__every_customer", 1),
    ("insights", "insert into insights.place_sums select * from insights.place_sums where name = 'unknown'", "place_sums__level_place_unique", 1),
    ("insights", "update insights.place_sums set level = 'street' where name = 'unknown'", "place_sums__level_known", 1),
    ("insights", "update insights.place_sums set net_amount = null where level = 'all'", "place_sums__net_amount_not_null", 1),
    ("insights", "update insights.place_sums set count_orders = -1 where level = 'all'", "place_sums__count_orders_in_range", 1),
    ("insights", "update insights.place_sums set count_customers = 2 where name = 'unknown'", "place_sums__smallest_place", 2),
    ("insights", "update insights.tier_changes set cause = 'mood'", "tier_changes__cause_known", 5),
    ("insights", "update insights.tier_changes set evidence = null", "tier_changes__evidence_not_null", 5),
    ("insights", "update insights.tier_changes set to_tier = from_tier", "tier_changes__ends_in_todays_tier", 5),
    ("insights", "insert into insights.tier_changes select * from insights.tier_changes", "tier_changes__scheme_id_customer_id_unique", 5),
    ("insights", "update insights.churn_models set is_published = true", "churn_models__one_published", 1),
    ("insights", "update insights.churn_models set kind = 'oracle' where kind = 'naive'", "churn_models__kind_known", 1),
    ("insights", "insert into insights.churn_models select * from insights.churn_models where kind = 'naive'", "churn_models__model_unique", 2),
    ("insights", "insert into insights.churn_backtest select * from insights.churn_backtest where metric = 'ece'", "churn_backtest__model_metric_unique", 1),
    ("insights", "update insights.churn_backtest set value = null where metric = 'ece'", "churn_backtest__value_not_null", 1),
    ("insights", "update insights.churn_backtest set value = 1.2 where metric = 'ece'", "churn_backtest__shares_in_range", 1),
    ("insights", "update insights.churn_backtest set value = 0.65 where kind = 'learned' and metric = 'auc'", "churn_backtest__published_beats_the_rules", 1),
    ("insights", "update insights.churn_backtest set value = 0.2 where kind = 'learned' and metric = 'brier'", "churn_backtest__published_beats_the_rules", 1),
    ("insights", "update insights.churn_backtest set value = 0.15 where metric = 'ece'", "churn_backtest__calibration_error", 0.15),
    ("insights", f"delete from insights.churn_scores where customer_id = {BUYER}", "churn_scores__buyers_scored", 1),
    ("insights", f"{BY_OUTCOMES}; delete from insights.churn_scores where customer_id = {BUYER}", "churn_scores__buyers_scored", 1),
    ("insights", f"insert into insights.churn_scores select * from insights.churn_scores where customer_id = {BUYER}", "churn_scores__customer_id_unique", 2),
    ("insights", f"update insights.churn_scores set customer_id = 'X1' where customer_id = {BUYER}", "churn_scores__customer_exists", 1),
    ("insights", f"update insights.churn_scores set churn_score = null where customer_id = {BUYER}", "churn_scores__churn_score_not_null", 1),
    ("insights", f"update insights.churn_scores set churn_score = 1.1 where customer_id = {BUYER}", "churn_scores__churn_score_in_range", 1),
    ("insights", f"update insights.churn_scores set model = 'recency' where customer_id = {BUYER}", "churn_scores__of_the_published_model", 1),
    ("insights", "update insights.churn_warnings set owner = null", "churn_warnings__owner_not_null", 5),
    ("insights", "update insights.churn_warnings set reasons = '[]'", "churn_warnings__reasons_given", 5),
    ("insights", "update insights.churn_warnings set churn_score = 1.1", "churn_warnings__churn_score_in_range", 5),
    ("insights", "update insights.churn_warnings set signal_score = 1.1", "churn_warnings__signal_score_in_range", 5),
    ("insights", "update insights.churn_warnings set state = 'asleep'", "churn_warnings__state_known", 5),
    ("insights", "update insights.churn_warnings set closed_on = first_warned_on - 1, state = 'lost'", "churn_warnings__lives_go_forward", 5),
    ("insights", "update insights.churn_warnings set closed_on = as_of", "churn_warnings__lives_go_forward", 5),
    ("insights", "update insights.churn_warnings set first_warned_on = null", "churn_warnings__first_warned_on_not_null", 5),
    ("insights", "update insights.churn_warnings set value_at_risk = null", "churn_warnings__value_at_risk_not_null", 5),
    ("insights", "update insights.churn_warnings set customer_id = 'X' || customer_id", "churn_warnings__customer_exists", 5),
    ("insights", "insert into insights.churn_warnings select * from insights.churn_warnings", "churn_warnings__customer_id_unique", 10),
    ("insights", "insert into insights.churn_reach select * from insights.churn_reach where owner = 'all'", "churn_reach__owner_contacts_unique", 1),
    ("insights", "update insights.churn_reach set money_at_risk = 1 where owner = 'all'", "churn_reach__adds_up", 1),
    ("insights", "update insights.audience_members set outcome = 'member' where outcome = 'withdrawn'", "audience_members__no_member_refused", 3),
    ("insights", "update insights.audience_members set outcome = 'perhaps' where outcome = 'withdrawn'", "audience_members__outcome_known", 3),
    ("insights", "insert into insights.audience_members select * from insights.audience_members where outcome = 'withdrawn'", "audience_members__audience_customer_id_unique", 3),
    ("insights", "update insights.audience_counts set count_members = count_members + 1 where audience = 'vip'", "audience_counts__counts_add_up", 1),
    ("insights", "delete from insights.audience_counts where audience = 'batch'", "audience_counts__counts_add_up", 1),
    ("insights", f"delete from insights.tier_history where customer_id = {FIRST} and day = date '2026-03-01'", "tier_migration__nobody_lost", 1),
    ("insights", "insert into insights.tier_history select * from insights.tier_history limit 44", "tier_history__day_scheme_id_customer_id_unique", 22),
    ("insights", f"update insights.tier_history set customer_id = 'nobody' where customer_id = {FIRST}", "tier_history__customer_exists", 2),
    ("insights", "insert into insights.effect_evaluation select * from insights.effect_evaluation", "effect_evaluation__period_scheme_id_class_metric_unique", 2),
    ("insights", "update insights.effect_evaluation set value = 5 where kind = 'month'", "effect_evaluation__shares_in_range", 1),
    ("insights", "update insights.effect_evaluation set verdict_zh = null", "effect_evaluation__interventions_judged", 1),
    ("insights", "update insights.effect_evaluation set verdict = 'proven' where kind <> 'month'", "effect_evaluation__verdict_known", 1),
    ("insights", "update insights.effect_evaluation set low = 0.15", "effect_evaluation__interval_holds_value", 1),
    ("insights", "insert into insights.effect_cube select * from insights.effect_cube where tier = 'gold'", "effect_cube__period_tier_owner_channel_unique", 1),
    ("insights", "update insights.effect_cube set count_customers = 1 where tier = 'gold'", "effect_cube__nobody_lost", 1),
    ("insights", "update insights.effect_cube set is_small = true where tier = 'gold'", "effect_cube__small_cells_tell_counts_alone", 1),
    ("insights", "update insights.effect_cube set conversion_rate = 1.5 where tier = 'gold'", "effect_cube__conversion_rate_in_range", 1),
    ("insights", "update insights.effect_cube set repeat_rate_90 = -1 where tier = 'gold'", "effect_cube__repeat_rate_90_in_range", 1),
    ("insights", "insert into insights.next_categories select * from insights.next_categories where category = 'drinks' and customer_id = (select min(customer_id) from insights.next_categories)", "next_categories__customer_id_rank_unique", 1),
    ("insights", "update insights.next_categories set category = 'drinks'", "next_categories__customer_id_category_unique", 20),
    ("insights", "update insights.next_categories set category = null where rank = 2", "next_categories__category_not_null", 20),
    ("insights", "update insights.next_categories set probability = 1.5 where rank = 1", "next_categories__probability_in_range", 20),
    ("insights", "update insights.next_categories set method = 'guess' where rank = 1", "next_categories__method_known", 20),
    ("insights", "update insights.next_categories set rank = 3 where rank = 2", "next_categories__ranked", 20),
    ("insights", "update insights.next_categories set hit_rate_transitions = 0.4 where rank = 1", "next_categories__better_method", 20),
    ("insights", "update insights.next_categories set customer_id = 'X' where rank = 2 and customer_id = (select min(customer_id) from insights.next_categories)", "next_categories__customer_exists", 1),
    ("insights", "insert into insights.customer_tag_spells from insights.customer_tag_spells where customer_id = (select min(customer_id) from insights.customer_tag_spells)", "customer_tag_spells__customer_id_rule_id_valid_from_unique", 1),
    ("insights", "update insights.customer_tag_spells set valid_from = null where customer_id = (select min(customer_id) from insights.customer_tag_spells)", "customer_tag_spells__valid_from_not_null", 1),
    ("insights", "update insights.customer_tag_spells set valid_to = date '2026-03-03' where customer_id = (select min(customer_id) from insights.customer_tag_spells)", "customer_tag_spells__hold_as_told", 2),
    ("insights", "update insights.customer_tag_spells set customer_id = 'X' where customer_id = (select min(customer_id) from insights.customer_tag_spells)", "customer_tag_spells__customer_exists", 1),
    ("insights", "insert into insights.criteria_changes select * from insights.criteria_changes where metric = 'csat'", "criteria_changes__change_number_metric_unique", 1),
    ("insights", "update insights.criteria_changes set verdict = 'fine'", "criteria_changes__verdict_known", 2),
    ("insights", "update insights.criteria_changes set verdict = null where metric = 'csat'", "criteria_changes__verdict_not_null", 1),
    ("insights", "update insights.criteria_changes set low = 2, high = 3, difference = 1 where metric = 'csat'", "criteria_changes__interval_holds_value", 1),
    ("insights", "update insights.criteria_changes set changed_to = 'v2'", "criteria_changes__follow_each_other", 1),
    ("insights", "update insights.tier_migration set share = 1.5 where from_tier = 'gold'", "tier_migration__share_in_range", 1),
    ("insights", "update insights.tier_allocation set count_customers = 4 where tier = 'gold'", "tier_allocation__every_customer", 1),
    ("insights", "update insights.tier_allocation set capacity_used = 1.2 where tier = 'gold'", "tier_allocation__capacity_used", 1.2),
    ("insights", "update insights.funnel set count_reached = 23 where stage = 'customer'", "funnel__narrows", 1),
    ("insights", "update insights.funnel set conversion_to_next = 1.1", "funnel__conversion_to_next_in_range", 2),
    ("insights", "update insights.class_forecast set value = 16 where class = 'gold'", "class_forecast__interval_holds_value", 1),
    ("insights", "update insights.conversion_drivers set low = 2.1", "conversion_drivers__interval_holds_value", 1),
    ("insights", "update insights.threshold_advice set share = 1.1 where point = 'gold'", "threshold_advice__share_in_range", 1),
    ("insights", "update insights.feature_drift set psi = 0.3", "feature_drift__largest_psi", 0.3),
    ("insights", "insert into insights.feedback_themes select * from insights.feedback_themes where tier = 'gold'", "feedback_themes__scheme_id_tier_theme_unique", 1),
]  # fmt: skip


SMALL = {"insights.fewest_tiers_min_buyers": 1}  # the fixture has few buyers


def _checked(layer: str, path: Path, name: str) -> CheckResult:
    """The result of one check, run with the others of its table."""
    check = next(check for check in rules(layer) if check.name == name)
    results = run_suite(layer, path, tables=[check.on.name], overrides=SMALL)
    return next(result for result in results if result.name == name)


@pytest.mark.parametrize("layer", LAYERS)
def test_suite_when_all_is_well_then_every_check_passes(layer: str, warehouse: Path) -> None:
    results = run_suite(layer, warehouse)
    assert [result.message for result in results if not result.success] == []
    assert all(result.observed is not None and result.rows_checked is not None for result in results)
    assert [result.name for result in results] == [check.name for check in rules(layer)]


@pytest.mark.parametrize(("layer", "fault", "name", "observed"), FAULTS, ids=[fault[2] for fault in FAULTS])
def test_check_when_a_bad_row_is_planted_then_it_fails_with_observed_and_bound(
    layer: str, fault: str, name: str, observed: float, plant: Plant
) -> None:
    result = _checked(layer, plant(fault), name)
    assert (result.status, result.observed) == ("failed", observed)
    assert result.bound
    assert result.table in result.message
    assert result.rule in result.message
    assert f"observed {observed}, bound {result.bound}" in result.message
    assert result.blocks is (result.severity == "blocking")


def test_scores_when_outcomes_are_known_then_leavers_have_none_and_who_never_bought_may_have_one(plant: Plant) -> None:
    path = plant(f"""
        {BY_OUTCOMES};
        insert into marts.outcomes select 'k', {BUYER}, 'crm', 'churned', timestamp '2026-02-01';
        delete from insights.churn_scores where customer_id = {BUYER};
        insert into insights.churn_scores by name
        select distinct on (as_of) s.* replace (c.customer_id as customer_id)
        from insights.churn_scores as s cross join marts.customers as c where c.customer_type = 'company'
    """)
    assert _checked("insights", path, "churn_scores__buyers_scored").success


@pytest.mark.parametrize("layer", LAYERS)
def test_results_when_checks_fail_then_no_value_of_a_row_is_in_them(layer: str, plant: Plant) -> None:
    path = plant(f"""
        update staging.stg_persons set email = '{CANARY} ', phone_e164 = '{CANARY}', gender = '{CANARY}', _record_key = '{CANARY}';
        update marts.customers set customer_type = '{CANARY}', customer_id = '{CANARY}';
        update insights.rfm_scores set customer_id = '{CANARY}';
        update control.ingest_ledger set status = '{CANARY}', sha256 = '{CANARY}';
        alter table staging.stg_companies alter column employees set data type varchar;
    """)
    results = run_suite(layer, path)
    assert any(not result.success for result in results)
    assert "canary" not in json.dumps([dataclasses.asdict(result) for result in results])


@pytest.mark.parametrize("layer", LAYERS)
def test_checks_when_listed_then_names_are_unique_and_described_in_both_languages(layer: str) -> None:
    checks = rules(layer)
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.name.replace("_", "").isalnum() and check.name.isascii() for check in checks)
    assert all(check.description_en.isascii() and not check.description_zh.isascii() for check in checks)
