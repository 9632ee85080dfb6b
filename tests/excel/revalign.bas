Attribute VB_Name = "Revalign"
' Generated from the function registry: do not edit, run `revalign excel addin` again.
Option Explicit

Public Function REVALIGN_CAC(sales_expense, marketing_expense, new_customers)
Attribute REVALIGN_CAC.VB_Description = "Customer acquisition cost: all sales and marketing expense of a period divided by its new customers."
    REVALIGN_CAC = RevalignCall("REVALIGN_CAC", Array(sales_expense, marketing_expense, new_customers))
End Function

Public Function REVALIGN_LTV(average_order_value, order_frequency, lifetime, Optional unit, _
        Optional acquisition_cost)
Attribute REVALIGN_LTV.VB_Description = "Lifetime value of a customer: order value x orders per year x lifetime, less the acquisition cost if given."
    REVALIGN_LTV = RevalignCall("REVALIGN_LTV", Array(average_order_value, order_frequency, lifetime, unit, _
        acquisition_cost))
End Function

Public Function REVALIGN_LTV_TO_CAC(ltv, cac)
Attribute REVALIGN_LTV_TO_CAC.VB_Description = "Lifetime value divided by acquisition cost. The benchmark is strictly above 3."
    REVALIGN_LTV_TO_CAC = RevalignCall("REVALIGN_LTV_TO_CAC", Array(ltv, cac))
End Function

Public Function REVALIGN_PAYBACK(cac, monthly_contribution)
Attribute REVALIGN_PAYBACK.VB_Description = "Months until a customer's margin has paid its acquisition cost. #DIV/0! means never."
    REVALIGN_PAYBACK = RevalignCall("REVALIGN_PAYBACK", Array(cac, monthly_contribution))
End Function

Public Function REVALIGN_RENEWALS_TO_BREAK_EVEN(payback_months, term_months)
Attribute REVALIGN_RENEWALS_TO_BREAK_EVEN.VB_Description = "Renewals a customer must sign before its acquisition is paid back."
    REVALIGN_RENEWALS_TO_BREAK_EVEN = RevalignCall("REVALIGN_RENEWALS_TO_BREAK_EVEN", Array(payback_months, _
        term_months))
End Function

Public Function REVALIGN_AOV(revenue, orders)
Attribute REVALIGN_AOV.VB_Description = "Average order value: revenue divided by the number of orders."
    REVALIGN_AOV = RevalignCall("REVALIGN_AOV", Array(revenue, orders))
End Function

Public Function REVALIGN_ORDER_FREQUENCY(orders, new_customers)
Attribute REVALIGN_ORDER_FREQUENCY.VB_Description = "Orders per new customer of the same period."
    REVALIGN_ORDER_FREQUENCY = RevalignCall("REVALIGN_ORDER_FREQUENCY", Array(orders, new_customers))
End Function

Public Function REVALIGN_REVENUE_GROWTH(current, previous)
Attribute REVALIGN_REVENUE_GROWTH.VB_Description = "Change of revenue from one period to the next, as a fraction of the earlier one."
    REVALIGN_REVENUE_GROWTH = RevalignCall("REVALIGN_REVENUE_GROWTH", Array(current, previous))
End Function

Public Function REVALIGN_ROI(value, cost, Optional form)
Attribute REVALIGN_ROI.VB_Description = "Return on a cost: (value - cost) / cost, or value / cost with form ""ratio""."
    REVALIGN_ROI = RevalignCall("REVALIGN_ROI", Array(value, cost, form))
End Function

Public Function REVALIGN_SPLIT(period, Optional rep, Optional field1, Optional value1, Optional field2, _
        Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, Optional field5, _
        Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, Optional field8, _
        Optional value8)
Attribute REVALIGN_SPLIT.VB_Description = "How the commission of a period is shared by the project's rule; with a rep, its statement to the record."
    REVALIGN_SPLIT = RevalignCall("REVALIGN_SPLIT", Array(period, rep, field1, value1, field2, value2, field3, _
        value3, field4, value4, field5, value5, field6, value6, field7, value7, field8, value8), True)
