"""The words the sample is made of: names, cities, industries. Drawn once; never a call per row.

Add a list here when a channel needs vocabulary. Names come from Faker's lists, pinyin from pypinyin; no real person
is meant.
"""

from dataclasses import dataclass
from functools import cache

from faker.providers.person.de_DE import Provider as German
from faker.providers.person.en_US import Provider as American
from faker.providers.person.zh_CN import Provider as Chinese
from pypinyin import Style, lazy_pinyin

NICKNAMES = {
    "Robert": "Bob", "William": "Bill", "Richard": "Dick", "James": "Jim", "John": "Jack", "Michael": "Mike",
    "Thomas": "Tom",
    "Charles": "Chuck", "Joseph": "Joe", "Daniel": "Dan", "Matthew": "Matt", "Anthony": "Tony", "Steven": "Steve",
    "Edward": "Ted", "Benjamin": "Ben", "Samuel": "Sam", "Alexander": "Alex", "Nicholas": "Nick", "Elizabeth": "Liz",
    "Jennifer": "Jenny", "Katherine": "Kate", "Margaret": "Peggy", "Patricia": "Pat", "Susan": "Sue",
    "Deborah": "Debbie",
    "Rebecca": "Becky", "Jessica": "Jess", "Victoria": "Vicky", "Christina": "Tina", "Barbara": "Barb", "Pamela": "Pam",
}  # fmt: skip
ENGLISH_NAMES = (
    "Amy", "Andy", "Cindy", "David", "Eric", "Frank", "Grace", "Helen", "Ivy", "Jason", "Kevin", "Lily", "Mark",
    "Nancy",
    "Oscar", "Peter", "Queenie", "Ray", "Sophie", "Tina", "Vivian", "Wendy", "Yoyo", "Zoe",
)  # fmt: skip
GIVEN_CHARACTERS = (
    "伟强磊洋勇军杰涛超明辉刚健飞鹏志文海林波宇浩晨阳建国芳娜敏静秀丽艳娟霞燕玲红梅雪婷佳欣怡慧颖倩琳雨思子梓诗涵"
)
SURNAME_READINGS = {
    "曾": "zeng",
    "单": "shan",
    "仇": "qiu",
    "解": "xie",
    "任": "ren",
    "查": "zha",
    "区": "ou",
    "覃": "qin",
}
STREETS = (
    "人民路",
    "中山路",
    "解放路",
    "建设路",
    "文化路",
    "长江路",
    "黄河路",
    "新华路",
    "和平路",
    "学院路",
    "滨江大道",
    "朝阳街",
)
LATIN_STREETS = ("Oak Street", "Main Street", "Park Avenue", "Mill Lane", "Station Road", "Church Street", "Lindenweg")
INDUSTRIES = ("retail", "manufacturing", "hospitality", "education", "healthcare", "logistics", "software", "food")
JOBS = ("Buyer", "Manager", "Owner", "Engineer", "Director", "Assistant")
OCCUPATIONS = (
    "teacher",
    "engineer",
    "nurse",
    "civil servant",
    "sales",
    "student",
    "retired",
    "self-employed",
    "designer",
)
COMPANY_STEMS = (
    "Huaxin",
    "Tianlan",
    "Yuanjing",
    "Beichen",
    "Moyu",
    "Qingshan",
    "Nordlicht",
    "Halvard",
    "Brightmere",
    "Ostwick",
)
COMPANY_STEMS_ZH = ("华信", "天蓝", "远景", "北辰", "墨语", "青山", "诺德", "哈瓦", "明湖", "东维")
MAIL_HOSTS = ("mail.example", "youxin.example", "kuaiyou.example", "inbox.example", "freemail.example", "example.com")


@dataclass(frozen=True)
class City:
    """A city as a shopper writes it. `native`: in its own script; `country`: ISO 2; `weight`: how many live there."""

    latin: str
    native: str
    region: str
    region_native: str
    postcode: int
    country: str
    weight: float


