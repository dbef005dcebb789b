"""Words of the demo data set, written out: its names are till-receipt shorthand in capitals."""

import re

DEPARTMENTS = {
    "DRUG GM": "Drugstore and general merchandise",
    "MEAT-PCKGD": "Packaged meat",
    "SEAFOOD-PCKGD": "Packaged seafood",
    "CHEF SHOPPE": "Chef's shop",
    "CNTRL/STORE SUP": "Store supplies",
    "CHARITABLE CONT": "Charitable contributions",
    "PROD-WHS SALES": "Produce warehouse sales",
    "ELECT &PLUMBING": "Electrical and plumbing",
    "GM MERCH EXP": "General merchandise expenses",
    "TRAVEL & LEISURE": "Travel and leisure",
}

NOT_GOODS = frozenset(
    ("COUPON", "FUEL", "CHARITABLE CONT", "POSTAL CENTER", "CNTRL/STORE SUP", "PROD-WHS SALES", "GM MERCH EXP")
)
"""Departments whose entries are not goods that a web shop could send: shown as out of stock."""

_TABLE = """
ACCSS accessories|ACCESS accessories|ALEMALT ale malt|ANTI anti|AUTO automotive|BA baby|BBQ BBQ
BEERALEMALT beer, ale and malt|BEV beverage|BG bags|BKD baked|BKFST breakfast|BN beans|BNDGES bandages|BR bread
BRD bread|BRKFST breakfast|BTH bath|BTL bottle|BTR butter|CAR carrier|CARB carbonated|CATFD cat food|CD CD
CHEESEEXACT cheese exact|CHICK chicken|CHIX chicken|CHOC chocolate|CHOCOCLATE chocolate|CHOCOL chocolate|CHP chip
CKTLS cocktails|CKYS cookies|CLEANG cleaning|CLOT clothes|CNCNTRTS concentrates|CND canned|CNDLES candles|CNDY candy
CNTRL control|CONC concentrate|COCO cocoa|CONVENIENT convenient|CR cream|CRAN cranberry|CRBNTD carbonated
CRKR crackers|CRMD creamed|CRSTDAS croustades|CRYSTL crystal|CTLRYTBLCLTHSTTHPKSST cutlery, tablecloths and toothpicks
DAN Danish|DEOD deodorant|DISPOSIBLE disposable|DL deli|DNR dinner|DNRS dinners|DOGFD dog food|DP dip|DPS dips
DRNK drink|DRNKING drinking|DRNKNG drinking|DRNKS drinks|DRP drop|DRSNG dressing|DSH dish|DVD DVD|DVDS DVDs|DXM DXM
ELSTC elastic|ENTREES entrées|ENTREE entrée|EXCP except|FD food|FDS foods|FEM feminine|FLVR flavor|FLVRD flavored
FRD fried|FRE free|FRZ frozen|FRZN frozen|FS family size|FT foot|GDS goods|GM general merchandise|GNGR ginger
GOL goldfish|GR gravy|GRND ground|HBC health and beauty|HYGN hygiene|INCL including|IQF IQF
IWS individually wrapped slices|JCE juice|JUI juice|JUIC juice|KLR keeler|LBS lb|LEGGS L'eggs|LIF life|LIQ liquid
LIQS liquids|LOREAL L'Oréal|LOZNG lozenges|LSS less|LT light|LTR liter|LUNCHMEAT lunch meat|MACH machine
MASSGRS massagers|MAY mayonnaise|MEMORABLILIA memorabilia|MERCH merchandise|MFG manufacturer|MISC miscellaneous
MIXS mixes|MLB MLB|MLK milk|MLT multi|MNR manner|MNRL mineral|MULT multi|MW microwave|MX mix|MXS mixes|NFL NFL
NDAIRY non-dairy|NTRTNL nutritional|NZ New Zealand|OCCAS occasions|OJ orange juice|ORGANC organic|OTHE other|OV over
PAC pack|PC piece|PERSNL personal|PICKLD pickled|PK pack|PKG packaged|PKGD packaged|PKLD pickled|PLSTC plastic
PNCH punch|PNT peanut|PPK pre-pack|PREM premium|PREP prepared|PREPCK pre-pack|PREPORTND pre-portioned
PRESLC pre-sliced|PROD produce|PRPCK pre-pack|PRSLC pre-sliced|PUR pure|PWDR powder|PWDRS powders|QSR quick service
REFRGRATD refrigerated|REG regular|RETL retail|RIC rice|RTD ready to drink|RTS ready to serve|RW random weight
SAL salads|SALD salad|SAUCESSALSAPICANTEE sauces, salsa and picante|SAUS sausage|SBT sub|SFT soft|SGL single
SHERBTS sherbets|SHLDR shoulder|SHLFSH shellfish|SHRED shredded|SLC slice|SLD sliced|SNDWCH sandwich|SNGL single
SNKS snacks|SPEC special|SPF SPF|SPHE sphere|SPLY supply|SPRD spread|SRV serve|SS single serve|STK stick|SUP super
SUPRT support|SUPPPLIES supplies|SUPPLEMEN supplements|SV serve|SW sweet|SWE sweet|SWEE sweet|SWEETNERS sweeteners
SWIN swine|SWT sweet|SYRP syrup|THN thin|TISS tissue|TN tin|TORT tortilla|TRANS transmission|TRSH trash|TV TV
VAC vacuum|VEG vegetables|VEGETABL vegetables|VEND vending|VHS VHS|WAT water|WATE water|WHL whole|WHLSM wholesome
WIC WIC|WRA wrap|WT weight|WTR water|XPCTRNT expectorant|SPIRITS spirits|COVERGIRL CoverGirl|MAYBELLINE Maybelline
REVLON Revlon|RITZ Ritz|SALLY Sally|HANSEN Hansen|ALPO Alpo|PEPPERIDG Pepperidge|SKIPPY Skippy|FRISK Friskies
SANDWIC sandwiches|TAILERS tailers|CHRISTMAS Christmas|HALLOWEEN Halloween|EASTER Easter|HISPANIC Hispanic
MEXICAN Mexican|ITALIAN Italian|FRENCH French|THAI Thai|AUSTRALIAN Australian|VALENTINE Valentine|ORIENTAL Oriental
PINTO pinto|CHEEZ Cheez|ITS Its|LB lb|OZ oz|CT ct|ML ml|GAL gal|QT qt|L L|YD yd|SQ sq|IN in|PT pt|KG kg|G g
"""
WORDS = dict(entry.split(" ", 1) for line in _TABLE.strip().splitlines() for entry in line.split("|"))
"""Shorthand (and proper names) to words."""

