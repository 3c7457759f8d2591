"""Where it lies: adapters over disk, git and SQL. No rules about users."""
