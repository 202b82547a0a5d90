"""The characters of each script and how often customer files use them: the data that makes a decoded text likely or not.

Sets and weights only; how a text is judged by them lives in `likelihood.py`.
"""

# Frequent in names of people and places, addresses, goods and order states. Not a frequency list of prose: a name or an
# address has to look likely after few characters.
SIMPLIFIED = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方"
    "白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀英华慧鑫桂兰玉建国志文宇浩然子轩"
    "梓涵雪梅红玲燕辉平飞鹏波斌峰凤霞海燕婷云帆佳俊欣怡春晓东西南北中上下大小新老天地山川河湖京沪津渝省市县区镇乡村路街道号楼室单元栋广场"
    "大厦花园小区州深圳杭成都武汉重庆苏安长沙青岛宁波郑沈阳合肥福厦昆济哈尔滨石家庄浙江苏四川湖广东辽徽建河黑龙吉林云贵陕甘朝海淀浦黄埔"
    "公司有限科技贸易商店集团网络信息电子服务客户订单已完成待付款发货取消退换收快递微信支付宝银行卡积分会员普通金牌男女生日手机邮箱地址姓名"
    "备注是否的一不了在人这我他们来到时说要就出会可也你对和为以年月日元件个套盒装双色黑白红蓝绿灰粉号码尺寸短袖长裤棉衣鞋包耳机杯茶酒米油糖"
    "水果牛奶鸡蛋肉面食品牙膏洗护肤防晒无线蓝智能儿童婴女男装家用厨房锅锋锦嘉佩志诺巨奥迪泰创联合盟通讯传媒"
)
TRADITIONAL = (
    "陳林黃張李王吳劉蔡楊許鄭謝洪郭邱曾廖賴徐周葉蘇莊呂江何蕭羅高潘簡朱鍾彭游詹胡施沈余盧梁趙顏柯翁魏孫戴范方宋鄧杜傅侯曹薛丁卓阮馬董溫唐藍"
    "石蔣田康紀馮歐湯白尤姚連程古巫嚴怡君雅婷家豪志明淑芬美玲惠麗秀英俊傑宗翰冠宇建宏承恩佳穎詩涵欣心柏翰品睿文雄國華信義春嬌月娥玉珍金龍"
    "鳳臺台北新竹中南高雄桃園基隆嘉彰化雲投屏東宜蘭花蓮澎湖市縣區鄉鎮村里路街段巷弄號樓之室大安松山萬士內湖港文木板橋三重永和土城淡水汐止"
    "香九沙田元朗荃灣觀塘旺角尖仙苗栗公司有限股份企業科技貿易商店集團資訊電子服務客戶訂單已完成待付款出貨取消退換收快遞宅配超商行信用卡點數"
    "會員普通金牌男女生日手機郵箱地址姓名備註是否的一不了在人這我他們來到時說要就可也你對為以年月元件個套盒裝雙色黑紅綠灰粉碼尺寸短袖長褲棉衣鞋"
    "包耳杯茶酒米油糖水果牛奶雞蛋肉麵食品牙膏洗護膚防曬無線藍智能兒童嬰家用廚房鍋鋒實業工程興德榮勝聯合"
)
JAPANESE = (
    "佐藤鈴木高橋田中伊渡辺山本村小林加吉斎松井上清水崎森池橋石川前岡後長谷近坂遠青西福太三浦原中野藤竹金和内今宮大島谷平工横武古新河杉千葉久保"
    "酒矢口丸安桜荒岩関菊服部樋水北市洋次郎一二三四五六七八九十子美恵香奈子陽介健直樹翔真由京都府県区市町村丁目番地号道東阪名屋神奈愛知埼玉静岡"
    "広兵庫茨城岐阜栃群馬宮潟熊鹿児沖縄滋賀三重札幌横浜堺港渋新宿世田品目黒豊江戸墨台文中央足立練馬板橋杉並荒葛飾北株式会社有限商店工業電気"
    "建設運輸製作所通信食品水産農業銀行保険販売注文完了出荷待取消済代金引換送料無料税込円年月日時分人個点本枚箱袋色黒白赤青緑灰綿子供用水筒"
    "有機緑茶日焼止料品番氏名住所電話様的一国会人年大学生上下左右前後新旧裕貴悠斗結衣陸蓮葵明拓也涼裕聡舞智幹篤司治修春夏秋冬晃花里花明"
)
LATIN_LOWER = "éèêëàâäáãåçñöóôòõøüúùûßíîìïæœýÿšžðþ"
LATIN_UPPER = "ÉÈÊËÀÂÄÁÃÅÇÑÖÓÔÒÕØÜÚÙÛÍÎÌÏÆŒÝŠŽÐÞ"
LATIN_MARKS = "€’‘“”„–—…•™«»°·¡¿§©®£ªº²³½¼´×\xa0"
PINYIN = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜü"
CJK_MARKS = "　、。〈〉《》「」『』【】〔〕·・…—―“”‘’～〜‧℃№※○●☆★→￥"
HALF_KANA = "ｦｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝ"
HALF_MARKS = "ﾞﾟｰｧｨｩｪｫｬｭｮｯ"


def span(first: int, last: int) -> str:
    """All characters between two code points, both included."""
    return "".join(map(chr, range(first, last + 1)))


def level(codec: str, leads: range, trails: range) -> str:
    """The Han characters of a part of a double-byte code table; the first levels hold what daily texts are written with."""
    pairs = (bytes((lead, trail)).decode(codec, "ignore") for lead in leads for trail in trails)
    return "".join(pair for pair in pairs if "一" <= pair <= "鿿" and len(pair) == 1)


FULL_WIDTH = CJK_MARKS + span(0xFF01, 0xFF5E)
KANA = span(0x3041, 0x3093) + span(0x30A1, 0x30F6) + "ー々"
OTHER_SCRIPTS = span(0x391, 0x3C9) + span(0x401, 0x451)
FURTHER_SCRIPTS = (
    span(0x100, 0x17F) + span(0x5D0, 0x5EA) + span(0x621, 0x64A) + span(0xE01, 0xE4F) + span(0xAC00, 0xD7A3)
)
