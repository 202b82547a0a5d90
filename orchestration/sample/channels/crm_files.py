"""The columns of the three CRMs' exports. What is in them is decided in `crm.py`; how files are framed, in
`layout.py`."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from orchestration.sample import words
from orchestration.sample.behaviour import Acts
from orchestration.sample.channels.common import city_texts, district_texts, of
from orchestration.sample.chunk import BUSINESS_TIMEZONE
from orchestration.sample.records import Records
from orchestration.sample.rows import Rows
from orchestration.sample.text import Text, code, constant, keep, moments, money, pick, whole
from orchestration.sample.world import World

TIMES = {"salesforce": "%Y-%m-%dT%H:%M:%S.000Z", "hubspot": "%Y-%m-%dT%H:%M:%S.000Z", "fxiaoke": "%Y-%m-%d %H:%M:%S"}
STAGES = {
    "salesforce": ("Prospecting", "Closed Won", "Closed Lost"),
    "hubspot": ("qualifiedtobuy", "closedwon", "closedlost"),
    "fxiaoke": ("需求确认", "赢单", "输单"),
}
KINDS = {
    "salesforce": ("Call", "Email", "Meeting", "Demo", "Service", "Complaint"),
    "hubspot": ("CALL", "EMAIL", "MEETING", "DEMO", "SERVICE", "COMPLAINT"),
    "fxiaoke": ("电话", "邮件", "会议", "售前", "售后", "拜访"),
}
SELLERS = ("lena.k", "zhao.m", "omar.s", "li.h")


@dataclass(frozen=True)
class Book:
    """One CRM's contacts: record rows with their ids, company as spelled and company id (null: none)."""

    world: World
    crm: str
    records: Records
    contact: Text
    company_name: Text
    company: Text

    def stamp(self, at: np.ndarray) -> Text:
        """Times as this CRM writes them."""
        return moments(at, TIMES[self.crm], "UTC" if self.crm != "fxiaoke" else BUSINESS_TIMEZONE)


@dataclass(frozen=True)
class Deals:
    """Opportunities of one CRM; `rows` are places in the book; `closed` -1 while open; `amount` in hundredths."""

    identifier: Text
    rows: np.ndarray
    created: np.ndarray
    closed: np.ndarray
    is_won: np.ndarray
    amount: np.ndarray
    source: Text


def _rows(book: Book, block: str, columns: Mapping[str, Text], at: np.ndarray) -> Rows:
    return Rows(book.crm, block, columns, at)


def contacts(book: Book) -> Rows:
    """One row a version of a contact."""
    r, rng = book.records, book.world.chunk.rng(f"{book.crm}/contacts")
    place = city_texts(r.city, native=book.crm == "fxiaoke")
    job, owner = pick(words.JOBS, rng.integers(0, len(words.JOBS), len(r))), pick(SELLERS, r.who % len(SELLERS))
    lead = pick(("web", "fair", "referral"), rng.integers(0, 3, len(r)))
    stamps = (book.stamp(r.created), book.stamp(r.updated))
    made: dict[str, Text]
    if book.crm == "salesforce":
        made = {"Id": book.contact, "FirstName": r.given, "LastName": r.family, "Email": r.email,
        "MobilePhone": r.phone_typed, "Title": job,
            "Company": book.company_name, "MailingStreet": r.street, "MailingCity": place["city"],
            "MailingPostalCode": place["postcode"],
            "MailingCountry": place["country"], "LeadSource": lead, "OwnerId": owner, "CreatedDate": stamps[0],
            "LastModifiedDate": stamps[1]}  # fmt: skip
    elif book.crm == "hubspot":
        made = {"id": book.contact, "firstname": r.given, "lastname": r.family, "email": r.email,
        "phone": r.phone_typed, "company": book.company_name,
            "jobtitle": job, "city": place["city"], "country": place["country"], "hs_analytics_source": lead,
            "hs_lead_status": pick(("NEW", "OPEN", "CONNECTED"), rng.integers(0, 3, len(r))), "hubspot_owner_id": owner,
            "createdate": stamps[0], "lastmodifieddate": stamps[1]}  # fmt: skip
    else:
        wechat = keep(of(book.world.people.wechat, r.who), rng.random(len(r)) < 0.4)
        made = {"编号": book.contact, "姓名": r.full_name, "手机": r.phone_typed, "邮箱": r.email, "微信": wechat,
            "性别": pick(("男", "女"), book.world.people.gender[r.who]), "职务": job, "公司": book.company_name,
            "城市": place["city"], "负责人": owner,
            "创建时间": stamps[0], "最后修改时间": stamps[1]}  # fmt: skip
    return _rows(book, "contacts", made, r.updated)