End Function

Public Function REVALIGN_MOVEMENTS(customer, period, mrr)
Attribute REVALIGN_MOVEMENTS.VB_Description = "How MRR went from each period to the next: opening, moves (losses negative), closing. The first period opens with 0, so all its MRR is new."
    REVALIGN_MOVEMENTS = RevalignCall("REVALIGN_MOVEMENTS", Array(customer, period, mrr))
End Function

Public Function REVALIGN_COHORTS(customer, period, amount, Optional measure)
Attribute REVALIGN_COHORTS.VB_Description = "Cohorts by the period of each customer's first amount above 0: what is left in that period and each one after it; blank where there are no rows yet."
    REVALIGN_COHORTS = RevalignCall("REVALIGN_COHORTS", Array(customer, period, amount, measure))
End Function

Public Function REVALIGN_SLA_RATE(handed_at, first_contact_at, limit_hours, Optional business_hours, _
        Optional holidays, Optional as_of)
Attribute REVALIGN_SLA_RATE.VB_Description = "Share of hand-offs contacted within the promised working hours; untouched past the limit is broken, what is not yet due is left out."
    REVALIGN_SLA_RATE = RevalignCall("REVALIGN_SLA_RATE", Array(handed_at, first_contact_at, limit_hours, _
        business_hours, holidays, as_of))
End Function

Public Function REVALIGN_SLA(handoff, period, Optional as_of, Optional field1, Optional value1, _
        Optional field2, Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, _
        Optional field5, Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, _
        Optional field8, Optional value8)
Attribute REVALIGN_SLA.VB_Description = "What became of the promises between teams: promised, kept, broken, not yet due, the share kept and the hours."
    REVALIGN_SLA = RevalignCall("REVALIGN_SLA", Array(handoff, period, as_of, field1, value1, field2, value2, _
        field3, value3, field4, value4, field5, value5, field6, value6, field7, value7, field8, value8), True)
End Function

Public Function REVALIGN_BRIDGE(a, b, period, Optional as_of, Optional field1, Optional value1, _
        Optional field2, Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, _
        Optional field5, Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, _
        Optional field8, Optional value8)
Attribute REVALIGN_BRIDGE.VB_Description = "What lies between two rival numbers, item by item; the residual in the last row is 0."
    REVALIGN_BRIDGE = RevalignCall("REVALIGN_BRIDGE", Array(a, b, period, as_of, field1, value1, field2, _
        value2, field3, value3, field4, value4, field5, value5, field6, value6, field7, value7, field8, value8), True)
End Function

Public Function REVALIGN_DRIFT(period, Optional metrics, Optional field1, Optional value1, Optional field2, _
        Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, Optional field5, _
        Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, Optional field8, _
        Optional value8)
Attribute REVALIGN_DRIFT.VB_Description = "What became of a closed period's numbers since the close, by cause: late, edited and deleted records, exchange rates, new definitions. The closed numbers themselves stay."
    REVALIGN_DRIFT = RevalignCall("REVALIGN_DRIFT", Array(period, metrics, field1, value1, field2, value2, _
        field3, value3, field4, value4, field5, value5, field6, value6, field7, value7, field8, value8), True)
End Function

Public Function REVALIGN_MRR(amounts, Optional intervals, Optional quantities, Optional one_time_flags)
Attribute REVALIGN_MRR.VB_Description = "Monthly recurring revenue of a list of items. One-time items are left out."
    REVALIGN_MRR = RevalignCall("REVALIGN_MRR", Array(amounts, intervals, quantities, one_time_flags))
End Function

Public Function REVALIGN_ARR(mrr)
Attribute REVALIGN_ARR.VB_Description = "Annual recurring revenue: 12 x MRR."
    REVALIGN_ARR = RevalignCall("REVALIGN_ARR", Array(mrr))
End Function

