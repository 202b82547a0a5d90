"""Right but unusual words per encoding, that a check of encodings must let pass; no expectation lives here."""

_ODD = {
    "traditional in gb18030": (
        "gb18030",
        "臺北市信義區 陳怡君 黃志明 國立臺灣大學 廣東省東莞市 張學友 劉德華 鄭秀文 羅家英",
    ),
    "kana in gb18030": (
        "gb18030",
        "ありがとう カタカナ 東京タワー おはようございます ラーメン スマートフォン",
    ),
    "cyrillic in gb18030": (
        "gb18030",
        "Москва Иванов Наталья Сергей Петербург Ольга",
    ),
    "pinyin in gb18030": (
        "gb18030",
        "Zhāng_Wěi Lǐ_Nà Wáng_Fāng nǚ hǎo",
    ),
    "accents in gb18030": (
        "gb18030",
        "é crème Zoé déjà hôtel_è",
    ),
    "emoji in gb18030": (
        "gb18030",
        "🙂 好评👍 🎂生日快乐 ❤️",
    ),
    "marks in gb18030": (
        "gb18030",
        "， ￥100 （备注） A、B “x” — ① ② ★★★ ℃",
    ),
    "rare names in gb18030": (
        "gb18030",
        "李喆 王玥 张祎 刘珅 赵堃 冯翀 孙燚 吴犇 骉骉 马骉 林淼淼 䶮 䲜䴖",
    ),
    "hangul in gb18030": (
        "gb18030",
        "김철수 서울",
    ),
    "rare names in gbk": (
        "gbk",
        "赵堃 孙燚 镕基 陶喆 喆喆 張瑋 囍 堃 璟雯 頔 彧",
    ),
    "short words in gb18030": (
        "gb18030",
        "男 女 是 否",
    ),
    "rare names in big5": (
        "big5",
        "王祖賢 吳瑋 李燁 黃昱翔 淼鑫 鎂 葉芃 ㊣ 龘",
    ),
    "marks in big5": (
        "big5",
        "， （備註） 「」 ○ ※ ，。 、 ㊣ → ℃ ㄅㄆㄇ ˊ",
    ),
    "short words in big5": (
        "big5",
        "男 女 是 否",
    ),
    "half-width in shift_jis": (
        "shift_jis",
        "ﾔﾏﾀﾞ_ﾀﾛｳ ｻﾄｳ ｽｽﾞｷ ｶ)ﾄﾖﾀ ﾄｳｷﾖｳ ｷｮｳﾄ ｼﾌﾞﾔｸ ﾒｲｼﾞ ｼｮｳﾜ ｶﾌﾞｼｷｶﾞｲｼｬ ﾐﾂｲｽﾐﾄﾓ ﾎﾝﾃﾝ",
    ),
    "short half-width in shift_jis": (
        "shift_jis",
        "ｶ ﾃﾚ ﾄｳ ｱ ﾘ ﾕ ﾚｲ",
    ),
    "cyrillic in shift_jis": (
        "shift_jis",
        "Москва Иванов Наталья",
    ),
    "marks in shift_jis": (
        "shift_jis",
        "、 （株） 「」 ※ ￥ ＃１ 々 〒100",
    ),
    "old forms in shift_jis": (
        "shift_jis",
        "齋藤 渡邊 廣瀬 國分 澤村 櫻井 龍 檜 槇 凪 煌 颯 琥 翠",
    ),
    "full-width in shift_jis": (
        "shift_jis",
        "ＡＢＣ商会 １２３ ＴＥＬ Ｙ\u3000Ｓ",
    ),
    "short words in shift_jis": (
        "shift_jis",
        "男 女 有 無 済",
    ),
    "icelandic in latin-1": (
        "latin-1",
        "Þórður Guðrún Æsa Björk_Guðmundsdóttir Sigríður Jóhann",
    ),
    "capitals in latin-1": (
        "latin-1",
        "MÜLLER ÅSTRÖM GÖTZ JOSÉ_PEÑA CONCEIÇÃO ÖÄÜ ÉLÉONORE SÃO_JOÃO FRANÇOIS",
    ),
    "signs in latin-1": (
        "latin-1",
        "20° ½_L 5_µm ±2 © £5 n°3 2² «x» ¿Qué? ¡Hola! ÷ ¬ ¦",
    ),
    "single letters in latin-1": (
        "latin-1",
        "é ß Ø à ü Å ñ",
    ),
    "finnish in latin-1": (
        "latin-1",
        "Hämäläinen Jäätelö Pöllö Yrjö Väinö Äänekoski yö työ",
    ),
    "typography in cp1252": (
        "cp1252",
        "“x” ‘a’ 5_€ €5 — … • ™ Œuvre œ Šárka Žižek Ÿ ƒ",
    ),
    "estonian in cp1252": (
        "cp1252",
        "õun Jõgi öö Žanna Šura ööbik äär jäääär",
    ),
}
ODD = {name: (encoding, text.split(" ")) for name, (encoding, text) in _ODD.items()}
"""Right but unusual words, by what is unusual: (encoding, words)."""