def accounts(book: Book, account: np.ndarray, company: Text, name: Text) -> Rows:
    """One row a company; it was entered with its first contact."""
    firms, rng = book.world.people.companies, book.world.chunk.rng(f"{book.crm}/accounts")
    at = _first_contact(book, account)
    place = city_texts(firms.city[account], native=book.crm == "fxiaoke")
    phone = keep(of(firms.phone, account), rng.random(len(account)) < 0.7)
    industry, size, stamp = (
        pick(words.INDUSTRIES, firms.industry[account]),
        whole(firms.employees[account]),
        book.stamp(at),
    )
    tax = keep(of(firms.tax_id, account), rng.random(len(account)) < 0.7)
    site = keep(of(firms.domain, account), rng.random(len(account)) < 0.9)
    made: dict[str, Text]
    if book.crm == "salesforce":
        made = {"Id": company, "Name": name, "TaxNumber": tax, "Website": site, "Phone": phone,
        "BillingCity": place["city"],
            "BillingCountry": place["country"], "Industry": industry, "NumberOfEmployees": size,
            "AnnualRevenue": money(firms.employees[account] * 9_000_000), "CreatedDate": stamp,
            "LastModifiedDate": stamp}  # fmt: skip
    elif book.crm == "hubspot":
        made = {"id": company, "name": name, "domain": site, "phone": phone, "city": place["city"],
        "country": place["country"], "industry": industry,
            "numberofemployees": size, "createdate": stamp, "hs_lastmodifieddate": stamp}  # fmt: skip
    else:
        made = {"编号": company, "客户名称": name, "统一社会信用代码": tax, "电话": phone, "城市": place["city"],
        "省份": place["region"],
            "区县": district_texts(book.world.chunk.rng(f"{book.crm}/districts"), firms.city[account]),
            "地址": constant(None, len(account)), "行业": industry, "员工数": size, "创建时间": stamp,
            "最后修改时间": stamp}  # fmt: skip
    return _rows(book, "accounts" if book.crm != "hubspot" else "companies", made, at)


def _first_contact(book: Book, account: np.ndarray) -> np.ndarray:
    """When the first contact of each company was made."""
    first = np.full(len(book.world.people.companies.index) + 1, book.world.chunk.span.end - 60)
    np.minimum.at(first, book.world.people.company[book.records.who], book.records.created)
    return first[account]


def memberships(book: Book) -> Rows:
    """One row for each contact with a company."""
    rows = np.flatnonzero(book.records.is_first & np.array(book.company.is_valid()))
    at, role = book.records.created[rows], constant("employee", len(rows))
    names = {"salesforce": ("ContactId", "AccountId", "Role", "LastModifiedDate"),
    "hubspot": ("contact_id", "company_id", "label", "updated_at"),
        "fxiaoke": ("联系人编号", "客户编号", "角色", "最后修改时间")}[book.crm]  # fmt: skip
    return _rows(
        book,
        "memberships",
        dict(zip(names, (of(book.contact, rows), of(book.company, rows), role, book.stamp(at)), strict=True)),
        at,
    )


def opportunities(book: Book, deals: Deals) -> Rows:
    """One row an opportunity, as it stands at its last change."""
    last = np.where(deals.closed >= 0, deals.closed, deals.created)
    stage = pick(STAGES[book.crm], np.where(deals.closed < 0, 0, np.where(deals.is_won, 1, 2)))
    won = keep(pick(("false", "true"), deals.is_won.astype(int)), deals.closed >= 0)
    names = {
        "salesforce": ("Id", "ContactId", "AccountId", "StageName", "Amount", "LeadSource", "CreatedDate",
        "CloseDate", "IsWon", "LastModifiedDate"),
        "hubspot": ("id", "contact_id", "company_id", "dealstage", "amount", "hs_analytics_source", "createdate",
        "closedate", "hs_is_closed_won",
            "hs_lastmodifieddate"),
        "fxiaoke": ("编号", "联系人编号", "客户编号", "阶段", "金额", "来源", "创建时间", "结束时间", "赢单",
        "最后修改时间"),
    }[book.crm]  # fmt: skip
    values = (deals.identifier, of(book.contact, deals.rows), of(book.company, deals.rows), stage,
    money(deals.amount), deals.source,
        book.stamp(deals.created), book.stamp(deals.closed), won, book.stamp(last))  # fmt: skip
    made = dict(zip(names, values, strict=True))
    currency = {"salesforce": ("CurrencyIsoCode", "USD"), "hubspot": ("deal_currency_code", "EUR")}.get(book.crm)
    if currency:
        made[currency[0]] = constant(currency[1], len(last))
    return _rows(book, "opportunities" if book.crm != "hubspot" else "deals", made, last)


def activities(book: Book, acts: Acts, contact: Text) -> Rows:
    """One row a call, e-mail, meeting, visit …"""
    kind, direction = pick(KINDS[book.crm], acts.kind), pick(("out", "in"), (acts.kind >= 4).astype(int))
    identifier = code(
        {"salesforce": "00T", "hubspot": "4", "fxiaoke": "HD"}[book.crm], book.world.chunk.identifiers(len(acts)), 12
    )
    stamp = book.stamp(acts.at) if book.crm != "fxiaoke" else moments(acts.at, "epoch_ms")
    block, *names = {
        "salesforce": ("tasks", "Id", "WhoId", "Type", "ActivityDate", "Direction"),
        "hubspot": ("engagements", "id", "contact_id", "type", "timestamp", "direction"),
        "fxiaoke": ("activities", "id", "contact_id", "scene", "create_time", "direction"),
    }[book.crm]
    return _rows(book, block, dict(zip(names, (identifier, contact, kind, stamp, direction), strict=True)), acts.at)
