"""What the demo company is written with: set-based SQL whose numbers follow from the seed alone."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from crm.models import Team


@dataclass
class Plan:
    """How much, from which seed, and who is there. `now` is the present moment of the company's history."""

    contacts: int
    seed: int
    now: datetime
    months: int = 24
    users: dict = field(default_factory=dict)  # role code -> User
    reps: dict = field(default_factory=dict)  # language -> [User]
    agents: list = field(default_factory=list)
    teams: dict[str, Team] = field(default_factory=dict)
    passwords: list = field(default_factory=list)

    @property
    def companies(self):
        return max(20, self.contacts // 10)

    @property
    def deals(self):
        return self.contacts // 5

    @property
    def tickets(self):
        return self.contacts * 3 // 10

    @property
    def span(self):
        """Seconds of history."""
        return self.months * 30 * 86400

    @property
    def start(self):
        return self.now - timedelta(seconds=self.span)

    def chance(self, salt):
        """A generator of its own for small things made in Python."""
        return random.Random(f"{self.seed}:{salt}")  # noqa: S311  demo data, no secrets

    def run(self, sql, **values):
        """Run one statement; `%(now)s`, `%(span)s`, `%(start)s` and lists of words are given. Returns the row count."""
        with connection.cursor() as cursor:
            cursor.execute(sql, {"now": self.now, "span": self.span, "start": self.start, **values})
            return cursor.rowcount

    def tools(self):
        """Functions of this session: pick(row, salt, n) is 0 … n-1, unit(row, salt) is 0 … 1, word(row, salt, words).

        work(at, row, salt) is a moment in the office hours of that day, of the Friday before when it is a weekend.
        """
        self.run(
            f"""
            CREATE OR REPLACE FUNCTION pg_temp.pick(i bigint, salt int, n int) RETURNS int LANGUAGE sql IMMUTABLE AS
              'SELECT ((hashint8extended($1, $2 + {int(self.seed)} * 1000::bigint) & 9007199254740991) %% $3)::int';
            CREATE OR REPLACE FUNCTION pg_temp.unit(i bigint, salt int) RETURNS double precision LANGUAGE sql IMMUTABLE AS
              'SELECT (hashint8extended($1, $2 + {int(self.seed)} * 1000::bigint) & 1048575) / 1048576.0::double precision';
            CREATE OR REPLACE FUNCTION pg_temp.word(i bigint, salt int, words text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
              'SELECT $3[1 + pg_temp.pick($1, $2, array_length($3, 1))]';
            """
        )
        self.run(
            """
            CREATE OR REPLACE FUNCTION pg_temp.work(at timestamptz, i bigint, salt int) RETURNS timestamptz LANGUAGE sql STABLE AS
              'SELECT date_trunc(''day'', $1) - make_interval(days => greatest(0, extract(isodow FROM $1)::int - 5))
                 + make_interval(mins => 420 + pg_temp.pick($2, $3, 570))';
            """
        )

    def keys(self, users):
        return [user.pk for user in users]


_LETTERS = str.maketrans(dict(zip("абвгдеёзийклмнопрстуфыэ", "abvgdeeziyklmnoprstufye", strict=True)) | {
    "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "yu", "я": "ya", "ъ": "", "ь": "",
})  # fmt: skip


def latin(text):
    """The text in small Latin letters, without blanks, as in an address."""
    return text.lower().translate(_LETTERS).replace(" ", "")
