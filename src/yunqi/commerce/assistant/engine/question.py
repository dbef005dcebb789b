"""What a question wants, in English and Chinese, by plain rules that can be read and tested."""

import re

from yunqi.commerce.assistant.model import Intent

# Topics that a product feed does not hold. They decline a question unless the very word stands in the facts.
TOPICS = re.compile(
    r"\b(?:ingredients?|allerg\w*|gluten|calorie\w*|kcal|nutrition\w*|protein|carb\w*|sugars?|sodium"
    r"|fat|fiber|fibre|"
    r"vegan|vegetarian|organic|kosher|halal|dairy|lactose|nuts?|peanuts?|soy|caffeine|alcohol|additives?|"
    r"preservatives?|gmo|expir\w*|shelf life|best before|fresh\w*|made in|country|origin|imported"
    r"|come from|comes from|"
    r"reviews?|ratings?|stars|taste\w*|flavou?r\w*|smell\w*|delicious|colou?rs?|material|"
    r"tomorrow|next (?:week|month|year)|last (?:week|month|year)|yesterday|used to|will it be"
    r"|deliver\w*|shipping|ship|returns?|refund\w*|warranty|guarantee|"
    r"stor(?:e (?:it|this|them)|age|ing)|recipes?|cook\w*|bake|microwave\w*|prepare|instructions?"
    r"|dosage|side effects?|"
    r"safe|healthy|recycl\w*|sustainab\w*|battery|voltage|dimensions?|ceo|founder|founded)\b"
    r"|去年|昨天|以前|明天|下周|下个?月|以后|将来|孕妇|成分|配料|原料|卡路里|热量|营养|过敏|素食|有机"
    r"|无糖|糖分|含糖|脂肪|蛋白|产地|哪里产|哪产|保质期|过期|新鲜"
    r"|评价|评分|口感|口味|味道|好吃|颜色|材质|送货|配送|运费|快递|退货|退款|保修|怎么吃|怎么做"
    r"|怎么用|做法|食谱"
    r"|副作用|安全|健康|酒精|咖啡因|清真|环保|添加剂|防腐剂",
    re.IGNORECASE,
)

_COMPARE = re.compile(
    r"\b(?:difference|differ\w*|compar\w*|versus|vs|recommend\w*|suggest\w*|should i|which|better"
    r"|best|choose|pick)\b"
    r"|区别|不同|差别|对比|比较|哪个|哪款|哪一个|推荐|选哪|建议",
    re.IGNORECASE,
)

_ABOUT = re.compile(
    r"\b(?:tell me|describe|description|what do you know|summar\w*|overview|explain|introduce"
    r"|good for|information|"
    r"what (?:is|are|'s) (?:this|it|that|these|they|those)\b(?! (?:price|cost|size|brand))|details?|"
    r"recommend|suggest|should i|worth)\b"
    r"|介绍|说说|讲讲|是什么|什么东西|(?:这个?|这款|商品|产品|它|东西).{0,6}怎么样|信息|详情|推荐",
    re.IGNORECASE,
)