Public Function REVALIGN_ARR_CONTRACT(contract_value, months)
Attribute REVALIGN_ARR_CONTRACT.VB_Description = "Annual value of a contract: value x 12 / months."
    REVALIGN_ARR_CONTRACT = RevalignCall("REVALIGN_ARR_CONTRACT", Array(contract_value, months))
End Function

Public Function REVALIGN_ANNUALISE(churn_rate, term_months)
Attribute REVALIGN_ANNUALISE.VB_Description = "A churn rate per contract term as a rate per year: 1 - (1 - rate) ^ (12 / term)."
    REVALIGN_ANNUALISE = RevalignCall("REVALIGN_ANNUALISE", Array(churn_rate, term_months))
End Function

Public Function REVALIGN_CHURN(lost, at_start)
Attribute REVALIGN_CHURN.VB_Description = "Share lost of what was there at the start. Leave out who joined and left inside the period."
    REVALIGN_CHURN = RevalignCall("REVALIGN_CHURN", Array(lost, at_start))
End Function

Public Function REVALIGN_ELIGIBLE_CHURN(lost_at_renewal, up_for_renewal)
Attribute REVALIGN_ELIGIBLE_CHURN.VB_Description = "Share lost of those whose contract came up for renewal."
    REVALIGN_ELIGIBLE_CHURN = RevalignCall("REVALIGN_ELIGIBLE_CHURN", Array(lost_at_renewal, up_for_renewal))
End Function

Public Function REVALIGN_NRR(opening_mrr, closing_mrr)
Attribute REVALIGN_NRR.VB_Description = "Net revenue retention of the customers paying at the start: closing MRR / opening MRR."
    REVALIGN_NRR = RevalignCall("REVALIGN_NRR", Array(opening_mrr, closing_mrr))
End Function

Public Function REVALIGN_GRR(opening_mrr, closing_mrr)
Attribute REVALIGN_GRR.VB_Description = "Gross revenue retention: as NRR, each customer counted with at most its opening MRR."
    REVALIGN_GRR = RevalignCall("REVALIGN_GRR", Array(opening_mrr, closing_mrr))
End Function

Public Function REVALIGN_NRR_TOTALS(opening, expansion, contraction, churned)
Attribute REVALIGN_NRR_TOTALS.VB_Description = "Net revenue retention approximated from period totals: (opening + expansion - losses) / opening."
    REVALIGN_NRR_TOTALS = RevalignCall("REVALIGN_NRR_TOTALS", Array(opening, expansion, contraction, churned))
End Function

Public Function REVALIGN_GRR_TOTALS(opening, expansion, contraction, churned)
Attribute REVALIGN_GRR_TOTALS.VB_Description = "Gross revenue retention approximated from period totals: (opening - losses) / opening."
    REVALIGN_GRR_TOTALS = RevalignCall("REVALIGN_GRR_TOTALS", Array(opening, expansion, contraction, churned))
End Function

Public Function REVALIGN_QUICK_RATIO(new_, expansion, contraction, churned, Optional reactivation)
Attribute REVALIGN_QUICK_RATIO.VB_Description = "Growth against losses: (new + expansion + reactivation) / (contraction + churned)."
    REVALIGN_QUICK_RATIO = RevalignCall("REVALIGN_QUICK_RATIO", Array(new_, expansion, contraction, churned, _
        reactivation))
End Function

Public Function REVALIGN_UPSELL_SHARE(upsell, total_sales)
Attribute REVALIGN_UPSELL_SHARE.VB_Description = "Share of sales that came from selling more to customers; renewals belong in neither number."
    REVALIGN_UPSELL_SHARE = RevalignCall("REVALIGN_UPSELL_SHARE", Array(upsell, total_sales))
End Function

Public Function REVALIGN_REVIEW(period, Optional part, Optional as_of, Optional field1, Optional value1, _
        Optional field2, Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, _
        Optional field5, Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, _
        Optional field8, Optional value8)
