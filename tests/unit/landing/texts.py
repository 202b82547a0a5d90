"""Realistic fields per encoding: names, addresses and goods as customers' files hold them, made anew from a seed.

Words are written here or come from faker; no expectation about the lander lives here.
"""

import random
from collections.abc import Iterator
from functools import cache

from faker import Faker

GOODS = {
    "zh_CN": "纯棉圆领短袖T恤 无线蓝牙耳机 儿童保温杯 有机绿茶礼盒 防晒喷雾 不锈钢炒锅 已完成 待发货 已取消 顺丰快递 微信支付",
    "zh_TW": "純棉上衣 無線藍牙耳機 兒童保溫瓶 有機綠茶禮盒 防曬噴霧 不鏽鋼炒鍋 已完成 待出貨 已取消 宅急便 超商取貨",
    "ja_JP": "綿のTシャツ ワイヤレスイヤホン 子ども用水筒 有機緑茶ギフト 日焼け止めスプレー 完了 出荷待ち キャンセル済み",
    "de_DE": "Kühlschrank Geschenkgutschein für Gäste Größe Übergröße Käsemesser Bürostuhl straße",
    "fr_FR": "crème brûlée théière en céramique forêt noire livraison différée réglé déjà payé",
    "es_ES": "niño pequeño camión año nuevo pañuelo de algodón envío rápido devolución",
    "pt_BR": "calção botão coração pão de açúcar ação não pago",
    "sv_SE": "kött blåbär smörgås äpple tröja på väg återbetald",
    "da_DK": "rød grød blåbær køleskab børnetøj håndklæde",
    "typographic": "it’s “fine” €5 — déjà vu… Škoda cœur Œuvre Žižka 10 € ‘new’ naïve – café",
}
LOCALES = {
    "gb18030": ["zh_CN"],
    "gbk": ["zh_CN"],
    "big5": ["zh_TW"],
    "shift_jis": ["ja_JP"],
    "latin-1": ["de_DE", "fr_FR", "es_ES", "pt_BR", "sv_SE", "da_DK"],
    "cp1252": ["de_DE", "fr_FR", "es_ES", "pt_BR", "sv_SE", "da_DK", "typographic"],
}
LOCALES["utf-8"] = LOCALES["utf-8-sig"] = LOCALES["utf-16"] = ["zh_CN", "zh_TW", "ja_JP", "de_DE", "fr_FR", "es_ES"]
HALF_WIDTH = dict(zip("アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンー",
                      "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝｰ", strict=True))  # fmt: skip


@cache
def _makers(locale: str) -> tuple:
    if locale == "typographic":
        return ()
    faker = Faker(locale)
    faker.seed_instance(7)
    kana = (lambda: half_width(faker.kana_name()), faker.kana_name) if locale == "ja_JP" else ()
    return (faker.name, faker.name, faker.last_name, faker.city, faker.street_address, faker.company, *kana)


def half_width(text: str) -> str:
    return "".join(HALF_WIDTH.get(letter, "") for letter in text)


def fields(encoding: str, seed: int, locale: str | None = None) -> Iterator[str]:
    """Endless fields with at least one non-ASCII character that the encoding can write; one file has one language."""
    chance = random.Random(f"{encoding}{seed}")
    locale = locale or chance.choice(LOCALES[encoding])
    makers = (*_makers(locale), lambda: chance.choice(GOODS[locale].split(" ")))
    while True:
        text = chance.choice(makers)().replace("\n", " ").replace(",", " ")
        if not text.isascii() and text.encode(encoding, "ignore").decode(encoding) == text:
            yield text


def rows(encoding: str, seed: int, count: int, filled: int, locale: str | None = None) -> list[str]:
    """`count` order rows, of which `filled`, spread evenly, hold a non-ASCII customer; the others an ASCII one."""
    source = fields(encoding, seed, locale)
    places = {index * count // filled for index in range(filled)}
    return [f"{n},{next(source) if n in places else f'C{n:06d}'},2026-01-02,{n % 90}.50,paid\n" for n in range(count)]