_LOOKUPS: tuple[tuple[Intent, re.Pattern[str]], ...] = (
    (
        Intent.UNIT_PRICE,
        re.compile(
            r"\bper (?:oz|ounce|lb|pound|unit|lit(?:er|re)|ml|gram|piece|count|load|roll|quart|100)"
            r"|\bunit pric|"
            r"\b(?:better|best|good) (?:value|deal for)|value for (?:the |my |your )?money|bang for|"
            r"more for (?:my|the|your) money|单价|性价比|划算|每(?:盎司|磅|升|克|千克|公斤|毫升|个|片|卷)",
            re.IGNORECASE,
        ),
    ),
    (
        Intent.CHEAPEST,
        re.compile(
            r"\bcheap\w*|(?:least|less|more|most) expensive|(?:lowest|highest|lower) pric|costs? (?:less|more"
            r"|the )|"
            r"(?:save|spend) (?:me )?(?:more|most|less|least)|lower cost|price difference|difference in price"
            r"|compare (?:the )?prices?|"
            r"便宜|价格(?:更|最)?[低高]|低价|省钱|更贵|最贵|哪个贵|价差|差多少钱|比较价格|价格对比",
            re.IGNORECASE,
        ),
    ),
    (
        Intent.PROMOTION,
        re.compile(
            r"\b(?:promotions?|promos?|coupons?|deals?|discount\w*|special offers?|offers?|on sale|reduced)\b"
            r"|促销|优惠|折扣|打折|券|特价|活动",
            re.IGNORECASE,
        ),
    ),
    (
        Intent.SIZE,
        re.compile(
            r"\bsizes?\b|how (?:big|large|heavy|small)|"
            r"how many (?:ounces|oz|pounds|grams|pieces|count|loads|rolls|ml)|"
            r"how much (?:do|will|would) (?:i|we|you) get|what (?:amount|quantity)|"
            r"how much (?:is in|does (?:it|this|one) (?:weigh|contain|hold)|comes in)|weigh\w*|\bvolume|"
            r"大小|规格|多重|多大|重量|净含量|净重|容量|几盎司|多少(?:克|盎司|毫升|升|磅|个|片)|包装"
            r"|一[份包盒瓶袋]有多少",
            re.IGNORECASE,
        ),
    ),
    (
        Intent.STOCK,
        re.compile(
            r"\bin stock|out of stock|\bstock\b|\bavailab\w*|sold out|(?:can|could|may) i (?:still )?(?:buy"
            r"|get|order|have)|"
            r"do you (?:still )?have|have any|left\b|有货|库存|缺货|能买|买得到|现货|还有吗|卖完",
            re.IGNORECASE,
        ),
    ),
    (
        Intent.BRAND,
        re.compile(
            r"\bbrand\w*|who (?:makes|made|produces|manufactures)|made by|manufacturer|\bmaker|private label|"
            r"品牌|牌子|谁生产|谁做的|厂家|厂商|制造商",
            re.IGNORECASE,
        ),
    ),
    (
        Intent.CATEGORY,
        re.compile(
            r"\bcategor\w*|\bdepartment|\baisle|\bsection\b|what (?:kind|type|sort) of|\bheading"
            r"|\bfiled under|\blisted under|"
            r"类别|分类|属于|归在|归类|哪一?[类种个]?(?:种类|类)|哪[类种]|哪类|什么类|品类|哪个部门",
            re.IGNORECASE,
        ),
    ),
    (
        Intent.PRICE,
        re.compile(
            r"\bpric\w*|\bcosts?\b|how much|\bexpensive|\bpay\b|set me back|asking (?:price|for)|run me"
            r"|worth of one|go for\b|\bcharge|"
            r"价格|多少钱|几块|几元|价钱|售价|贵吗|贵不贵|什么价",
            re.IGNORECASE,
        ),
    ),
)

_COVERED = {Intent.UNIT_PRICE: {Intent.PRICE, Intent.SIZE}, Intent.CHEAPEST: {Intent.PRICE}}


def intents(question: str, facts: str, *, products: int) -> tuple[Intent, ...]:
    """Return what a question wants.

    Parameters
    ----------
    facts
        All facts as text: a topic that a feed does not hold counts only if its word is not there.
    products
        How many products the question is about; one cannot be compared.
    """
    said = facts.casefold()
    if any(topic.group().casefold() not in said for topic in TOPICS.finditer(question)):
        return (Intent.UNKNOWN,)
    found = [intent for intent, pattern in _LOOKUPS if pattern.search(question)]
    covered = set().union(*(_COVERED.get(intent, set()) for intent in found))
    wanted = tuple(intent for intent in found if intent not in covered)
    if wanted:
        return wanted
    if products > 1 and _COMPARE.search(question):
        return (Intent.COMPARE,)
    return (Intent.ABOUT,) if _ABOUT.search(question) else (Intent.UNKNOWN,)
