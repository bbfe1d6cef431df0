"""Street addresses, as they are written in some twenty countries, and postal codes."""

import re

from training.curation.details.rule import Rule
from training.curation.words import is_ordinary_word

PLACE = "[ADDRESS]"

_STREET = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Circle|Cir|Place|Pl|Way|Terrace|Ter|Tce|"
    r"Square|Sq|Parkway|Pkwy|Highway|Hwy|Close|Crescent|Cres|Grove|Gardens|Gdns|Trail|Trl|Loop|Alley|Row|Walk|Mews|Hill|"
    r"Park|Plaza|Quay|Rise|View|Vista|Path|Pike|Turnpike|Expressway|Freeway|Bypass|Bridge|Brook|Creek|Crossing|Estate|"
    r"Estates|Extension|Falls|Field|Fields|Flat|Flats|Ford|Forest|Forge|Fork|Garden|Gateway|Glen|Green|Harbor|Harbour|Haven|"
    r"Heights|Hills|Hollow|Inlet|Island|Isle|Junction|Key|Knoll|Knolls|Lake|Lakes|Landing|Lodge|Manor|Meadow|Meadows|Mill|"
    r"Mills|Mission|Mount|Mountain|Neck|Oval|Parade|Pde|Pass|Passage|Pine|Pines|Plain|Plains|Point|Points|Port|Prairie|"
    r"Ranch|Rapid|Rapids|Rest|Ridge|River|Route|Run|Shore|Shores|Skyway|Spring|Springs|Spur|Station|Stream|Summit|Throughway|"
    r"Trace|Track|Tunnel|Union|Unions|Valley|Via|Viaduct|Views|Village|Ville|Wall|Well|Wells|Esplanade|Orchard|Orchards|Basin|Islands|Ports|Forks|Ridges|Frontage|Alleyway|Annex|Arcade|Bayou|Beach|Bend|Bluff|Bluffs|Branch|"
    r"Burg|Camp|Canyon|Cape|Causeway|Cliff|Cliffs|Common|Commons|Corner|Corners|Cove|Coves|Crest|Curve|Dale|Dam|Divide|"
    r"Ferry|Glens|Greens|Groves|Harbors|Lock|Locks|Mall|Motorway|Overpass|Radial|Ramp|Shoal|Shoals|Squares|Stravenue|"
    r"Streets|Trafficway|Underpass|Valleys|Marg|Nagar|Chowk|Lu)"
)
_CAPITAL_LETTER = "[A-ZÀ-ÖØ-Þ]"
_UNIT = r"(?:,?\s(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Room|Rm|Bldg|Lot|#)\.?\s?#?\w+)"
_CAPITALISED = r"(?:[A-ZÀ-Þ][\w'’.-]*|\d{1,3}(?:st|nd|rd|th))"
_LINK_WORDS = (
    r"de|del|de\s+la|de\s+los|de\s+las|des|du|da|do|dos|das|di|della|delle|dei|degli|la|le|les|los|y|e|of|the|van|der|den|"
    r"d['’]|l['’]|dell['’]"
)
_LINK = rf"(?:(?:{_LINK_WORDS})\s*){{0,4}}"
_NAME = rf"{_LINK}[A-ZÀ-Þ][\wÀ-ž'’.-]*(?:\s{_LINK}[A-ZÀ-Þ][\wÀ-ž'’.-]*){{0,3}}"
_HOUSE = r"\d{1,5}(?:\s?[-/]\s?\d{1,5})?\s?[a-zA-Z]?\b(?:/\d{1,4})?"
_NUMBER = rf"(?:,?\s*(?:no\.?|nr\.?|n[.ºo°]+|núm\.?|#|číslo|d\.)?\s*){_HOUSE}"
_ROMANCE_BEFORE = (
    r"(?:calle|c/|avenida|avda\.?|paseo|plaza|pza\.?|carrer|camino|carretera|ronda|calzada|carrera|cra\.?|jirón|rambla|"
    r"glorieta|callejón|pasaje|pasadizo|cuesta|acceso|cañada|urbanización|vial|via|viale|piazza|piazzale|corso|vicolo|largo|"
    r"strada|lungomare|contrada|borgo|stretto|canale|rotonda|incrocio|rua|travessa|praça|alameda|estrada|rodovia|quinta|"
    r"ladeira|viela|vila|beco|colônia|condomínio|conjunto|chácara|fazenda|favela|lagoa|morro|núcleo|parque|passarela|"
    r"recanto|residencial|setor|sítio|trecho|trevo|vale|vereda|via|viaduto|distrito|esplanada|estação|feira|jardim|loteamento|"
    r"área|aeroporto|campo|str\.|strada|bulevardul|aleea|calea|șoseaua|intrarea|splaiul|piața)"
)
_FRENCH = (
    r"(?:rue|avenue|av\.?|boulevard|bd|blvd|place|chemin|allée|impasse|quai|route|cours|passage|square|faubourg|sentier|"
    r"villa)"
)
_SUFFIX = (
    r"(?:stra(?:ß|ss)e|str\.?|gasse|weg|platz|allee|ring|damm|ufer|chaussee|steig|pfad|straat|laan|plein|gracht|kade|dijk|"
    r"singel|steeg|dreef|pad|plantsoen|baan|boulevard|hof|park|gatan|vägen|gata|väg|gränd|torget|allén|stigen|gränden|"
    r"vej|gade|vejen|gaden|stræde|allé|veien|gaten|gate|vei|veg|vegen|stien|sti|haugen|kroken|bakken|svingen|lia|"
    r"tunet|berget|plassen|marka|lien|åsen|jordet|skogen|moen|flata|toppen|faret|ringen|løkka|hagen|enga|engen|dalen|"
    r"haven|parken|toften|vænget|gården|katu|tie|kuja|polku|utca|útja|utcája|köz|tér|caddesi|sokak|sokağı|bulvarı|ulica|ulice|náměstí)"
)
_SLAVIC_BEFORE = r"(?:ul\.|ulica|ulice|al\.|aleja|aleje|os\.|osiedle|pl\.|plac|rondo|nám\.|třída|trg|улица|ул\.)"
_GERMAN_BEFORE = (
    r"(?:Am|An\sder|An\sden|An\sdem|Im|In\sder|In\sden|Auf\sder|Auf\sdem|Zum|Zur|Unter\sden|Hinter\sder|Hinter\sdem|"
    r"Bei\sder|Vor\sdem|Alte[rn]?|Neue[rn]?|Lange|Kleine|Große)"
)
_NO_HOUSE = re.compile(
    r"\d+\s?(?:(?i:min(?:ute)?s?|hours?|hrs?|miles?|mi|km|blocks?|lanes?|feet|ft|yards?|days?|years?|people|cars?|houses?|"
    r"times?|dollars?|bucks|percent)\b|(?:%|st|nd|rd|th|more|other|of|to|from|and|or|in|on|way|different|good|bad|new|old|"
    r"star|by)\b)"
)
"""A number that measures or counts something."""


