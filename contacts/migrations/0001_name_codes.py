"""How a name sounds, as a function of the database: an index on it finds names that are spelt otherwise."""

from django.db import migrations

# A first letter for those it is taken for, in both alphabets; vowels are one.
_FIRST = {
    "a": "eiouyjаеёиіїйоуыэєюя", "b": "б", "v": "вw", "g": "гґ", "d": "д", "z": "жз", "k": "cqxкч", "l": "л", "m": "м", "n": "н",
    "p": "п", "r": "р", "s": "сшщ", "t": "тц", "f": "ф", "h": "х",
}  # fmt: skip
# Consonants that are taken for each other have one digit, vowels 0; h and the signs are not heard.
_REST = {
    "0": "aeiouyjаеёиіїйоуыэєюя", "1": "bfpvwбвпф", "2": "cgkqsxzгґжзкхсцчшщ", "3": "dtдт", "4": "lл", "5": "mnмн", "6": "rр",
    "": "hъь",
}  # fmt: skip
_FORMS = (
    "ооо|оао|зао|пао|нао|ао|ип|тоо|гк|гуп|муп|llc|llp|ltd|limited|inc|corp|corporation|company|plc|gmbh|ag|kg|ohg|se|sa|sas|sarl|"
    "srl|spa|bv|nv|oy|ab|aps|pty|kft"
)


def _translate(what, table):
    """SQL translate(): the letters without a counterpart stand last and are dropped."""
    pairs = [(letter, to) for to, letters in table.items() for letter in letters]
    pairs.sort(key=lambda pair: pair[1] == "")
    return f"translate({what}, '{''.join(a for a, _b in pairs)}', '{''.join(b for _a, b in pairs)}')"


_CREATE = f"""
CREATE FUNCTION contacts_name_code(key text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT coalesce(string_agg(code, ' ' ORDER BY code), '') FROM (
    SELECT {_translate("left(word, 1)", _FIRST)}
      || left(regexp_replace(substr(regexp_replace({_translate("word", _REST)}, '(.)\\1+', '\\1', 'g'), 2), '[^1-6]', '', 'g'), 3) AS code
    FROM unnest((regexp_split_to_array(btrim(key), '[ -]+'))[1:2]) word WHERE word <> '') words
$$;
-- Legal forms are words between blanks: what a letter is depends on the collation, which is C in the columns of names.
CREATE FUNCTION contacts_company_code(key text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT public.contacts_name_code(
    regexp_replace(' ' || translate(key, '«»"„“”.,()&''', '            ') || ' ', ' ({_FORMS})(?= )', ' ', 'g'))
$$;
"""  # noqa: S608  the letters are ours


class Migration(migrations.Migration):
    replaces = [
        ("contacts", "0001_initial"),
        ("contacts", "0002_imports"),
        ("contacts", "0003_import_stopped"),
        ("contacts", "0004_search_words"),
        ("contacts", "0005_city_as_written"),
        ("contacts", "0006_words_always"),
        ("contacts", "0007_work"),
        ("contacts", "0008_work_indexes"),
        ("contacts", "0009_duplicates_and_merges"),
        ("contacts", "0010_record_details"),
        ("contacts", "0011_first_lifecycle_stays"),
        ("contacts", "0012_import_depth"),
        ("contacts", "0013_name_codes"),
        ("contacts", "0014_name_code_indexes"),
        ("contacts", "0015_candidates"),
        ("contacts", "0016_consent_ledger"),
        ("contacts", "0017_consent_unsealed"),
        ("contacts", "0018_company_code"),
        ("contacts", "0019_personal_mailbox"),
        ("contacts", "0020_quality"),
        ("contacts", "0021_quality_marks"),
        ("contacts", "0022_quality_figures"),
        ("contacts", "0023_personal_data"),
        ("contacts", "0024_privacy_rights"),
        ("contacts", "0025_left_main_index"),
        ("contacts", "0026_letters_written_here"),
        ("contacts", "0027_object_links"),
    ]

    dependencies = [("crm", "0002_events_and_words")]
    operations = [
        migrations.RunSQL(
            _CREATE, "DROP FUNCTION contacts_company_code(text); DROP FUNCTION contacts_name_code(text)"
        )
    ]