Attribute REVALIGN_REVIEW.VB_Description = "The page the heads of the teams look at together: pace, promises, KPIs, definitions, drift, content, priorities. One part that fails fails the review."
    REVALIGN_REVIEW = RevalignCall("REVALIGN_REVIEW", Array(period, part, as_of, field1, value1, field2, _
        value2, field3, value3, field4, value4, field5, value5, field6, value6, field7, value7, field8, value8), True)
End Function

Public Function REVALIGN_ATTRIBUTION(model, touch_dates, channels, value, Optional half_life_days, _
        Optional conversion_date, Optional key_dates)
Attribute REVALIGN_ATTRIBUTION.VB_Description = "What each channel is credited of a sale's value, by a published model; the credits add up to the value."
    REVALIGN_ATTRIBUTION = RevalignCall("REVALIGN_ATTRIBUTION", Array(model, touch_dates, channels, value, _
        half_life_days, conversion_date, key_dates))
End Function

Public Function REVALIGN_COMMISSION_SPLIT(pot, weights, Optional labels)
Attribute REVALIGN_COMMISSION_SPLIT.VB_Description = "A pot shared by weights to the last cent: the shares add up to the pot, largest remainders first."
    REVALIGN_COMMISSION_SPLIT = RevalignCall("REVALIGN_COMMISSION_SPLIT", Array(pot, weights, labels))
End Function

Public Function REVALIGN_METRIC(metric, period, Optional as_of, Optional field1, Optional value1, _
        Optional field2, Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, _
        Optional field5, Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, _
        Optional field8, Optional value8)
Attribute REVALIGN_METRIC.VB_Description = "One number of the published snapshot: a metric for a period, filtered by field and value pairs."
    REVALIGN_METRIC = RevalignCall("REVALIGN_METRIC", Array(metric, period, as_of, field1, value1, field2, _
        value2, field3, value3, field4, value4, field5, value5, field6, value6, field7, value7, field8, value8), True)
End Function

Public Function REVALIGN_SERIES(metric, from_period, to_period, Optional grain, Optional as_of, _
        Optional field1, Optional value1, Optional field2, Optional value2, Optional field3, Optional value3, _
        Optional field4, Optional value4, Optional field5, Optional value5, Optional field6, Optional value6, _
        Optional field7, Optional value7, Optional field8, Optional value8)
Attribute REVALIGN_SERIES.VB_Description = "A metric over time: one row per period, with its value; compared, also difference and share."
    REVALIGN_SERIES = RevalignCall("REVALIGN_SERIES", Array(metric, from_period, to_period, grain, as_of, _
        field1, value1, field2, value2, field3, value3, field4, value4, field5, value5, field6, value6, field7, _
        value7, field8, value8), True)
End Function

Public Function REVALIGN_TABLE(metrics, periods, Optional by_field, Optional as_of, Optional field1, _
        Optional value1, Optional field2, Optional value2, Optional field3, Optional value3, Optional field4, _
        Optional value4, Optional field5, Optional value5, Optional field6, Optional value6, Optional field7, _
        Optional value7, Optional field8, Optional value8)
Attribute REVALIGN_TABLE.VB_Description = "Several metrics over several periods, cut by a dimension if one is named; totals are computed, never summed. Of a metric that is a table itself: its rows, the period before each."
    REVALIGN_TABLE = RevalignCall("REVALIGN_TABLE", Array(metrics, periods, by_field, as_of, field1, value1, _
        field2, value2, field3, value3, field4, value4, field5, value5, field6, value6, field7, value7, field8, _
        value8), True)
End Function

Public Function REVALIGN_EXPLAIN(metric, period, Optional as_of, Optional field1, Optional value1, _
        Optional field2, Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, _
        Optional field5, Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, _
        Optional field8, Optional value8)
Attribute REVALIGN_EXPLAIN.VB_Description = "How a number came about: definition, components, arithmetic, records in and out."
    REVALIGN_EXPLAIN = RevalignCall("REVALIGN_EXPLAIN", Array(metric, period, as_of, field1, value1, field2, _
        value2, field3, value3, field4, value4, field5, value5, field6, value6, field7, value7, field8, value8), True)
