"""The words in the names of all records, and which of them somebody means.

A search first asks this small table what a typed word can be: itself, the beginning or a part of a word, the same name
in the other script, a typing error. Only then the large tables are asked, for words that are there. So a text that
fits nothing costs next to nothing, however many records there are.
"""

import re
from dataclasses import dataclass

from django.db import connection
from django.db.migrations import RunSQL

# What separates words; the trigger splits by the same set.
SPLIT = r"[\s\"'«»“”„`(),;:/|<>!?*&+]+"
SIMILAR = 0.4
FEW = 12


@dataclass(frozen=True)
class Meaning:
    """What a typed word can mean: whole words, and parts of words, both as they stand in the names."""

    whole: tuple = ()
    parts: tuple = ()

    def __bool__(self):
        return bool(self.whole or self.parts)


def words_of(key):
    """The words of a sort key."""
    return [word for word in re.split(SPLIT, key) if word]


def meaning_of(word):
    """What a word means as it is typed: itself, a part of words, or the same spelled in the other script."""
    if not _is_a_word(word):
        # Numbers and addresses are not kept as words.
        return Meaning(parts=(word,))
    with connection.cursor() as cursor:
        cursor.execute(_SPELLED, {"word": word, "begins": _like(word) + "%", "part": f"%{_like(word)}%", "few": FEW})
        found = cursor.fetchall()
    whole = tuple(dict.fromkeys(w for w, kind in found if kind == "same"))
    parts = tuple(dict.fromkeys(w for w, kind in found if kind == "longer" and word not in w))
    here = any(word in w for w, kind in found)
    return Meaning(whole, ((word,) if here else ()) + parts)


def mended(word):
    """What a word that fits nothing was probably meant to be, the likeliest first."""
    if not _is_a_word(word) or len(word) < 4:
        return Meaning()
    with connection.cursor() as cursor:
        near = list(_one_slip(word))
        cursor.execute(_ALIKE, {"word": word, "near": near, "similar": SIMILAR, "few": FEW})
        return Meaning(whole=tuple(dict.fromkeys(w for (w,) in cursor.fetchall())))


def _one_slip(word):
    """Patterns of the words that are one slip away: two letters swapped, one too many, one wrong, one left out."""
    for i in range(len(word)):
        head, tail = word[:i], word[i + 1 :]
        yield _like(head + tail)
        yield f"{_like(head)}_{_like(tail)}"
        yield f"{_like(head)}_{_like(word[i:])}"
        if tail:
            yield _like(head + tail[0] + word[i] + tail[1:])


def _is_a_word(word):
    return len(word) > 1 and not any(c.isdigit() or c == "@" for c in word)


def _like(word):
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


# Each part stops at what it needs; a part of a word is looked for from three letters on, where the index helps.
_SPELLED = """
    (SELECT word, 'same' FROM crm_searchword WHERE spelling = crm_spelling(%(word)s) OR word = %(word)s LIMIT %(few)s)
    UNION ALL
    (SELECT word, 'begins' FROM crm_searchword WHERE word LIKE %(begins)s LIMIT 1)
    UNION ALL
    (SELECT word, 'longer' FROM crm_searchword WHERE length(%(word)s) > 2 AND crm_spelling(%(word)s) <> ''
        AND spelling >= crm_spelling(%(word)s) AND spelling < crm_spelling(%(word)s) || U&'\\+10FFFF'
        ORDER BY spelling LIMIT %(few)s)
    UNION ALL
    (SELECT word, 'part' FROM crm_searchword WHERE length(%(word)s) > 2 AND word LIKE %(part)s LIMIT 1)
"""
_ALIKE = """
    SELECT word FROM (
        SELECT word, 1 + similarity(word, %(word)s) AS likeness FROM crm_searchword WHERE word LIKE ANY (%(near)s)
        UNION ALL
        SELECT word, greatest(similarity(word, %(word)s), similarity(spelling, crm_spelling(%(word)s)))
        FROM crm_searchword WHERE word %% %(word)s OR spelling %% crm_spelling(%(word)s)
    ) AS near WHERE likeness >= %(similar)s GROUP BY word ORDER BY max(likeness) DESC, word LIMIT %(few)s
"""


