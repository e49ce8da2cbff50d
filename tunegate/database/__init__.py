"""How a SQL database is reached: its URL, its pool of connections, and what happens while it is away. Knows no table."""