End Function

Public Function REVALIGN_RECORDS(metric, period, Optional as_of, Optional field1, Optional value1, _
        Optional field2, Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, _
        Optional field5, Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, _
        Optional field8, Optional value8)
Attribute REVALIGN_RECORDS.VB_Description = "The source records behind a number, each with what it contributes to each component, by component and day unless another order is asked for."
    REVALIGN_RECORDS = RevalignCall("REVALIGN_RECORDS", Array(metric, period, as_of, field1, value1, field2, _
        value2, field3, value3, field4, value4, field5, value5, field6, value6, field7, value7, field8, value8), True)
End Function

Public Function REVALIGN_STAMP(metric, period, Optional as_of, Optional field1, Optional value1, _
        Optional field2, Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, _
        Optional field5, Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, _
        Optional field8, Optional value8)
Attribute REVALIGN_STAMP.VB_Description = "What a number stands on, in one text: the version of its definition, a digest of definition and question, and the snapshot. Equal stamps, equal numbers."
    REVALIGN_STAMP = RevalignCall("REVALIGN_STAMP", Array(metric, period, as_of, field1, value1, field2, _
        value2, field3, value3, field4, value4, field5, value5, field6, value6, field7, value7, field8, value8), True)
End Function

Public Function REVALIGN_DEFINE(metric, Optional field1, Optional value1, Optional field2, Optional value2, _
        Optional field3, Optional value3, Optional field4, Optional value4, Optional field5, Optional value5, _
        Optional field6, Optional value6, Optional field7, Optional value7, Optional field8, Optional value8)
Attribute REVALIGN_DEFINE.VB_Description = "What a metric means and which teams own it."
    REVALIGN_DEFINE = RevalignCall("REVALIGN_DEFINE", Array(metric, field1, value1, field2, value2, field3, _
        value3, field4, value4, field5, value5, field6, value6, field7, value7, field8, value8), True)
End Function

Public Function REVALIGN_STATUS(Optional source, Optional field1, Optional value1, Optional field2, _
        Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, Optional field5, _
        Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, Optional field8, _
        Optional value8)
Attribute REVALIGN_STATUS.VB_Description = "How fresh the published numbers are, by source."
    REVALIGN_STATUS = RevalignCall("REVALIGN_STATUS", Array(source, field1, value1, field2, value2, field3, _
        value3, field4, value4, field5, value5, field6, value6, field7, value7, field8, value8), True)
End Function

Public Function REVALIGN_LIST(kind)
Attribute REVALIGN_LIST.VB_Description = "Valid names, for drop-down lists."
    REVALIGN_LIST = RevalignCall("REVALIGN_LIST", Array(kind), True)
End Function

Public Function REVALIGN_PERIOD(token, Optional anchor)
Attribute REVALIGN_PERIOD.VB_Description = "The first day of a period as a real date, for headers that every function reads as that period's month."
    REVALIGN_PERIOD = RevalignCall("REVALIGN_PERIOD", Array(token, anchor), True)
End Function

Public Function REVALIGN_CONVERSION(reached_next, reached)
Attribute REVALIGN_CONVERSION.VB_Description = "Share of those who reached a stage that reached the next one."
    REVALIGN_CONVERSION = RevalignCall("REVALIGN_CONVERSION", Array(reached_next, reached))
End Function

Public Function REVALIGN_FUNNEL(stage_counts, Optional stage_names)
Attribute REVALIGN_FUNNEL.VB_Description = "Step and overall conversion of every stage, with headers."
    REVALIGN_FUNNEL = RevalignCall("REVALIGN_FUNNEL", Array(stage_counts, stage_names))
End Function

Public Function REVALIGN_NPS(scores)
Attribute REVALIGN_NPS.VB_Description = "Net promoter score in points, -100 to 100: share of 9 and 10 minus share of 0 to 6."
    REVALIGN_NPS = RevalignCall("REVALIGN_NPS", Array(scores))
End Function
