"""The pairs of records that share one of several keys, found by the database."""

# Keys that more records share than this say nothing: a shared mailbox, a frequent name.
LARGEST = 25
_COUPLES = """
SELECT DISTINCT a.id AS first_id, b.id AS second_id FROM (
  SELECT array_agg(DISTINCT id) AS ids FROM ({keys}) k(id, key) GROUP BY md5(key)::uuid
  HAVING count(*) BETWEEN 2 AND {largest} {having}) block, unnest(ids) a(id), unnest(ids) b(id)
WHERE a.id < b.id AND NOT EXISTS (SELECT 1 FROM {pairs} p WHERE p.first_id = a.id AND p.second_id = b.id AND p.state = 'never')"""


def couples(keys, pairs, *, having=""):
    """SQL of (first_id, second_id) without those that somebody called never the same in the table `pairs`.

    `keys` is SQL of (id, key); `having` limits the groups further. Percent signs of patterns are none of parameters.
    """
    return _COUPLES.format(keys=keys.replace("%", "%%"), pairs=pairs, largest=LARGEST, having=having)
