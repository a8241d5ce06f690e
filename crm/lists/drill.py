"""From a figure to the rows behind it: the same list as a table, with one condition more."""

from crm.conditions.widgets import dump, replaced


def drill(wish, *nodes):
    """Address of the table with these conditions added to the filter."""
    tree = wish.tree
    for node in nodes:
        tree = replaced(tree, None, node)
    table = "table" if getattr(wish.view, "shape", "") else None
    return wish.url(f=dump(tree), shape=table, by=None)