_TOKEN = re.compile(r"[A-Z]+(?:'[A-Z]+)?|[0-9.]+|[^A-Z0-9]", re.ASCII)
_SIGNS = (("&", " AND "), (" W/", " WITH "), ("/", ", "), (":", ", "), (" - ", ", "), ("(", " ("))
_SPACES = re.compile(r"\s+")


def written_out(text: str | None) -> str:
    """Return a name of the data set in ordinary spelling: ``FRZN MEAT/MEAT DINNERS`` is ``Frozen meat, meat dinners``.

    Examples
    --------
    >>> written_out("FRZN VEGETABLE/VEG DSH")
    'Frozen vegetable, vegetables dish'
    """
    if not text:
        return ""
    text = _closed(text.upper())
    for sign, words in _SIGNS:
        text = text.replace(sign, words)
    clean = _SPACES.sub(" ", "".join(_word(token) for token in _TOKEN.findall(text))).replace(" ,", ",").strip(" ,-.")
    return clean[:1].upper() + clean[1:]


def department(text: str) -> str:
    """Return a department's name in ordinary spelling."""
    return DEPARTMENTS.get(text) or written_out(text)


def title(product_type: str | None, category: str | None, brand: str, size: str | None) -> str:
    """Compose a title from a product's facts; it is derived, and marked so."""
    kind, group = written_out(product_type), written_out(category)
    name = kind or group or "Miscellaneous item"
    if group and kind and not _says(kind, group):
        name = f"{kind} – {group}"
    if size:
        name = f"{name}, {size_of(size)}"
    return f"{name} (store brand)" if brand == "Private" else name


def size_of(text: str) -> str:
    """Return a package size in ordinary spelling."""
    return _SPACES.sub(" ", "".join(_word(token) for token in _TOKEN.findall(text.upper().replace("(", " (")))).strip()


def _word(token: str) -> str:
    return WORDS.get(token, token.lower())


def _says(kind: str, group: str) -> bool:
    """Whether every word of the group is in the kind already."""
    said = {word.rstrip("s") for word in re.findall(r"\w+", kind.lower())}
    return all(word.rstrip("s") in said for word in re.findall(r"\w+", group.lower()))


def _closed(text: str) -> str:
    """Cut an unclosed bracket off: the data set's names end after thirty characters."""
    opened = text.rfind("(")
    return text[:opened] if opened > text.rfind(")") else text