def _is_place(match: re.Match[str]) -> bool:
    return not _NO_HOUSE.match(match[0])


def _is_no_word(match: re.Match[str]) -> bool:
    """Return whether the street, which ends like one in German, Dutch or Norwegian, is no English word, as `Spring`."""
    return not is_ordinary_word(match["street"] or match[0].split()[-2])


_HOUSE_WORDS = (
    "cottage", "cottages", "farm", "farmhouse", "lodge", "villa", "barn", "bungalow", "grange", "manor", "house",
    "hall", "mansion", "mansions", "croft", "homestead", "chalet", "mews", "rectory", "vicarage",
)  # fmt: skip
_HOUSE_NAME = rf"(?:[A-ZÀ-Þ][\w'’-]+\s){{1,2}}(?i:{'|'.join(_HOUSE_WORDS)})(?!\w)"
_ROAD = r"(?:Street|St|Road|Rd|Lane|Ln|Avenue|Ave|Drive|Close|Hill|Green|Way|Row|Crescent|Terrace|Square|Walk|Mews)"


def _is_own_name(match: re.Match[str]) -> bool:
    """Return whether a house has a name of its own: one of its words is no ordinary one."""
    return not all(map(is_ordinary_word, match[0].split()[:-1]))


SPELLED_PLACE_RULES = (
    Rule(
        "address",
        PLACE,
        re.compile(rf"\b{_HOUSE_NAME},\s(?:[A-ZÀ-Þ][\w'’-]+\s){{1,3}}{_ROAD}\b"),
        words=frozenset(_HOUSE_WORDS),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            rf"\b(?i:liv(?:e|es|ed|ing)\s(?:in|at)|address\W{{1,3}}(?:is\s)?|(?:house|home|farm|place)\s(?:is\s)?(?:called|named))"
            rf"\s?(?P<detail>(?i:the\s)?{_HOUSE_NAME})"
        ),
        words=frozenset(_HOUSE_WORDS),
    ),
    Rule("address", PLACE, re.compile(rf"\b{_HOUSE_NAME}"), words=frozenset(_HOUSE_WORDS), accepts=_is_own_name),
    Rule(
        "address",
        PLACE,
        re.compile(
            rf"(?i:\b(?:one|two|three|four|five|six|seven|eight|nine|ten))\s(?:{_CAPITALISED}\s){{1,2}}(?:Street|Avenue|Road|Lane|Drive|Place)\b"
        ),
    ),
)
PLACE_RULES = (
    Rule(
        "address",
        PLACE,
        re.compile(
            rf"\b\d{{1,6}}[A-Za-z]?(?:[-/]\d{{1,4}})?,?\s(?:[NSEW]{{1,2}}\.?\s)?(?:{_CAPITALISED}\s){{1,4}}{_STREET}\b\.?(?:\s[NSEW]{{1,2}}\b)?{_UNIT}?"
        ),
        accepts=_is_place,
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            rf"\b\d{{1,6}}[a-z]?,?\s(?:[nsew]\.?\s)?(?:\w[\w'.]*\s){{1,3}}(?:street|avenue|ave|boulevard|blvd|road|lane|terrace|crescent|parkway)(?!\w){_UNIT}?",
            re.I,
        ),
        accepts=_is_place,
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            rf"\b(?:{_CAPITALISED}\s){{1,3}}(?:Street|Road|Avenue|Lane|Drive|Boulevard|Close|Terrace|Crescent|Grove|Court)\s(?:No\.?\s?)?\d{{1,4}}[A-Za-z]?\b"
        ),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            rf"\b\d{{1,6}}\s?[A-Za-z]?,?\s[\w'-]+\s(?:[NSEW]\.?\s)?(?:[A-Z][\w'-]*(?:fort|ton|ville|view|side|land|ways?|walk|wood|worth|street|gate|field))\b{_UNIT}"
        ),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(rf"\b\d{{1,5}}(?:\s?(?:bis|ter|[A-D]))?,?\s(?:{_FRENCH})\s{_NAME}", re.I),
        accepts=_is_place,
    ),
    Rule(
        "address",
        PLACE,
        re.compile(rf"(?<![\w.#@-])(?P<street>{_CAPITAL_LETTER}[a-zß-öø-ÿ]{{7,}})\s\d{{1,3}}[A-H]?(?![\w%]|[.,:/-]\d)"),
        accepts=_is_no_word,
    ),
    Rule("address", PLACE, re.compile(rf"(?<!\w)(?i:{_FRENCH})\s{_NAME}{_NUMBER}")),
    Rule(
        "address", PLACE, re.compile(rf"(?<!\w)(?i:{_ROMANCE_BEFORE})\s{_NAME}{_NUMBER}(?:,\s(?:\w+\s?\d+|\d+\s?\w*))?")
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            rf"\b(?P<street>[A-ZÀ-Þ][\w'-]*{_SUFFIX}|\w+(?:stra(?:ß|ss)e|straat|gatan|vägen))\s{_HOUSE}|"
            rf"\b(?:[A-ZÀ-Þ][\w'.-]*[\s-]){{1,2}}(?i:{_SUFFIX})\s{_HOUSE}"
        ),
        accepts=_is_no_word,
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            rf"(?<![\w-])(?:(?i:house|villa|bungalow)\s\d+\w?,\s(?i:street|road|lane|block|phase)\s\d+\w?)(?:,\s{_CAPITALISED})?"
        ),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            rf"\b{_CAPITALISED}(?:\s(?:krt|krt\.|körút|u\.|fasor|rakpart|tere|sétány)\s|,\s\d{{1,4}}\.\s(?:sokak|cadde|sok\.|cad\.))\.?\s?(?:no[:.]?\s?)?\d{{0,4}}",
            re.I,
        ),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            r"\b(?i:carrera|calle|cra|cl|kr|diagonal|transversal|avenida)\.?\s\d{1,3}\s?[A-Za-z]?\s?(?:#|(?i:no\.?|n°))\s?\d{1,3}\w?\s?-\s?\d{1,3}"
            r"(?:,\s[A-ZÀ-Þ][\w'’-]+)?"
        ),
        signs=("#", "no", "n°"),
    ),
    Rule("address", PLACE, re.compile(rf"\b{_GERMAN_BEFORE}\s(?:[A-ZÄÖÜ][\wäöüß-]+\s){{1,2}}{_HOUSE}")),
    Rule("address", PLACE, re.compile(rf"(?<!\w)(?i:{_SLAVIC_BEFORE})\s(?:[\w.'-]+\s){{1,4}}{_HOUSE}")),
    Rule(
        "address",
        PLACE,
        re.compile(
            r"(?i)(?<!\w)(?:jalan|jl\.|lorong|đường|phố|sector|plot|h\.?\s?no\.?|house\sno\.?|flat\sno\.?|door\sno\.?)\s?(?:[A-Z]\w+\s){0,3}(?:no\.?\s?)?\d+[\w/-]*"
        ),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            r"\b\d{1,2}-\d{1,2}(?:-\d{1,3})?,?\s[A-Z]\w+(?:-(?:cho|machi|ku|shi|dori|dong|gu|ro|gil)\b|,\s[A-Z]\w+-ku\b)|\b\d-chome\b[\w\s-]{0,20}|\b\d{1,4}\s[A-Z]\w+-(?:ro|gil|daero|dong)\b"
        ),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            r"(?i)\b(?:P\.?\s?O\.?\s?Box|Post\sOffice\sBox|Postfach|Apartado(?:\sde\scorreos)?|Casilla|BP|GPO\sBox|Caixa\sPostal)\s?#?\d+\b"
        ),
        signs=("box", "postfach", "apartado", "casilla", "bp "),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            r"(?<![\w-])(?:[A-PR-UWYZ][A-HJ-Y]?\d[A-Z\d]?\s?\d[ABD-HJLNP-UW-Z]{2}|[ABCEGHJ-NPRSTVXY]\d[A-Z]\s?\d[A-Z]\d)\b"
        ),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(rf"(?<![\w$€£.,#-])\d{{5}}\s(?P<street>{_CAPITAL_LETTER}[a-zß-öø-ÿ]{{3,}})(?!\w)"),
        accepts=_is_no_word,
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            r"(?<=,\s[A-Z]{2}\s)\d{5}\b(?:-\d{4}\b)?|(?<=[a-z]\s[A-Z]{2}\s)\d{5}\b|\b\d{5}-\d{4}\b|"
            r"(?i:\bzip(?:\s?code)?|\bpostcode|\bpostal\scode|\bplz)(?:\s(?:is|was))?\W{0,3}"
            r"(?P<detail>(?:[A-Z][\w'-]+,?\s(?:[-–]\s)?){0,3}(?:[A-Z]{2}\s|[A-Z]{1,2}-)?\d{2,6}(?:[ -]\d{2,3})?)\b"
            r"|\b(?:NSW|VIC|QLD|TAS|ACT|WA|SA|NT)\s\d{4}\b|"
            r"\b[1-9]\d{3}\s(?!AM|PM|BC|AD|CE|AC|DC|HP|GB|MB|TB|KM|KG|FT|PC|PS|TV|US|UK|EU)[A-Z]{2}\s(?=[A-Z][a-z])"
            r"|\b(?:D|F|A|CH|B|L|S|DK|PL|SE|NL)-\d{4,5}\s(?=[A-Z][a-z])"
        ),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            r"\[ADDRESS\](?:,?\s(?:(?i:apt|apartment|suite|unit|flat|floor|studio|door|piso|interno|appartamento|apt\.|puerta|\d{1,2}º)\.?\s?#?\w{1,6}))+"
        ),
        signs=("[address]",),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            rf"\[ADDRESS\][,.\n]?\s?(?:{_CAPITALISED},?\s(?:[-–]\s)?){{0,4}}"
            r"(?:(?:[A-Z]{1,2}-)?\d{2,5}[- ]?\d{0,3}(?:\s[A-Z]{2})?\b|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b)"
        ),
        signs=("[address]",),
    ),
)
