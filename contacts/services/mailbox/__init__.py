"""The personal mailbox: what is seen is in the ledger, what concerns people known here is in their timelines."""
