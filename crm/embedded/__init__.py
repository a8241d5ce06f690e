"""The servers a bare machine is given: PostgreSQL, Redis, a mailbox, and the process group that holds them."""