def noting(table, column):
    """The migration step by which the words of a column are noted, those that are there and all to come.

    Also where triggers are off, as while the demo company is made.
    """
    create = f"""
        INSERT INTO crm_searchword (word, spelling) SELECT word, crm_spelling(word) FROM (
            SELECT DISTINCT left(w, 60) AS word FROM {table}, regexp_split_to_table({column}, '{_SPLIT_SQL}') AS w
            WHERE length(w) > 1 AND w !~ '[0-9@]') AS words;
        CREATE TRIGGER note_words_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION crm_note_words('{column}');
        CREATE TRIGGER note_words_update AFTER UPDATE ON {table} REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
            FOR EACH STATEMENT EXECUTE FUNCTION crm_note_words('{column}');
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER note_words_insert;
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER note_words_update;
    """  # noqa: S608  names out of our own migrations
    drop = f"DROP TRIGGER note_words_insert ON {table}; DROP TRIGGER note_words_update ON {table};"
    # A list, so that nobody splits the text at a semicolon inside it.
    return RunSQL([create], [drop])


_SPLIT_SQL = SPLIT.replace("'", "''")
FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION crm_spelling(word text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
-- One spelling for a name, from Cyrillic and from the usual ways to write it in Latin letters.
DECLARE s text := word COLLATE "C";
BEGIN
    s := replace(replace(replace(replace(s, 'ю', 'iu'), 'я', 'ia'), 'ц', 'ts'), 'є', 'ie');
    s := translate(s, 'абвгдезийклмнопрстуфыэіїґхжшщчўøłđıьъ', 'abvgdeziiklmnoprstufieiighžšščuoldi');
    s := replace(replace(replace(s, 'æ', 'e'), 'œ', 'e'), 'ß', 'ss');
    s := replace(replace(replace(s, 'shch', 'š'), 'sch', 'š'), 'tch', 'č');
    s := replace(replace(replace(s, 'sh', 'š'), 'ch', 'č'), 'zh', 'ž');
    s := replace(replace(s, 'tš', 'č'), 'kh', 'h');
    s := replace(replace(replace(s, 'ph', 'f'), 'th', 't'), 'ck', 'k');
    s := replace(replace(replace(s, 'qu', 'kv'), 'tz', 'ts'), 'x', 'ks');
    s := translate(s, 'cqwyj', 'kkvii');
    s := regexp_replace(s, '(.)\\1+', '\\1', 'g');
    RETURN replace(replace(replace(s, 'ie', 'e'), 'io', 'e'), 'iu', 'u');
END $$;
CREATE OR REPLACE FUNCTION crm_note_words() RETURNS trigger LANGUAGE plpgsql AS $$
-- Notes the words of new names. Nothing is locked, so nobody waits for anybody: a word noted twice does no harm.
DECLARE names text := format('SELECT %I AS name FROM new_rows', TG_ARGV[0]);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        names := format('SELECT n.%1$I AS name FROM new_rows n JOIN old_rows o USING (id) WHERE n.%1$I <> o.%1$I', TG_ARGV[0]);
    END IF;
    EXECUTE 'INSERT INTO crm_searchword (word, spelling) SELECT word, crm_spelling(word) FROM ('
        || 'SELECT DISTINCT left(w, 60) AS word FROM (' || names || ') AS n, regexp_split_to_table(name, '
        || quote_literal('{_SPLIT_SQL}') || ') AS w WHERE length(w) > 1 AND w !~ ''[0-9@]'') AS words'
        || ' WHERE NOT EXISTS (SELECT FROM crm_searchword AS known WHERE known.word = words.word)';
    RETURN NULL;
END $$;
"""  # noqa: S608  our own text


def words_in(found, rows_of):
    """Words noted from rows that are about to go: `found` is {model: keys}, `rows_of(model, keys)` gives them."""
    words = set()
    for table, column in _noted():
        for model in (m for m in found if m._meta.db_table == table):
            for key in rows_of(model, found[model]).values_list(column, flat=True):
                words.update(words_of(key))
    return words


def forget_words(words):
    """Take away noted words that no name has any more."""
    if not words:
        return
    used = " OR ".join(
        f"EXISTS (SELECT FROM {table} t WHERE t.{column} LIKE '%%' || w.word || '%%'"
        f" AND w.word = ANY (regexp_split_to_array(t.{column}, '{_SPLIT_SQL}')))"
        for table, column in _noted()
    )  # names out of our own migrations
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM crm_searchword w WHERE w.word = ANY (%s) AND NOT ({used or 'false'})",  # noqa: S608
            [[word[:60] for word in words]],
        )


def _noted():
    """[(table, column)] whose words are noted, as the triggers say."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, convert_from(rtrim(tgargs, '\\x00'), 'UTF8') FROM pg_trigger"
            " WHERE tgname = 'note_words_insert' ORDER BY 1"
        )
        return [(table, column) for table, column in cursor.fetchall()]
