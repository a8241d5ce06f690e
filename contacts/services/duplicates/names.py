"""Names as they are compared: in one alphabet, without patronymic and legal form, diminutives known."""

import re

_LATIN = {
    **dict(zip("абвгдезийклмнопрстуфхцыэ", "abvgdeziyklmnoprstufhcye", strict=True)),
    "ё": "e", "ж": "zh", "ч": "ch", "ш": "sh", "щ": "sch", "ю": "yu", "я": "ya", "ъ": "", "ь": "",
    "і": "i", "ї": "yi", "є": "ye", "ґ": "g",
}  # fmt: skip
_TO_LATIN = str.maketrans(_LATIN)
_CYRILLIC = re.compile(r"[а-яёіїєґ]")
# Two ways to write one sound in Latin letters; the first is taken.
_SPELLINGS = [(re.compile(pattern), one) for pattern, one in (
    (r"iu|ju", "yu"), (r"ia|ja", "ya"), (r"kh", "h"), (r"x", "ks"), (r"shch|sch", "sh"), (r"tch", "ch"), (r"ts|tz", "c"),
    (r"[iy]+[iy]", "y"), (r"ck", "k"), (r"ph", "f"), (r"w", "v"), (r"^e(?=[vgl])|^ye", "e"),
)]  # fmt: skip
_PATRONYMIC = re.compile(
    r"(?:ovich|evich|ievich|yevich|ovna|evna|ievna|yevna|inichna|ichna|ilich|kuzmich|lukich|ович|евич|ильич|кузьмич|лукич|овна|евна|ична)$"
)
FORMS = ["ооо", "оао", "зао", "пао", "нао", "ао", "ип", "тоо", "чп", "тов", "гк", "гуп", "муп", "нко", "ано", "фгуп", "чоу", "llc", "llp", "ltd", "limited", "inc", "incorporated", "corp", "corporation", "co", "company", "plc", "gmbh", "ag", "kg", "ohg", "ug", "mbh", "se", "sa", "sas", "sarl", "srl", "spa", "bv", "nv", "oy", "ab", "as", "aps", "pty", "kft", "sro", "zoo", "ooo", "oao", "zao", "pao", "ao", "ip"]  # fmt: skip
_LEGAL = re.compile(
    r"\b(?:общество с ограниченной ответственностью|(?:публичное |закрытое |открытое |непубличное )?акционерное общество"
    r"|индивидуальный предприниматель|gmbh co kg|s r o|sp z o o|"
    + "|".join(FORMS) + r")\b"
)  # fmt: skip
# Each line one name: the full form first, then what people are called by it.
_CALLED = """
alexander aleksandr alex al sasha sanya shura sandy xander
alexandra aleksandra alex sasha shura sandra sandy lexi
alexey alexei alyosha lyosha lesha aleksey
anastasia nastya asya stacy
anatoly tolya anatole
andrew andy drew andrey andrei
anna anne ann annie anya nyura anja
anthony tony anton
barbara barb babs varvara varya
benjamin ben benny
catherine katherine kate katie kathy cathy kitty ekaterina katya katerina kat
charles charlie chuck
christina christine tina chris kristina
christopher chris kit topher
daniel dan danny daniil danila
david dave davy
dmitry dima mitya dmitri dimitri
edward ed eddie ted ned eduard edik
elena lena alyona helen helena elen
elizabeth liz lizzie beth betty eliza lisa liza yelizaveta elizaveta
evgeny zhenya yevgeny eugene gene
evgenia zhenya eugenia
frederick fred freddy
galina galya
george georgy gosha zhora egor yegor yura
gregory greg grigory grisha
irina ira irene
ivan vanya ioann
jacob jake yakov yasha
james jim jimmy jamie
jennifer jen jenny
john jack johnny jon
joseph joe joey iosif
konstantin kostya constantine
kseniya ksyusha xenia ksenia
larisa lara larissa
leonid lenya leo
lyudmila luda lyuda mila ludmila
margaret maggie meg peggy margarita rita
maria mary masha marie mariya maryam manya
matthew matt matvey
maxim max maksim
michael mike mick misha mikhail
natalia natasha nata natalie natalya
nicholas nick nicky nikolai kolya nikolay
oleg olezhka
olga olya
patricia pat patty tricia
patrick pat paddy
paul pavel pasha
peter pete petr pyotr petya
polina polya pauline
rebecca becky becca
richard rick dick rich ricky
robert bob bobby rob robbie bert
roman roma
samuel sam sammy
semyon sema simon
sergey seryozha sergei serge
sofia sonya sophia sophie sofya
stanislav stas slava
stephen steven steve stepan styopa
susan sue susie suzanne
svetlana sveta lana
tatiana tanya tatyana
theodore ted teddy fyodor fedor fedya
thomas tom tommy
timothy tim timofey tima
valentina valya
vasily vasya basil
veronica nika vera ronnie veronika
viktor vitya victor vic
victoria vika vicky viktoria
vladimir vova volodya
vladislav vlad slava
vyacheslav slava
william bill billy will willy liam
yulia julia yulya julie
yuri yura
"""


def latin(text):
    """Folded text with Cyrillic letters as Latin ones.

    >>> latin("щукина юлия")
    'schukina yuliya'
    """
    return text.translate(_TO_LATIN) if _CYRILLIC.search(text) else text


def spelling(text):
    """One way to write names that Latin letters write in several.

    >>> spelling("aleksei") == spelling("alexey"), spelling("iuliia") == spelling("yuliya")
    (True, True)
    """
    for pattern, one in _SPELLINGS:
        text = pattern.sub(one, text)
    return text


def without_patronymic(text):
    """First names without the patronymic; one that stands alone stays."""
    words = text.split()
    kept = [word for word in words if not _PATRONYMIC.search(word)]
    return " ".join(kept or words)


def without_legal_form(text):
    """The name of a company without what its lawyers call it; a name that is nothing else stays.

    >>> without_legal_form("ооо ромашка"), without_legal_form("acme gmbh co kg")
    ('ромашка', 'acme')
    """
    return " ".join(_LEGAL.sub(" ", text).split()) or text


def _groups():
    found = {}
    for line in _CALLED.strip().splitlines():
        names = line.split()
        for name in names:
            found.setdefault(spelling(name), set()).add(names[0])
    return {name: frozenset(full) for name, full in found.items()}


_FULL = _groups()


def full_names(name):
    """The full forms that a name may stand for, as a frozen set; empty for a name that is not known.

    >>> full_names("sasha") & full_names("alexander")
    frozenset({'alexander'})
    """
    return _FULL.get(spelling(name), frozenset())