CITIES = (
    City("Shanghai", "上海市", "Shanghai", "上海市", 200000, "CN", 12),
    City("Beijing", "北京市", "Beijing", "北京市", 100000, "CN", 10),
    City("Guangzhou", "广州市", "Guangdong", "广东省", 510000, "CN", 8),
    City("Shenzhen", "深圳市", "Guangdong", "广东省", 518000, "CN", 8),
    City("Hangzhou", "杭州市", "Zhejiang", "浙江省", 310000, "CN", 7),
    City("Chengdu", "成都市", "Sichuan", "四川省", 610000, "CN", 6),
    City("Chongqing", "重庆市", "Chongqing", "重庆市", 400000, "CN", 5),
    City("Wuhan", "武汉市", "Hubei", "湖北省", 430000, "CN", 5),
    City("Nanjing", "南京市", "Jiangsu", "江苏省", 210000, "CN", 5),
    City("Suzhou", "苏州市", "Jiangsu", "江苏省", 215000, "CN", 4),
    City("Xi'an", "西安市", "Shaanxi", "陕西省", 710000, "CN", 4),
    City("Qingdao", "青岛市", "Shandong", "山东省", 266000, "CN", 3),
    City("Changsha", "长沙市", "Hunan", "湖南省", 410000, "CN", 3),
    City("Kunming", "昆明市", "Yunnan", "云南省", 650000, "CN", 2),
    City("Luoyang", "洛阳市", "Henan", "河南省", 471000, "CN", 2),
    City("Yichang", "宜昌市", "Hubei", "湖北省", 443000, "CN", 1),
    City("New York", "New York", "New York", "New York", 10001, "US", 3),
    City("Seattle", "Seattle", "Washington", "Washington", 98101, "US", 2),
    City("Berlin", "Berlin", "Berlin", "Berlin", 10115, "DE", 3),
    City("Hamburg", "Hamburg", "Hamburg", "Hamburg", 20095, "DE", 2),
    City("London", "London", "England", "England", 20001, "GB", 3),
    City("Singapore", "Singapore", "Singapore", "Singapore", 238801, "SG", 2),
)  # fmt: skip

# Districts of the Chinese cities, as a source in China writes them.
DISTRICTS = {
    "Shanghai": ("浦东新区", "徐汇区", "静安区", "闵行区"),
    "Beijing": ("朝阳区", "海淀区", "西城区", "丰台区"),
    "Guangzhou": ("天河区", "越秀区", "海珠区", "番禺区"),
    "Shenzhen": ("南山区", "福田区", "罗湖区", "宝安区"),
    "Hangzhou": ("西湖区", "滨江区", "余杭区"),
    "Chengdu": ("武侯区", "锦江区", "青羊区"),
    "Chongqing": ("渝中区", "江北区", "渝北区"),
    "Wuhan": ("武昌区", "江汉区", "洪山区"),
    "Nanjing": ("玄武区", "鼓楼区", "江宁区"),
    "Suzhou": ("姑苏区", "吴中区", "相城区"),
    "Xi'an": ("雁塔区", "碑林区", "未央区"),
    "Qingdao": ("市南区", "市北区", "崂山区"),
    "Changsha": ("岳麓区", "芙蓉区", "雨花区"),
    "Kunming": ("五华区", "盘龙区", "官渡区"),
    "Luoyang": ("涧西区", "西工区", "洛龙区"),
    "Yichang": ("西陵区", "伍家岗区"),
}


@dataclass(frozen=True)
class Names:
    """One name list: what people are called natively, the same in Latin letters, and what friends say."""

    family: tuple[str, ...]
    family_latin: tuple[str, ...]
    given: tuple[tuple[str, ...], tuple[str, ...]]
    given_latin: tuple[tuple[str, ...], tuple[str, ...]]


@cache
def chinese_names() -> Names:
    """Surnames by frequency and given names of one or two characters, men's then women's, with pinyin."""
    family = tuple(Chinese.last_names)[:160]
    split = GIVEN_CHARACTERS.index("芳")
    characters = (GIVEN_CHARACTERS[:split], GIVEN_CHARACTERS[split:])
    lists = (Chinese.first_names_male, Chinese.first_names_female)
    given = tuple(
        tuple(dict.fromkeys([*known, *(a + b for a in own for b in own if a != b)]))
        for known, own in zip(lists, characters, strict=True)
    )
    return Names(family, tuple(_surname(name) for name in family), given, tuple(tuple(map(_pinyin, x)) for x in given))  # type: ignore[arg-type]


@cache
def western_names() -> Names:
    """English and German names; native and Latin are the same."""
    family = (*tuple(American.last_names)[:600], *German.last_names[:200])
    men = (*tuple(American.first_names_male)[:250], *NICKNAMES)
    women = (*tuple(American.first_names_female)[:250], *German.first_names_female[:60])
    return Names(family, family, (men, women), (men, women))


def _surname(name: str) -> str:
    return SURNAME_READINGS.get(name, _pinyin(name)).capitalize()


def _pinyin(name: str) -> str:
    return "".join(lazy_pinyin(name, style=Style.NORMAL)).capitalize()
