"""The same filter as the board, as a table."""

from crm import lists
from deals.lists import DealList


def index(request):
    return lists.index(request, DealList)
